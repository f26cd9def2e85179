#pragma once

#include <chrono>

#include "base/duration.h"

namespace godwit {

/// A clock that only moves forward. What deadlines and rates are measured by.
struct MonoClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonoClock>;
  static constexpr bool is_steady = true;
};
using MonoTime = MonoClock::time_point;

inline constexpr MonoTime kNoDeadline = MonoTime::max();

}  // namespace godwit
