#include "api/examination.h"

#include <utility>

namespace godwit::api {

Examination::Examination(const Context& context, Work work)
    : cancel_(context.cancel()),
      context_(context.with_cancel(cancel_.token())),
      work_(std::move(work)),
      sinks_{.finding = [this](Finding finding) { return take(std::move(finding)); },
             .progress =
                 [this](const WorkProgress& progress) {
                   progress_ = progress;
                   changed_.notify_all();
                 }},
      changed_(context.world().executor()),
      task_(context.world().executor()) {}

void Examination::start() { task_.spawn(run()); }

asio::awaitable<void> Examination::run() {
  result_ = co_await work_(context_, sinks_);
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

Task<Examination::News> Examination::next() {
  while (waiting_.empty() && !progress_ && !ended_) co_await changed_.wait();
  News news{.findings = std::exchange(waiting_, {}),
            .progress = std::exchange(progress_, std::nullopt),
            .ended = ended_};
  changed_.notify_all();
  co_return news;
}

asio::awaitable<void> Examination::stop() {
  cancel_.cancel();
  co_await task_.join();
}

}  // namespace godwit::api
