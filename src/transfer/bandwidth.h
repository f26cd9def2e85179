#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "world/context.h"

namespace godwit::transfer {

/// Bytes per second by time of day (UTC). Empty: no limit.
///
/// Text forms: "10MiB" (always), "off", and a timetable "08:00,1MiB 18:30,10MiB 23:00,off".
class BandwidthTimetable {
 public:
  /// Failure: invalid_argument, with the accepted forms.
  [[nodiscard]] static Result<BandwidthTimetable> parse(std::string_view text);
  /// The limit in force; nullopt: none.
  [[nodiscard]] std::optional<Bytes> at(WallTime now) const;
  [[nodiscard]] bool unlimited() const { return entries_.empty(); }

 private:
  struct Entry {
    Duration from{};  // since midnight
    std::optional<Bytes> limit;
  };
  std::vector<Entry> entries_;  // sorted; the last one reaches over midnight
};

/// One token bucket for all streams of a run. A second's worth may burst.
/// Concurrency: engine executor.
class BandwidthLimiter {
 public:
  BandwidthLimiter(World& world, BandwidthTimetable timetable);
  [[nodiscard]] bool unlimited() const { return timetable_.unlimited(); }
  /// Returns when `bytes` more may move. Waiters are served in order.
  [[nodiscard]] Task<void> take(const Context& context, Bytes bytes);

 private:
  World& world_;
  BandwidthTimetable timetable_;
  MonoTime free_at_{};  // when all that was granted has been paid for
};

}  // namespace godwit::transfer
