#include "api/runner.h"

#include <utility>

#include "api/guard.h"

namespace godwit::api {

Runner::Runner(std::size_t most_calls)
    : tasks_(world_.executor()), stopped_(world_.executor()), most_calls_(most_calls) {
  thread_ = RealThread([this] { world_.run(live()); });
}

Runner::~Runner() {
  const auto stop = [this] {
    stop_ = true;
    stopped_.notify_all();
  };
  (void)thrown_by([&] { asio::post(world_.executor(), stop); });
  thread_.join();
}

asio::awaitable<void> Runner::live() {
  while (!stop_) co_await stopped_.wait();
  co_await tasks_.join();
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
