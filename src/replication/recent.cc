#include "replication/recent.h"

#include <utility>

namespace godwit::replication {

void RecentPuts::add(const std::string& key, Put put) {
  erase(key);
  bytes_ += put.body->size() + key.size();
  order_.emplace_back(key, put.version);
  puts_[key] = std::move(put);
  make_room();
}

void RecentPuts::erase(const std::string& key) {
  const auto found = puts_.find(key);
  if (found == puts_.end()) return;
  bytes_ -= found->second.body->size() + key.size();
  puts_.erase(found);
}

const RecentPuts::Put* RecentPuts::find(const std::string& key, const Version& version) const {
  const auto found = puts_.find(key);
  if (found == puts_.end() || found->second.version < version) return nullptr;
  return &found->second;
}

void RecentPuts::make_room() {
  // Bounded in number too: of tiny objects the names weigh more than the bodies.
  constexpr std::size_t kMostNames = 65'536;
  while (bytes_ > kMost || order_.size() > kMostNames) {
    const auto [key, version] = std::move(order_.front());
    order_.pop_front();
    const auto found = puts_.find(key);
    if (found != puts_.end() && found->second.version == version) erase(key);
  }
}

}  // namespace godwit::replication
