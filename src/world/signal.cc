#include "world/signal.h"

#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cassert>
#include <exception>
#include <utility>

namespace godwit {

Signal::Signal(asio::any_io_executor executor) : executor_(std::move(executor)) {}

Signal::~Signal() { assert(waiters_.empty()); }

asio::awaitable<void> Signal::wait() {
  auto start = [](auto handler, Signal* signal) {
    signal->waiters_.emplace_back(
        [handler = std::move(handler)]() mutable { std::move(handler)(); });
  };
  co_await asio::async_initiate<decltype(asio::use_awaitable), void()>(std::move(start),
                                                                       asio::use_awaitable, this);
}

void Signal::notify_one() {
  if (waiters_.empty()) return;
  asio::post(executor_, std::move(waiters_.front()));
  waiters_.pop_front();
}

void Signal::notify_all() {
  while (!waiters_.empty()) notify_one();
}

TaskGroup::TaskGroup(asio::any_io_executor executor)
    : executor_(std::move(executor)), idle_(executor_) {}

TaskGroup::~TaskGroup() { assert(running_ == 0); }

void TaskGroup::spawn(asio::awaitable<void> work) {
  ++running_;
  asio::co_spawn(executor_, std::move(work), [this](const std::exception_ptr& bug) {
    if (bug) std::rethrow_exception(bug);
    if (--running_ == 0) idle_.notify_all();
  });
}

asio::awaitable<void> TaskGroup::join() {
  while (running_ != 0) co_await idle_.wait();
}

}  // namespace godwit
