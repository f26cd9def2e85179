#include "service/body_pipe.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace godwit::service {

void BodyPipe::wake() {
  asio::post(world_.executor(), [weak = weak_from_this()] {
    if (const auto pipe = weak.lock()) pipe->room_.notify_all();
  });
}

asio::awaitable<bool> BodyPipe::push(std::string piece) {
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) co_return false;
      if (pieces_.size() < kMostPieces) {
        pieces_.push_back(std::move(piece));
        changed_.notify_all();
        co_return true;
      }
    }
    // What makes room is told here later: no wake-up is lost.
    co_await room_.wait();
  }
}

void BodyPipe::finish(std::optional<Error> error) {
  const std::lock_guard lock(mutex_);
  finished_ = true;
  error_ = std::move(error);
  changed_.notify_all();
}

Result<std::size_t> BodyPipe::pull(MutableByteSpan into) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !pieces_.empty() || finished_; });
  if (error_) return std::unexpected(*error_);
  if (pieces_.empty()) return 0;
  const std::string& first = pieces_.front();
  const std::size_t count = std::min(into.size(), first.size() - taken_);
  std::memcpy(into.data(), first.data() + taken_, count);
  taken_ += count;
  if (taken_ == first.size()) {
    pieces_.pop_front();
    taken_ = 0;
    wake();
  }
  return count;
}

void BodyPipe::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  wake();
}

}  // namespace godwit::service
