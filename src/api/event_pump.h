#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>

#include "base/result.h"
#include "godwit/events.h"
#include "godwit/log.h"
#include "world/real/real_thread.h"

namespace godwit::api {

/// Calls handlers of events on a thread of its own, one event after the other.
/// Concurrency: any thread. The thread begins with the first handler.
class EventPump {
 public:
  /// Events that wait for slow handlers; beyond, the oldest are dropped.
  static constexpr std::size_t kMostWaiting = 10'000;

  /// `log` outlives this.
  explicit EventPump(LogSink& log) : log_(log) {}
  EventPump(EventPump&&) = delete;
  ~EventPump();

  /// Failure: precondition_failed once stopped.
  [[nodiscard]] Result<std::uint64_t> add(EventHandler handler);
  /// It is not called any more when this returns; from within it, after this call of it.
  void remove(std::uint64_t handler);
  /// Does not wait for handlers.
  void push(const Event& event);
  /// Ends after the event that is being handled; those that wait are dropped.
  void stop();

  [[nodiscard]] std::uint64_t errors() const { return errors_; }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  void run();
  void handle(const Event& event, std::unique_lock<std::mutex>& lock);
  void call(const EventHandler& handler, const Event& event);

  LogSink& log_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Event> waiting_;
  std::map<std::uint64_t, std::shared_ptr<EventHandler>> handlers_;
  std::uint64_t last_ = 0;
  std::uint64_t running_ = 0;  // the handler that is being called
  bool started_ = false;
  bool stopped_ = false;
  std::atomic<std::uint64_t> errors_ = 0;
  std::atomic<std::uint64_t> dropped_ = 0;
  RealThread thread_;
};

}  // namespace godwit::api
