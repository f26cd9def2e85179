#pragma once

#include <memory>

#include "godwit/log.h"
#include "store/store.h"

namespace godwit {

/// Which calls are told as slow, and to whom.
struct SlowCalls {
  LogSink* log = nullptr;  ///< outlives the store
  Duration most{};         ///< what takes longer is told; 0: nothing is
};

/// Wraps a store so that each call that takes long is a line of the log, with its operation, key
/// and time, and its error if it has failed. Of a get: until its body begins.
[[nodiscard]] std::unique_ptr<Store> with_slow_calls(std::unique_ptr<Store> inner,
                                                     const SlowCalls& slow);

}  // namespace godwit
