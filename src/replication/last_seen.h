#pragma once

#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "store/object.h"
#include "version/version.h"

namespace godwit::replication {

/// How keys of the primary stood when we last wrote or looked, so that what is told of them again
/// is no news. Up to a limit; the oldest go first, and cost a look more.
/// Concurrency: engine executor.
class LastSeen {
 public:
  static constexpr std::size_t kMost = 16'384;

  /// We have put `version` there; `etag` is its token, or "".
  void wrote(const std::string& key, const Version& version, std::string etag);
  /// The primary holds what others have put there.
  void saw(const std::string& key, const ObjectInfo& there);
  /// It holds nothing.
  void gone(const std::string& key);
  /// The primary is another one.
  void clear();

  /// Whether what is there is what was last written or seen.
  [[nodiscard]] bool knows(const std::string& key, const std::optional<ObjectInfo>& there) const;

 private:
  struct Sight {
    std::uint64_t number = 0;
    bool present = false;
    std::optional<Version> version;  ///< of ours; nothing: others put it there
    std::string etag;
    Bytes size = 0;
    WallTime modified{};
  };
  void note(const std::string& key, Sight sight);

  std::unordered_map<std::string, Sight> sights_;
  std::deque<std::pair<std::string, std::uint64_t>> order_;
  std::uint64_t last_ = 0;
};

}  // namespace godwit::replication
