#pragma once

#include "replication/activity.h"
#include "world/context.h"
#include "world/signal.h"

namespace godwit::replication {

/// Through which every write goes; closed while the primary moves.
/// Concurrency: engine executor.
class Gate {
 public:
  /// Tells `activity` of those who come.
  Gate(World& world, Activity& activity) : activity_(activity), changed_(world.executor()) {}

  /// One write inside; until it is destroyed.
  class Pass {
   public:
    explicit Pass(Gate& gate) : gate_(&gate) { ++gate.inside_; }
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (gate_ != nullptr && --gate_->inside_ == 0) gate_->changed_.notify_all();
    }

   private:
    Gate* gate_;
  };

  /// Waits while the gate is closed. Failure: cancelled, timed_out.
  [[nodiscard]] Task<Pass> enter(const Context& context);
  /// Nobody enters from now on.
  void close() { open_ = false; }
  /// Returns when nobody is inside any more. Every write has a deadline, so this ends.
  [[nodiscard]] asio::awaitable<void> drained();
  void open();
  [[nodiscard]] bool is_open() const { return open_; }

 private:
  Activity& activity_;
  Signal changed_;
  std::size_t inside_ = 0;
  bool open_ = true;
};

}  // namespace godwit::replication
