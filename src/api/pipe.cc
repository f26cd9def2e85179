#include "api/pipe.h"

#include <boost/asio/post.hpp>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace godwit::api {
namespace {

constexpr std::size_t kPiece = 256 * kKiB;

}  // namespace

struct Pipe::State {
  std::mutex mutex;
  std::condition_variable demand;
  bool wanted = false;
  bool closed = false;
  std::string piece = std::string(kPiece, '\0');  // the source's while it is wanted
  // Engine thread.
  std::optional<Result<std::size_t>> answer;
  CancelSource answered;

  [[nodiscard]] bool wait_for_demand() {
    std::unique_lock lock(mutex);
    demand.wait(lock, [this] { return wanted || closed; });
    wanted = false;
    return !closed;
  }
  void want() {
    answer.reset();
    answered = CancelSource();
    {
      const std::scoped_lock lock(mutex);
      wanted = true;
    }
    demand.notify_one();
  }
  void take(Result<std::size_t> size) {
    answer = std::move(size);
    answered.cancel();
  }
};

class Pipe::Reader final : public Body {
 public:
  Reader(std::shared_ptr<State> state, Context context)
      : state_(std::move(state)), context_(std::move(context)) {}

  Task<std::size_t> read(MutableByteSpan into) override {
    if (position_ == size_) {
      GODWIT_CO_TRY(size_, co_await fill());
      position_ = 0;
    }
    const std::size_t count = std::min(into.size(), size_ - position_);
    std::memcpy(into.data(), state_->piece.data() + position_, count);
    position_ += count;
    co_return count;
  }

 private:
  Task<std::size_t> fill() {
    state_->want();
    while (!state_->answer) {
      GODWIT_CO_CHECK(context_.check());
      const CancelScope either(context_, state_->answered.token());
      (void)co_await context_.world().sleep_until(context_.deadline(), either.context().cancel());
    }
    co_return *std::exchange(state_->answer, std::nullopt);
  }

  std::shared_ptr<State> state_;
  Context context_;
  std::size_t position_ = 0;
  std::size_t size_ = 0;
};

Pipe::Pipe() : state_(std::make_shared<State>()) {}

std::unique_ptr<Body> Pipe::body(const Context& context) const {
  return std::make_unique<Reader>(state_, context);
}

void Pipe::serve(const Source& source, const asio::any_io_executor& engine) const {
  const auto answer = [&](Result<std::size_t> size) {
    asio::post(engine, [state = state_, size = std::move(size)]() mutable {
      state->take(std::move(size));
    });
  };
  while (state_->wait_for_demand()) {
    try {
      const auto room = std::as_writable_bytes(std::span(state_->piece));
      Result<std::size_t> size = source(room);
      if (size && *size > room.size()) {
        size = fail(Code::invalid_argument, "the source says that it gave more than there is room");
      }
      answer(std::move(size));
    } catch (...) {
      answer(fail(Code::cancelled, "the source of the body threw"));
      throw;
    }
  }
}

void Pipe::close() const {
  {
    const std::scoped_lock lock(state_->mutex);
    state_->closed = true;
  }
  state_->demand.notify_one();
}

}  // namespace godwit::api
