#include "replication/read_times.h"

#include <algorithm>

namespace godwit::replication {

void ReadTimes::add(Duration sample) {
  samples_.at(next_) = sample;
  next_ = (next_ + 1) % kMost;
  count_ = std::min(count_ + 1, kMost);
}

Duration ReadTimes::p95() const {
  if (count_ < kEnough) return kUnknown;
  auto sorted = samples_;
  const auto last = sorted.begin() + static_cast<std::ptrdiff_t>(count_);
  const auto rank = sorted.begin() + static_cast<std::ptrdiff_t>((count_ * 95 + 99) / 100 - 1);
  std::nth_element(sorted.begin(), rank, last);
  return std::max(*rank, kLeast);
}

}  // namespace godwit::replication
