#pragma once

#include <cstdint>

#include "godwit/status.h"

namespace godwit::replication {

/// Counts of a group, those of its targets aside.
struct GroupCounts {
  std::uint64_t writes_to_primary = 0;
  std::uint64_t conflicts_resolved = 0;
  std::uint64_t failovers = 0;
  TargetCounts former;         ///< of targets, up to when they became primary
  std::uint64_t arrivals = 0;  ///< at targets
  Duration on_the_way{};       ///< of all arrivals together, each from its acknowledgement
};

/// The metrics of a group whose targets are as `targets` say.
[[nodiscard]] ReplicationMetrics make_metrics(const GroupCounts& counts,
                                              const std::vector<TargetStatus>& targets);

}  // namespace godwit::replication
