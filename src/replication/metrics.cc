#include "replication/metrics.h"

namespace godwit::replication {

ReplicationMetrics make_metrics(const GroupCounts& counts, const std::vector<TargetStatus>& targets,
                                MonoTime now) {
  ReplicationMetrics metrics{.writes_to_primary = counts.writes_to_primary,
                             .writes_replicated = counts.former.replicated,
                             .writes_failed = counts.former.failed,
                             .conflicts_detected = counts.former.conflicts,
                             .conflicts_resolved = counts.conflicts_resolved,
                             .failovers = counts.failovers,
                             .hedged_reads = counts.hedged_reads,
                             .hedges_won = counts.hedges_won,
                             .write_time = counts.write_time,
                             .read_time = counts.read_time,
                             .bytes_replicated = counts.former.bytes,
                             .moving_time = counts.moving.total(now)};
  DurationHistogram on_the_way = counts.former.replication_time;
  for (const TargetStatus& each : targets) {
    TargetMetrics target{.name = each.name,
                         .lag = each.lag,
                         .replicated = each.counts.replicated,
                         .failed = each.counts.failed,
                         .attempts = each.counts.attempts,
                         .replication_time = each.counts.replication_time};
    const std::uint64_t ended = target.replicated + target.failed;
    target.has_data = ended > 0;
    if (target.has_data) {
      target.success_rate_percent =
          100.0 * static_cast<double>(target.replicated) / static_cast<double>(ended);
    }
    metrics.writes_replicated += target.replicated;
    metrics.writes_failed += target.failed;
    metrics.conflicts_detected += each.counts.conflicts;
    metrics.bytes_replicated += each.counts.bytes;
    on_the_way += target.replication_time;
    metrics.targets.push_back(std::move(target));
  }
  metrics.average_replication_time = on_the_way.mean();
  return metrics;
}

}  // namespace godwit::replication
