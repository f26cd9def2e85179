#pragma once

#include <memory>
#include <optional>

#include "store/layers/chaos.h"
#include "store/layers/deadline.h"
#include "store/layers/metrics.h"
#include "store/layers/retry.h"
#include "store/layers/slow_calls.h"
#include "store/layers/throttle.h"

namespace godwit {

/// Which layers a store gets, and how they are set.
struct LayerOptions {
  StoreMetrics* metrics = nullptr;  ///< null: not counted
  DeadlinePolicy deadline;
  RetryPolicy retry;
  std::optional<double> calls_per_second;  ///< absent: no throttle
  SlowCalls slow;                          ///< those with all their retries
  const Faults* faults = nullptr;          ///< null: none are injected
};

/// Wraps a driver in what cuts across all stores, in the order that is meant:
/// slow calls( metrics( deadline( retry( throttle( chaos( driver )))))). So a deadline bounds a
/// call with all its retries, each retry waits its turn at the throttle, and metrics see what the
/// engine sees.
[[nodiscard]] std::unique_ptr<Store> with_layers(std::unique_ptr<Store> driver,
                                                 const LayerOptions& options);

}  // namespace godwit
