#pragma once

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>

#include "store/object.h"
#include "version/version.h"

namespace godwit::replication {

/// Small objects that were just written, so that they need not be read from the primary to be
/// delivered. Bounded; the oldest go first.
class RecentPuts {
 public:
  struct Put {
    Version version;
    Metadata metadata;  ///< with the version in it
    std::string etag;   ///< at the primary
    std::shared_ptr<const std::string> body;
  };
  static constexpr Bytes kMost = 32 * kMiB;

  void add(const std::string& key, Put put);
  void erase(const std::string& key);
  /// The newest put of the key, if it is at least of this version.
  [[nodiscard]] const Put* find(const std::string& key, const Version& version) const;

 private:
  void make_room();

  std::unordered_map<std::string, Put> puts_;
  std::deque<std::pair<std::string, Version>> order_;
  Bytes bytes_ = 0;
};

}  // namespace godwit::replication
