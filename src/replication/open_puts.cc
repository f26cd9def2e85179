#include "replication/open_puts.h"

#include <utility>

namespace godwit::replication {

OpenPuts::Place::Place(OpenPuts& puts, std::string key, Version version)
    : puts_(puts), key_(std::move(key)), version_(std::move(version)) {
  puts_.places_.emplace(key_, this);
}

OpenPuts::Place::~Place() {
  std::erase_if(puts_.places_, [this](const auto& place) { return place.second == this; });
}

void OpenPuts::committed(const std::string& key, const Version& version) {
  const auto [first, last] = places_.equal_range(key);
  for (auto place = first; place != last; ++place) {
    Place& open = *place->second;
    if (open.version_ < version) open.superseded_ = true;
  }
}

}  // namespace godwit::replication
