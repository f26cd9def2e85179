#include "replication/activity.h"

#include <algorithm>
#include <utility>

namespace godwit::replication {

void Activity::note() {
  last_ = world_.mono_now();
  if (resting_ == 0) return;
  CancelSource woken = std::exchange(woken_, CancelSource());
  woken.cancel();
}

asio::awaitable<void> Activity::rest(const Context& context, Duration interval, MonoTime latest) {
  const MonoTime now = world_.mono_now();
  if (now - last_ < kIdleAfter || interval >= kSeldom) {
    (void)co_await context.sleep(std::min(until_next(world_, interval), latest - now));
    co_return;
  }
  const CancelScope either(context, woken_.token());
  ++resting_;
  (void)co_await either.context().sleep(std::min(until_next(world_, kSeldom), latest - now));
  --resting_;
}

}  // namespace godwit::replication
