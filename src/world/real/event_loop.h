#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "godwit/event_loop.h"
#include "world/real/real_thread.h"

namespace godwit {

/// Concurrency: any thread.
class EventLoop {
 public:
  EventLoop();
  EventLoop(EventLoop&&) = delete;
  /// The worlds that had it are gone. Not from within it.
  ~EventLoop();

  [[nodiscard]] boost::asio::io_context& io() { return io_; }
  /// Whether the caller is its thread.
  [[nodiscard]] bool is_this() const { return thread_.is_this(); }

 private:
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> alive_;
  RealThread thread_;
};

}  // namespace godwit
