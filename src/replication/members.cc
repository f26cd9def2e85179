#include "replication/members.h"

#include <bit>
#include <limits>

namespace godwit::replication {

void Detector::success() {
  failures_ = 0;
  ++successes_;
  const bool well = health_ != Health::unhealthy || successes_ >= kSuccesses;
  if (well) health_ = Health::healthy;
}

void Detector::failure() {
  successes_ = 0;
  ++failures_;
  if (failures_ >= kFailures) {
    health_ = Health::unhealthy;
  } else if (health_ != Health::unhealthy) {
    health_ = Health::degraded;
  }
}

void RoundTrip::add(Duration sample) {
  constexpr int kShare = 8;
  smoothed_ = smoothed_ == Duration::zero() ? sample : smoothed_ + (sample - smoothed_) / kShare;
}

int RoundTrip::distance() const {
  if (smoothed_ == Duration::zero()) return std::numeric_limits<int>::max();
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(smoothed_).count();
  return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(micros)));
}

}  // namespace godwit::replication
