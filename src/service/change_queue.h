#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>

#include "base/result.h"
#include "world/world.h"

namespace godwit::service {

/// What becomes of a key that is looked at and shows nothing new.
enum class Look : std::uint8_t {
  once_more,  ///< it is looked at again: it may not be so yet
  last
};

/// A key that somebody says has changed.
struct Change {
  std::string key;
  Look look = Look::last;
};

/// Keys that somebody says have changed, each once, until it is looked at. Bounded.
/// Concurrency: any thread.
class ChangeQueue {
 public:
  static constexpr std::size_t kMost = 100'000;
  /// While so many wait, none is kept for another look: in a flood those that are yet to be looked
  /// at go first.
  static constexpr std::size_t kFlood = kMost / 2;

  explicit ChangeQueue(World& world) : world_(world) {}

  /// To be looked at in so long; one that waits already, as soon as either says. All or none.
  /// Failure: throttled, with a pause, where there is no room.
  [[nodiscard]] Result<void> offer(std::span<const std::string> keys, Duration in, Look look);
  /// The same of one that was taken; it finds room always.
  void put_back(Change change, Duration in);
  /// Waits for a key whose time has come; nothing once it is stopped.
  [[nodiscard]] std::optional<Change> take();
  void stop();
  [[nodiscard]] std::size_t size();

 private:
  using Waiting = std::multimap<MonoTime, Change>;

  void add(Change change, MonoTime at);

  World& world_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Waiting waiting_;
  std::unordered_map<std::string, Waiting::iterator> keys_;
  bool stopped_ = false;
};

}  // namespace godwit::service
