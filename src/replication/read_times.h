#pragma once

#include <array>
#include <chrono>
#include <cstddef>

#include "world/time.h"

namespace godwit::replication {

/// How long a store took to answer its recent reads, so that it is known when one takes long.
/// Bounded: the last `kMost` of them.
class ReadTimes {
 public:
  static constexpr std::size_t kMost = 128;
  static constexpr std::size_t kEnough = 20;  ///< fewer say nothing
  /// While there are not enough of them.
  static constexpr Duration kUnknown = std::chrono::milliseconds(100);
  /// To ask a second store sooner costs more than what there is to be gained.
  static constexpr Duration kLeast = std::chrono::milliseconds(2);

  void add(Duration sample);
  /// Within that time 95 of 100 were answered.
  [[nodiscard]] Duration p95() const;

 private:
  std::array<Duration, kMost> samples_{};
  std::size_t count_ = 0;
  std::size_t next_ = 0;
};

}  // namespace godwit::replication
