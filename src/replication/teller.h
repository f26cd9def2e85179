#pragma once

#include <functional>

#include "world/context.h"
#include "world/signal.h"

namespace godwit::replication {

/// Has something told a few times a second, from its making until it is stopped, and then once
/// more. Without anybody to tell it does nothing at all.
/// Concurrency: engine executor.
class Teller {
 public:
  static constexpr Duration kInterval = std::chrono::milliseconds(250);

  Teller(World& world, std::function<void()> tell);
  Teller(Teller&&) = delete;

  /// Before this is destroyed.
  [[nodiscard]] asio::awaitable<void> stop();

 private:
  [[nodiscard]] asio::awaitable<void> tell_now_and_then();

  World& world_;
  std::function<void()> tell_;
  CancelSource stop_;
  TaskGroup task_;
};

}  // namespace godwit::replication
