#include "journal/payloads.h"

#include <algorithm>

namespace godwit::journal {

bool Payloads::add(const std::string& key, const Version& version, Bytes size) {
  if (bytes_ + std::max(size, kLeast) > limit_) {
    ++left_out_;
    return false;
  }
  recover(key, version, size);
  return true;
}

void Payloads::recover(const std::string& key, const Version& version, Bytes size) {
  const Bytes counts = std::max(size, kLeast);
  kept_[key].push_back({.version = version, .size = counts});
  bytes_ += counts;
}

void Payloads::drop(const std::string& key, const Version& version) {
  const auto found = kept_.find(key);
  if (found == kept_.end()) return;
  std::erase_if(found->second, [&](const Kept& kept) {
    if (kept.version != version) return false;
    bytes_ -= kept.size;
    return true;
  });
  if (found->second.empty()) kept_.erase(found);
}

bool Payloads::has(const std::string& key, const Version& version) const {
  const auto found = kept_.find(key);
  return found != kept_.end() && std::ranges::any_of(found->second, [&](const Kept& kept) {
           return kept.version == version;
         });
}

std::vector<Version> Payloads::versions(const std::string& key) const {
  std::vector<Version> versions;
  const auto found = kept_.find(key);
  if (found == kept_.end()) return versions;
  for (const Kept& kept : found->second) versions.push_back(kept.version);
  return versions;
}

void Payloads::look_at(const std::string& key) {
  if (kept_.contains(key)) to_look_.insert(key);
}

void Payloads::look_at_all() {
  for (const auto& [key, kept] : kept_) to_look_.insert(key);
}

std::vector<std::string> Payloads::take_to_look(std::size_t most) {
  std::vector<std::string> keys;
  while (!to_look_.empty() && keys.size() < most) {
    keys.push_back(std::move(to_look_.extract(to_look_.begin()).value()));
  }
  return keys;
}

}  // namespace godwit::journal
