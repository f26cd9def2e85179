#include "api/event_pump.h"

#include <string>
#include <utility>

#include "api/guard.h"

namespace godwit::api {

EventPump::~EventPump() {
  stop();
  thread_.join();
}

Result<std::uint64_t> EventPump::add(EventHandler handler) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return fail(Code::precondition_failed, "the store is closed");
  handlers_[++last_] = std::make_shared<EventHandler>(std::move(handler));
  if (!started_) thread_ = RealThread([this] { run(); });
  started_ = true;
  return last_;
}

void EventPump::remove(std::uint64_t handler) {
  std::unique_lock lock(mutex_);
  handlers_.erase(handler);
  if (thread_.is_this()) return;
  changed_.wait(lock, [&] { return running_ != handler; });
}

void EventPump::push(const Event& event) {
  const std::lock_guard lock(mutex_);
  if (handlers_.empty() || stopped_) return;
  if (waiting_.size() == kMostWaiting) {
    waiting_.pop_front();
    ++dropped_;
  }
  waiting_.push_back(event);
  changed_.notify_all();
}

void EventPump::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  waiting_.clear();
  changed_.notify_all();
}

void EventPump::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopped_ || !waiting_.empty(); });
    if (stopped_) return;
    const Event event = std::move(waiting_.front());
    waiting_.pop_front();
    handle(event, lock);
  }
}

void EventPump::handle(const Event& event, std::unique_lock<std::mutex>& lock) {
  // Handlers come and go meanwhile.
  for (auto next = handlers_.begin(); next != handlers_.end();
       next = handlers_.upper_bound(running_)) {
    running_ = next->first;
    const auto handler = next->second;
    lock.unlock();
    call(*handler, event);
    lock.lock();
    changed_.notify_all();
  }
  running_ = 0;
  changed_.notify_all();
}

void EventPump::call(const EventHandler& handler, const Event& event) {
  const auto thrown = thrown_by([&] { handler(event); });
  if (!thrown) return;
  ++errors_;
  log_.write(LogLevel::error, "a handler of events threw",
             {{"event", std::string(to_string(event.type))}, {"what", *thrown}});
}

}  // namespace godwit::api
