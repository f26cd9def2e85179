#pragma once

#include <algorithm>
#include <cstdint>

#include "world/time.h"

namespace godwit::replication {

/// How many removals behind our back are believed: so many at once, and as many again within an
/// hour. Whoever empties the primary by mistake does not empty the targets. Pure.
class RemovalLimit {
 public:
  /// True: one more may be.
  [[nodiscard]] bool take(std::uint64_t most, MonoTime now) {
    forget(most, now);
    const bool room = taken_ + 1.0 <= static_cast<double>(most);
    if (room) taken_ += 1.0;
    refused_ = room ? 0 : refused_ + 1;
    return room;
  }
  /// How many `take` would allow now.
  [[nodiscard]] std::uint64_t room(std::uint64_t most, MonoTime now) {
    forget(most, now);
    return static_cast<std::uint64_t>(std::max(0.0, static_cast<double>(most) - taken_));
  }
  /// The last one was refused, and the one before it was not.
  [[nodiscard]] bool first_refused() const { return refused_ == 1; }

 private:
  void forget(std::uint64_t most, MonoTime now) {
    const std::chrono::duration<double, std::ratio<3600>> hours = now - since_;
    taken_ = std::max(0.0, taken_ - hours.count() * static_cast<double>(most));
    since_ = now;
  }

  double taken_ = 0;
  MonoTime since_{};
  std::uint64_t refused_ = 0;
};

}  // namespace godwit::replication
