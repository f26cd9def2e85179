#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>

#include "base/result.h"
#include "world/world.h"

namespace godwit::service {

/// Keys that somebody says have changed, each once, until it is looked at. Bounded.
/// Concurrency: any thread.
class ChangeQueue {
 public:
  static constexpr std::size_t kMost = 100'000;

  explicit ChangeQueue(World& world) : world_(world) {}

  /// To be looked at in so long. All or none.
  /// Failure: throttled, with a pause, where there is no room.
  [[nodiscard]] Result<void> offer(std::span<const std::string> keys, Duration in);
  /// The same of one that was taken; it finds room always.
  void put_back(std::string key, Duration in);
  /// Waits for a key whose time has come; nothing once it is stopped.
  [[nodiscard]] std::optional<std::string> take();
  void stop();
  [[nodiscard]] std::size_t size();

 private:
  void add(std::string key, MonoTime at);

  World& world_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<MonoTime, std::string> waiting_;
  std::unordered_set<std::string> keys_;
  bool stopped_ = false;
};

}  // namespace godwit::service
