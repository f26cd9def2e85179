#include "transfer/slots.h"

#include <algorithm>

namespace godwit::transfer {
namespace {

using namespace std::chrono_literals;

constexpr Duration kShortestWindow = 150ms;
/// An object's fixed cost, in bytes that could have moved meanwhile.
constexpr double kObjectWork = 64.0 * kKiB;
constexpr double kWorthwhile = 1.05;
constexpr std::size_t kRestWindows = 12;
constexpr std::size_t kRestAfterThrottle = 24;

SlotBounds bounds_of(std::optional<std::size_t> fixed) {
  if (!fixed) return {.least = 1, .most = Slots::kMost};
  const std::size_t limit = std::max<std::size_t>(1, *fixed);
  return {.least = limit, .most = limit};
}

}  // namespace

Slots::Slots(World& world, std::optional<std::size_t> fixed) : Slots(world, bounds_of(fixed)) {
  if (!fixed) limit_ = before_climb_ = kFirst;
}

Slots::Slots(World& world, SlotBounds bounds)
    : world_(world),
      free_(world.executor()),
      bounds_(bounds),
      limit_(bounds.least),
      window_start_(world.mono_now()),
      before_climb_(limit_) {}

void Slots::bound(SlotBounds bounds) {
  bounds_ = bounds;
  limit_ = std::clamp(limit_, bounds.least, bounds.most);
  before_climb_ = limit_;
  best_ = 0;
  rest_windows_ = 0;
  for (std::size_t i = used_; i < limit_; ++i) free_.notify_one();
}

bool Slots::try_acquire() {
  if (used_ >= limit_) return false;
  ++used_;
  return true;
}

asio::awaitable<void> Slots::acquire() {
  while (!try_acquire()) co_await free_.wait();
}

void Slots::release(Ended ended, Bytes bytes) {
  if (bounds_.least < bounds_.most) {
    if (ended == Ended::throttled) {
      back_off();
    } else if (ended == Ended::well) {
      observe(bytes);
    }
  }
  --used_;
  for (std::size_t i = used_; i < limit_; ++i) free_.notify_one();
}

void Slots::observe(Bytes bytes) {
  window_work_ += static_cast<double>(bytes) + kObjectWork;
  ++window_count_;
  if (window_count_ < 2 * limit_) return;
  const Duration elapsed = world_.mono_now() - window_start_;
  if (elapsed < kShortestWindow) return;
  // A window in which slots stood empty says nothing about the limit.
  const bool busy = used_ + 1 >= limit_;
  if (busy) close_window(window_work_ / std::chrono::duration<double>(elapsed).count());
  window_start_ = world_.mono_now();
  window_count_ = 0;
  window_work_ = 0;
}

void Slots::close_window(double work_per_second) {
  if (rest_windows_ > 0) {
    best_ = 0.8 * best_ + 0.2 * work_per_second;
    if (--rest_windows_ > 0) return;
  } else if (work_per_second < best_ * kWorthwhile) {
    limit_ = std::max(bounds_.least, before_climb_);
    rest_windows_ = kRestWindows;
    return;
  }
  best_ = std::max(best_, work_per_second);
  before_climb_ = limit_;
  limit_ = std::min(bounds_.most, limit_ + std::max<std::size_t>(1, limit_ / 2));
}

void Slots::back_off() {
  limit_ = std::max(bounds_.least, limit_ / 2);
  before_climb_ = limit_;
  best_ = 0;
  rest_windows_ = kRestAfterThrottle;
}

}  // namespace godwit::transfer
