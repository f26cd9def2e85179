#pragma once

#include <atomic>
#include <boost/asio/post.hpp>
#include <functional>
#include <future>
#include <memory>

#include "base/result.h"
#include "world/context.h"
#include "world/real/event_loop.h"
#include "world/real/real_world.h"
#include "world/signal.h"

namespace godwit::api {

[[nodiscard]] inline std::unexpected<Error> would_wait_for_itself() {
  return fail(Error(Code::precondition_failed, "a call that waits, on the engine's thread")
                  .with_hint("in callbacks use the calls that take a callback"));
}

/// A machine's world on a loop that others may share, and calls that other threads make there.
///
/// Concurrency: any thread, but for what is said otherwise.
class Runner {
 public:
  /// At most `most_calls` are under way at once. Without a loop it has one of its own.
  Runner(std::size_t most_calls, std::shared_ptr<EventLoop> loop);
  Runner(Runner&&) = delete;
  /// No call may be under way. Not on the engine's thread.
  ~Runner();

  [[nodiscard]] World& world() { return world_; }
  [[nodiscard]] bool on_engine_thread() const { return loop_->is_this(); }

  /// What a call does: made on the engine's thread, awaited there. May refer to what is alive until
  /// the call ends.
  template <class T>
  using Work = std::move_only_function<Task<T>()>;
  template <class T>
  using Callback = std::move_only_function<void(Result<T>)>;

  /// Returns what `work` yields. Failure: its own; precondition_failed on the engine's thread, or
  /// when no more calls are taken; limit_exceeded.
  template <class T>
  [[nodiscard]] Result<T> call(Work<T> work);
  /// Calls `callback` on the engine's thread with what `work` yields. It must not throw.
  /// Failure: as `call`, but on the engine's thread too it is fine; then it is not called.
  template <class T>
  [[nodiscard]] Result<void> start(Work<T> work, Callback<T> callback);

  /// From now on `call` and `start` fail. False when that was so already.
  bool refuse_calls() { return accepting_.exchange(false); }
  /// Calls that are under way. 0 stays 0 once calls are refused.
  [[nodiscard]] std::size_t calls() const { return calls_; }
  /// As `call`, also when calls are refused; not counted.
  template <class T>
  [[nodiscard]] Result<T> call_anyway(Work<T> work);

 private:
  /// One call under way. Counted from its making until it is destroyed.
  class Pass {
   public:
    explicit Pass(std::atomic<std::size_t>* count) : count_(count) {}
    Pass(Pass&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (count_ != nullptr) --*count_;
    }

   private:
    std::atomic<std::size_t>* count_;
  };

  [[nodiscard]] Result<Pass> enter();
  static asio::awaitable<void> leave(TaskGroup& tasks, std::promise<void> left);
  void spawn(asio::awaitable<void> work) { tasks_.spawn(std::move(work)); }
  template <class T>
  static asio::awaitable<void> answer(Work<T> work, std::promise<Result<T>> promise);
  template <class T>
  static asio::awaitable<void> call_back(Work<T> work, Callback<T> callback, Pass pass);

  std::shared_ptr<EventLoop> loop_;
  RealWorld world_;
  TaskGroup tasks_;
  std::size_t most_calls_;
  std::atomic<std::size_t> calls_ = 0;
  std::atomic<bool> accepting_ = true;
};

template <class T>
asio::awaitable<void> Runner::answer(Work<T> work, std::promise<Result<T>> promise) {
  Result<T> result = co_await work();
  // What it refers to may be gone once the answer is there.
  work = nullptr;
  promise.set_value(std::move(result));
}

template <class T>
asio::awaitable<void> Runner::call_back(Work<T> work, Callback<T> callback, Pass pass) {
  const Pass until_the_end = std::move(pass);
  Result<T> result = co_await work();
  callback(std::move(result));
  callback = nullptr;
}

template <class T>
Result<T> Runner::call_anyway(Work<T> work) {
  std::promise<Result<T>> promise;
  std::future<Result<T>> result = promise.get_future();
  asio::post(world_.executor(),
             [this, work = std::move(work), promise = std::move(promise)]() mutable {
               spawn(answer<T>(std::move(work), std::move(promise)));
             });
  return result.get();
}

template <class T>
Result<T> Runner::call(Work<T> work) {
  if (on_engine_thread()) return would_wait_for_itself();
  GODWIT_TRY(const Pass pass, enter());
  return call_anyway<T>(std::move(work));
}

template <class T>
Result<void> Runner::start(Work<T> work, Callback<T> callback) {
  GODWIT_TRY(Pass pass, enter());
  asio::post(world_.executor(), [this, work = std::move(work), callback = std::move(callback),
                                 pass = std::move(pass)]() mutable {
    spawn(call_back<T>(std::move(work), std::move(callback), std::move(pass)));
  });
  return {};
}

}  // namespace godwit::api
