#include "replication/last_seen.h"

#include "replication/versioned.h"

namespace godwit::replication {

void LastSeen::wrote(const std::string& key, const Version& version, std::string etag) {
  note(key, {.present = true, .version = version, .etag = std::move(etag)});
}

void LastSeen::saw(const std::string& key, const ObjectInfo& there) {
  note(key, {.present = true, .etag = there.etag, .size = there.size, .modified = there.modified});
}

void LastSeen::gone(const std::string& key) { note(key, {}); }

void LastSeen::clear() {
  sights_.clear();
  order_.clear();
}

bool LastSeen::knows(const std::string& key, const std::optional<ObjectInfo>& there) const {
  const auto found = sights_.find(key);
  if (found == sights_.end()) return false;
  const Sight& sight = found->second;
  if (!there || !sight.present) return !there && !sight.present;
  if (sight.version) {
    const bool ours = carries_version(*there) && version_of(*there) == *sight.version;
    return ours && !sight.etag.empty() && there->etag == sight.etag;
  }
  // The time too: between two objects of the same bytes there may have been another one.
  return there->etag == sight.etag && there->size == sight.size &&
         there->modified == sight.modified;
}

void LastSeen::note(const std::string& key, Sight sight) {
  sight.number = ++last_;
  order_.emplace_back(key, sight.number);
  sights_[key] = std::move(sight);
  while (order_.size() > kMost) {
    const auto& [oldest, number] = order_.front();
    const auto found = sights_.find(oldest);
    if (found != sights_.end() && found->second.number == number) sights_.erase(found);
    order_.pop_front();
  }
}

}  // namespace godwit::replication
