#pragma once

#include <string>
#include <vector>

#include "godwit/status.h"
#include "service/json.h"

namespace godwit::service {

/// What one group tells for metrics.
struct GroupFigures {
  GroupStatus status;
  ReplicationMetrics metrics;
  Json last_drill;  ///< as DrillRecord::last
};

/// What the process tells of itself.
struct ProcessFigures {
  bool ready = false;
  std::size_t connections = 0;
  std::size_t jobs_running = 0;
};

/// Prometheus's text format (version 0.0.4). With an `alias` there are four series more for each
/// target: ALIASlag_seconds, ALIASqueue_size, ALIASsuccess, ALIAStotal.
/// Cost: linear in the number of targets.
[[nodiscard]] std::string metrics_text(const std::vector<GroupFigures>& groups,
                                       const ProcessFigures& process, const std::string& alias);

}  // namespace godwit::service
