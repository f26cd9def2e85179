#include "world/real/event_loop.h"

namespace godwit {

EventLoop::EventLoop()
    : io_(1), alive_(boost::asio::make_work_guard(io_)), thread_([this] { io_.run(); }) {}

EventLoop::~EventLoop() {
  io_.stop();
  thread_.join();
}

std::shared_ptr<EventLoop> make_event_loop() { return std::make_shared<EventLoop>(); }

}  // namespace godwit
