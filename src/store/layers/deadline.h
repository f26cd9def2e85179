#pragma once

#include <memory>

#include "store/store.h"

namespace godwit {

struct DeadlinePolicy {
  /// For a call without a body, and on top of the time that a body may take. Zero: no deadline.
  Duration per_call = std::chrono::minutes(5);
  /// Bodies that are sent slower than this on the whole are given up.
  Bytes slowest_rate = 16 * kKiB;
};

/// Wraps a store so that no call lasts for ever: one that takes longer, its retries included,
/// fails with timed_out. Not bounded so: get, whose body is read at the reader's pace (the
/// transport's idle timeout watches it), and copy and complete, which services do at their own.
[[nodiscard]] std::unique_ptr<Store> with_deadlines(std::unique_ptr<Store> inner,
                                                    DeadlinePolicy policy);

}  // namespace godwit
