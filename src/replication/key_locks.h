#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "world/context.h"
#include "world/signal.h"

namespace godwit::replication {

/// One holder for each key at a time, in the order of arrival.
/// Concurrency: engine executor.
class KeyLocks {
 public:
  explicit KeyLocks(World& world) : world_(world) {}

  /// Held until it is destroyed, which must be before the locks are.
  class Held {
   public:
    Held(KeyLocks& locks, std::string key) : locks_(&locks), key_(std::move(key)) {}
    Held(Held&& other) noexcept
        : locks_(std::exchange(other.locks_, nullptr)), key_(std::move(other.key_)) {}
    Held& operator=(Held&&) = delete;
    ~Held() {
      if (locks_ != nullptr) locks_->release(key_);
    }

   private:
    KeyLocks* locks_;
    std::string key_;
  };

  /// Failure: cancelled, timed_out.
  [[nodiscard]] Task<Held> acquire(const Context& context, const std::string& key);
  [[nodiscard]] bool held(const std::string& key) const { return keys_.contains(key); }

 private:
  struct Line {
    explicit Line(const asio::any_io_executor& executor) : free(executor) {}
    Signal free;
    std::size_t waiting = 0;
    bool held = true;
  };
  void release(const std::string& key);

  World& world_;
  std::unordered_map<std::string, std::unique_ptr<Line>> keys_;
};

}  // namespace godwit::replication
