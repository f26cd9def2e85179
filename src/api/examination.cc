#include "api/examination.h"

#include <utility>

namespace godwit::api {

Examination::Examination(const Context& context, Work work)
    : cancel_(context.cancel()),
      context_(context.with_cancel(cancel_.token())),
      work_(std::move(work)),
      sink_([this](Finding finding) { return take(std::move(finding)); }),
      changed_(context.world().executor()),
      task_(context.world().executor()) {}

void Examination::start() { task_.spawn(run()); }

asio::awaitable<void> Examination::run() {
  result_ = co_await work_(context_, sink_);
  ended_ = true;
  changed_.notify_all();
}

Task<void> Examination::take(Finding finding) {
  const auto registration = context_.cancel().on_cancel([this] { changed_.notify_all(); });
  while (waiting_.size() >= kMostWaiting) {
    GODWIT_CO_CHECK(context_.check());
    co_await changed_.wait();
  }
  waiting_.push_back(std::move(finding));
  changed_.notify_all();
  co_return Result<void>();
}

Task<std::vector<Finding>> Examination::next() {
  while (waiting_.empty() && !ended_) co_await changed_.wait();
  std::vector<Finding> found = std::exchange(waiting_, {});
  changed_.notify_all();
  co_return found;
}

asio::awaitable<void> Examination::stop() {
  cancel_.cancel();
  co_await task_.join();
}

}  // namespace godwit::api
