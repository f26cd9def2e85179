#pragma once

#include <cstdint>

#include "godwit/status.h"
#include "world/time.h"

namespace godwit::replication {

/// The time in which at least one of something was under way.
class BusyTime {
 public:
  void begin(MonoTime now) {
    if (under_way_++ == 0) since_ = now;
  }
  void end(MonoTime now) {
    if (--under_way_ == 0) before_ += now - since_;
  }
  [[nodiscard]] Duration total(MonoTime now) const {
    return under_way_ > 0 ? before_ + (now - since_) : before_;
  }

 private:
  std::size_t under_way_ = 0;
  MonoTime since_{};
  Duration before_{};
};

/// Says when something passes a limit: once, until it has come down to half of that.
class Alarm {
 public:
  /// True when it is to be told now.
  [[nodiscard]] bool rings(std::uint64_t value, std::uint64_t limit) {
    const bool over = value > limit;
    const bool rings = over && !raised_;
    if (over || value <= limit / 2) raised_ = over;
    return rings;
  }

 private:
  bool raised_ = false;
};

/// Counts of a group, those of its targets aside.
struct GroupCounts {
  std::uint64_t writes_to_primary = 0;
  std::uint64_t noticed = 0;  ///< writes and removals behind our back
  std::uint64_t conflicts_resolved = 0;
  std::uint64_t failovers = 0;
  std::uint64_t hedged_reads = 0;
  std::uint64_t hedges_won = 0;
  DurationHistogram write_time;
  DurationHistogram read_time;
  TargetCounts former;  ///< of targets, up to when they became primary
  BusyTime moving;      ///< of bodies to targets
};

/// The metrics of a group whose targets are as `targets` say.
[[nodiscard]] ReplicationMetrics make_metrics(const GroupCounts& counts,
                                              const std::vector<TargetStatus>& targets,
                                              MonoTime now);

}  // namespace godwit::replication
