#pragma once

#include <chrono>
#include <memory>

#include "store/store.h"

namespace godwit {

struct RetryPolicy {
  std::size_t attempts = 4;
  Duration first_pause = std::chrono::milliseconds(200);
  Duration longest_pause = std::chrono::seconds(20);
};

/// Wraps a store so that calls which failed for a passing reason are made again, after a pause that
/// doubles, with full jitter, and is never shorter than the service asked for.
///
/// What is repeated: head, get (until its body begins), remove, and the pages of listings; all of
/// them give the same when made twice. Writes of bodies are not repeated here: who has the body
/// (the copier) decides. Each retry spends from the context's budget, each success earns.
[[nodiscard]] std::unique_ptr<Store> with_retries(std::unique_ptr<Store> inner,
                                                  RetryPolicy policy = {});

}  // namespace godwit
