#include "api/runner.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "api/guard.h"

namespace godwit::api {

Runner::Runner(std::size_t most_calls, std::shared_ptr<EventLoop> loop)
    : loop_(loop ? std::move(loop) : make_event_loop()),
      world_({.loop = loop_}),
      tasks_(world_.executor()),
      most_calls_(most_calls) {}

Runner::~Runner() {
  (void)thrown_by([this] {
    std::promise<void> promise;
    const std::future<void> left = promise.get_future();
    asio::co_spawn(world_.executor(), leave(tasks_, std::move(promise)), asio::detached);
    left.wait();
  });
}

/// Nothing of the runner is touched once `left` has its value.
asio::awaitable<void> Runner::leave(TaskGroup& tasks, std::promise<void> left) {
  co_await tasks.join();
  left.set_value();
}

Result<Runner::Pass> Runner::enter() {
  // Counted first: who refuses calls and then counts them sees all that were let in.
  if (++calls_ > most_calls_) {
    --calls_;
    return fail(Error(Code::limit_exceeded,
                      std::to_string(most_calls_) + " calls are under way: no more at once")
                    .with_hint("wait for some to end, or raise max_pending_calls"));
  }
  Pass pass(&calls_);
  if (accepting_) return pass;
  return fail(Code::precondition_failed, "the store is closed");
}

}  // namespace godwit::api
