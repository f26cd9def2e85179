#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "replication/engine.h"

namespace godwit::replication {

/// What listings tell of a primary and a target. Filled while they are read.
struct Differences {
  std::uint64_t total = 0;    ///< keys on either side
  std::uint64_t same = 0;     ///< as both listings prove
  std::uint64_t unasked = 0;  ///< keys that were found, and not given to `ask` yet
};

/// Gives `ask` each key of which the listings of both sides cannot prove that they hold the same;
/// `ask` may wait. Keys of our own are none.
/// Failure: precondition_failed where the primary has lost its marker, for one that was emptied
/// says nothing of what was removed; that of a listing; that of `ask`.
[[nodiscard]] Task<void> find_differences(const Context& context, Engine& engine, Store& target,
                                          const std::function<Task<void>(std::string)>& ask,
                                          Differences& found);

}  // namespace godwit::replication
