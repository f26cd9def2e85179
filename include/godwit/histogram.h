#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "godwit/units.h"

namespace godwit {

/// How many durations fell into each of some ranges, so that percentiles can be told. Exact to a
/// range; adding costs a search among 18 numbers.
class DurationHistogram {
 public:
  /// The upper ends of the ranges, inclusive. Longer ones are in one range more.
  static constexpr std::array<Duration, 18> kBounds = {
      std::chrono::microseconds(1000), std::chrono::microseconds(2500),
      std::chrono::milliseconds(5),    std::chrono::milliseconds(10),
      std::chrono::milliseconds(25),   std::chrono::milliseconds(50),
      std::chrono::milliseconds(100),  std::chrono::milliseconds(250),
      std::chrono::milliseconds(500),  std::chrono::milliseconds(1000),
      std::chrono::milliseconds(2500), std::chrono::seconds(5),
      std::chrono::seconds(10),        std::chrono::seconds(30),
      std::chrono::seconds(60),        std::chrono::minutes(5),
      std::chrono::minutes(15),        std::chrono::hours(1)};
  using Counts = std::array<std::uint64_t, kBounds.size() + 1>;

  void add(Duration duration) {
    const auto range = std::ranges::lower_bound(kBounds, duration);
    counts_[static_cast<std::size_t>(range - kBounds.begin())] += 1;
    count_ += 1;
    sum_ += duration;
  }
  DurationHistogram& operator+=(const DurationHistogram& other) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    count_ += other.count_;
    sum_ += other.sum_;
    return *this;
  }

  [[nodiscard]] const Counts& counts() const { return counts_; }  ///< of each range
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] Duration sum() const { return sum_; }
  [[nodiscard]] Duration mean() const {
    return count_ == 0 ? Duration::zero() : sum_ / static_cast<Duration::rep>(count_);
  }
  /// At most so long are that share of them (0.99: 99 of 100), taking those of a range for evenly
  /// spread over it; of the last range its lower end. 0 when there is none.
  [[nodiscard]] Duration percentile(double share) const {
    const double wanted = share * static_cast<double>(count_);
    double before = 0;
    for (std::size_t i = 0; i < kBounds.size(); ++i) {
      const auto here = static_cast<double>(counts_[i]);
      if (here > 0 && before + here >= wanted) {
        const Duration low = i == 0 ? Duration::zero() : kBounds[i - 1];
        const auto width = static_cast<double>((kBounds[i] - low).count());
        const double part = (wanted - before) / here;
        return low + Duration(static_cast<Duration::rep>(width * part));
      }
      before += here;
    }
    return count_ == 0 ? Duration::zero() : kBounds.back();
  }

 private:
  Counts counts_{};
  std::uint64_t count_ = 0;
  Duration sum_{};
};

}  // namespace godwit
