#include "version/hybrid_clock.h"

#include <algorithm>

namespace godwit {

HybridTime HybridTime::at(WallTime time) {
  const auto milliseconds =
      std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
  return {static_cast<std::uint64_t>(std::max<std::int64_t>(milliseconds, 0)) << kCounterBits};
}

WallTime HybridTime::wall() const {
  return WallTime(std::chrono::milliseconds(value >> kCounterBits));
}

// One more than the last carries from the counter into the milliseconds by itself.
HybridTime HybridClock::tick(WallTime now) {
  last_ = std::max(HybridTime::at(now), HybridTime{last_.value + 1});
  return last_;
}

Result<void> HybridClock::observe(HybridTime remote, WallTime now) {
  if (remote.wall() > now + max_drift_) {
    return fail(Error(Code::precondition_failed, "a time that is " +
                                                     format_duration(remote.wall() - now) +
                                                     " ahead of this clock; at most " +
                                                     format_duration(max_drift_) + " is believed")
                    .with_hint("set the clocks of both machines, or raise max_clock_drift"));
  }
  last_ = std::max(last_, remote);
  return {};
}

Duration HybridClock::ahead_of(WallTime now) const {
  return std::max<Duration>(last_.wall() - now, Duration::zero());
}

}  // namespace godwit
