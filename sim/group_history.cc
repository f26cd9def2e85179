#include "sim/group_history.h"

namespace godwit::sim {

ClientWrite& GroupHistory::begin(const std::string& key, bool removes) {
  const std::uint64_t number = ++last_;
  return writes_[key][number] = {.number = number, .removes = removes};
}

std::string GroupHistory::body_of(const std::string& key, std::uint64_t number) {
  return key + "#" + std::to_string(number);
}

std::uint64_t GroupHistory::newest(const std::string& key) const {
  const auto found = writes_.find(key);
  return found == writes_.end() || found->second.empty() ? 0 : found->second.rbegin()->first;
}

std::uint64_t GroupHistory::acknowledged(const std::string& key) const {
  const auto found = writes_.find(key);
  if (found == writes_.end()) return 0;
  const ClientWrite* newest = nullptr;
  for (const auto& [number, write] : found->second) {
    if (!write.acknowledged) continue;
    if (newest == nullptr || *newest->acknowledged < *write.acknowledged) newest = &write;
  }
  return newest == nullptr ? 0 : newest->number;
}

std::optional<godwit::Version> GroupHistory::newest_acknowledged(const std::string& key) const {
  const std::uint64_t number = acknowledged(key);
  return number == 0 ? std::nullopt : writes_.at(key).at(number).acknowledged;
}

std::optional<std::string> GroupHistory::judge(const std::string& key,
                                               const std::optional<std::string>& body,
                                               std::uint64_t since) const {
  const auto found = writes_.find(key);
  if (found == writes_.end()) {
    if (!body) return std::nullopt;
    return key + " was never written";
  }
  if (!body && since == 0) return std::nullopt;
  for (const auto& [number, write] : found->second) {
    const bool shown = body ? !write.removes && *body == body_of(key, number) : write.removes;
    if (shown && may_stand(key, write, since)) return std::nullopt;
  }
  return key + " is " + body.value_or("absent") + ", which is older than write " +
         std::to_string(since) + ", which was acknowledged";
}

/// Whether `write` may be the state of the key after write `since` was acknowledged: it is that
/// one or a later one, or of those whose end nobody knows one that did not end before it began.
bool GroupHistory::may_stand(const std::string& key, const ClientWrite& write,
                             std::uint64_t since) const {
  if (write.failed) return false;
  if (since == 0 || write.number == since) return true;
  const ClientWrite& last = writes_.at(key).at(since);
  if (write.acknowledged) return *write.acknowledged > *last.acknowledged;
  return write.ended == 0 || write.ended >= since;
}

const ClientWrite* GroupHistory::acknowledged_with(const std::string& key,
                                                   const std::string& body) const {
  for (const auto& [number, write] : writes_.at(key)) {
    if (write.acknowledged && !write.removes && body_of(key, number) == body) return &write;
  }
  return nullptr;
}

std::uint64_t GroupHistory::in_full(const std::string& key, const godwit::Version& version) const {
  const auto found = writes_.find(key);
  if (found == writes_.end()) return 0;
  for (const auto& [number, write] : found->second) {
    if (write.in_full && write.acknowledged == version) return number;
  }
  return 0;
}

std::vector<std::string> GroupHistory::keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, writes] : writes_) keys.push_back(key);
  return keys;
}

}  // namespace godwit::sim
