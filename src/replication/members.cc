#include "replication/members.h"

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

}  // namespace godwit::replication
