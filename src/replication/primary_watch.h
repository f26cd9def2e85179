#pragma once

#include "replication/primary_mover.h"

namespace godwit::replication {

/// Watches the primary, and fails over by itself when it is lost.
///
/// It is lost when nothing was heard of it for the whole detection window, neither by a write nor
/// by at least three checks that were begun in it: so a stall of our own process, which delays one
/// check, is not taken for the primary's. A target must answer at that moment, or it is we who are
/// cut off. `cooldown` and `most_per_day` keep a primary that comes and goes from being followed
/// each time.
/// Concurrency: engine executor.
class PrimaryWatch {
 public:
  /// All outlive this.
  PrimaryWatch(Engine& engine, Coordinator& coordinator, PrimaryMover& mover)
      : engine_(engine),
        coordinator_(coordinator),
        mover_(mover),
        tasks_(engine.world.executor()) {}

  void start() { tasks_.spawn(watch()); }
  [[nodiscard]] asio::awaitable<void> stop();

 private:
  static constexpr int kChecks = 3;

  [[nodiscard]] asio::awaitable<void> watch();
  [[nodiscard]] asio::awaitable<void> check();
  [[nodiscard]] bool is_lost() const;
  [[nodiscard]] asio::awaitable<bool> may_fail_over();
  [[nodiscard]] asio::awaitable<void> fail_over();
  [[nodiscard]] asio::awaitable<bool> ask_targets();
  [[nodiscard]] asio::awaitable<bool> answers(Store* store);
  [[nodiscard]] asio::awaitable<bool> claim();
  [[nodiscard]] Context context() const { return context_; }

  Engine& engine_;
  Coordinator& coordinator_;
  PrimaryMover& mover_;
  int failures_ = 0;          ///< checks in a row
  MonoTime first_failure_{};  ///< when the first of them was begun
  CancelSource stop_;
  Context context_ = Context(engine_.world).with_cancel(stop_.token()).with_request_id("watch");
  TaskGroup tasks_;
};

}  // namespace godwit::replication
