#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>

#include "world/task.h"

namespace godwit {

/// A condition variable for coroutines of one executor: wait in a loop that tests the condition.
/// Concurrency: engine executor only, so there is no lost wake-up between the test and `wait`.
class Signal {
 public:
  explicit Signal(asio::any_io_executor executor);
  Signal(Signal&&) = delete;
  ~Signal();

  /// Returns after the next notify that reaches this waiter.
  [[nodiscard]] asio::awaitable<void> wait();
  /// Wakes the waiter that has waited longest. The waiter runs later, not inside this call.
  void notify_one();
  void notify_all();

 private:
  asio::any_io_executor executor_;
  std::deque<std::move_only_function<void()>> waiters_;
};

/// The owner of coroutines that run side by side: every spawn is joined.
///
/// Destroy it only after `join` has returned (asserted): nothing here is ever detached.
class TaskGroup {
 public:
  explicit TaskGroup(asio::any_io_executor executor);
  TaskGroup(TaskGroup&&) = delete;
  ~TaskGroup();

  /// Starts `work` on the executor; called from there, `work` runs up to its first wait, or to its
  /// end, inside this call. It must hold its arguments by value, or refer to what outlives `join`.
  /// An exception that escapes it is a bug: it ends the process.
  void spawn(asio::awaitable<void> work);
  /// Returns when all that was spawned, also meanwhile, has ended.
  [[nodiscard]] asio::awaitable<void> join();
  [[nodiscard]] std::size_t running() const { return running_; }

 private:
  asio::any_io_executor executor_;
  Signal idle_;
  std::size_t running_ = 0;
};

}  // namespace godwit
