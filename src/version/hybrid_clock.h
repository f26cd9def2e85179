#pragma once

#include "base/duration.h"
#include "base/result.h"
#include "godwit/version.h"
#include "world/time.h"

namespace godwit {

/// A hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014).
///
/// Each `tick` is later than every one before it and than everything observed, whatever the
/// wall clock does meanwhile. It stays within `max_drift` of the furthest wall clock that was
/// believed, since times further ahead are refused: one bad clock must not win for ever.
/// Restarts: begin with the bound that was made durable before the stop. Who owns the clock makes
/// a bound durable before it lets a tick above the last one out; see `tick`.
/// Concurrency: one executor.
class HybridClock {
 public:
  /// Ticks come after `floor`: the durable bound of the process before.
  HybridClock(Duration max_drift, HybridTime floor) : max_drift_(max_drift), last_(floor) {}

  /// The next moment. Compare it with the durable bound before it is shown to anyone.
  [[nodiscard]] HybridTime tick(WallTime now);
  /// Takes in a moment of another clock, so that later ticks come after it.
  /// Failure: precondition_failed when it is more than `max_drift` ahead of `now`.
  [[nodiscard]] Result<void> observe(HybridTime remote, WallTime now);
  [[nodiscard]] HybridTime last() const { return last_; }
  /// How far the clock runs ahead of `now`: large when the wall clock was set back.
  [[nodiscard]] Duration ahead_of(WallTime now) const;

 private:
  Duration max_drift_;
  HybridTime last_;
};

}  // namespace godwit
