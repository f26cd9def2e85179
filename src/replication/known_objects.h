#pragma once

#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "transfer/copy.h"
#include "version/version.h"

namespace godwit::replication {

/// What a target should hold of keys, so that a delivery can make that its condition instead of
/// looking first: one request, and one way there and back, instead of two.
///
/// What we put there last is remembered, up to a limit, the oldest go first. Of other keys the
/// guess is that there is nothing. A wrong one has sent a body in vain; so after it the next keys
/// are looked at, the more of them the more often it was wrong: however many keys are there
/// already, about one body in a hundred is sent in vain. Concurrency: engine executor.
class KnownObjects {
 public:
  static constexpr std::size_t kMost = 10'000;

  /// Nothing: look. So for what may be there already in this version.
  [[nodiscard]] std::optional<transfer::Precondition> expect(const std::string& key,
                                                             const Version& version);
  /// There was nothing, as it was guessed.
  void was_right() { pause_ -= pause_ / kForgiving; }
  /// The target holds something else.
  void was_wrong(const std::string& key);
  void put(const std::string& key, const Version& version, std::string etag);
  void removed(const std::string& key) { objects_.erase(key); }
  /// We have put an older version there, and nothing since.
  [[nodiscard]] bool has_older(const std::string& key, const Version& version) const {
    const auto found = objects_.find(key);
    return found != objects_.end() && found->second.version < version;
  }

 private:
  static constexpr double kLeastPause = 16;
  static constexpr double kLongestPause = 1024;
  /// A wrong guess doubles the pause; so many right ones after another undo that about twice.
  static constexpr double kForgiving = 128;

  struct Object {
    Version version;
    std::string etag;
  };
  std::unordered_map<std::string, Object> objects_;
  std::deque<std::pair<std::string, Version>> order_;
  double pause_ = 0;       // keys that are looked at after a wrong guess
  std::size_t looks_ = 0;  // of those, how many are left
};

}  // namespace godwit::replication
