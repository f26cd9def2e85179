#pragma once

#include <vector>

#include "godwit/status.h"
#include "replication/engine.h"

namespace godwit::replication {

/// Writes a small object of our own to each store, looks at it and removes it: whether we may, and
/// what time it is there. Of a target that is paused, or a store of somebody else, nothing is
/// asked. The primary comes first. Takes up to two `health_check_timeout`.
[[nodiscard]] asio::awaitable<std::vector<StoreProbe>> probe_stores(const Context& context,
                                                                    Engine& engine);

}  // namespace godwit::replication
