#include "replication/known_objects.h"

#include <algorithm>

namespace godwit::replication {

using transfer::Precondition;

std::optional<Precondition> KnownObjects::expect(const std::string& key, const Version& version) {
  const auto found = objects_.find(key);
  if (found != objects_.end()) {
    if (found->second.version >= version) return std::nullopt;
    return Precondition{.condition = Condition::matches, .etag = found->second.etag};
  }
  if (looks_ == 0) return Precondition{.condition = Condition::absent, .etag = {}};
  --looks_;
  return std::nullopt;
}

void KnownObjects::was_wrong(const std::string& key) {
  if (objects_.erase(key) > 0) return;
  pause_ = std::clamp(2 * pause_, kLeastPause, kLongestPause);
  looks_ = static_cast<std::size_t>(pause_);
}

void KnownObjects::put(const std::string& key, const Version& version, std::string etag) {
  objects_[key] = {.version = version, .etag = std::move(etag)};
  order_.emplace_back(key, version);
  while (order_.size() > kMost) {
    const auto& [oldest, of] = order_.front();
    const auto found = objects_.find(oldest);
    if (found != objects_.end() && found->second.version == of) objects_.erase(found);
    order_.pop_front();
  }
}

}  // namespace godwit::replication
