#pragma once

#include <memory>

#include "store/store.h"

namespace godwit {

/// Wraps a store so that no more than `calls_per_second` (> 0) reach it, evenly spaced after a
/// burst of a tenth of a second's worth, in the order in which they came. For services that count
/// requests; bandwidth is limited by who moves the bytes (transfer/bandwidth.h).
[[nodiscard]] std::unique_ptr<Store> with_throttle(std::unique_ptr<Store> inner,
                                                   double calls_per_second);

}  // namespace godwit
