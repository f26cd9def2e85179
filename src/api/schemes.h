#pragma once

#include <string>
#include <vector>

#include "http/transport.h"
#include "kv/database.h"
#include "store/registry.h"

namespace godwit::api {

/// Of all kinds of stores that a group may stand on.
[[nodiscard]] std::vector<std::string> scheme_names();
/// Makes them known. `transport` and `engine` outlive the stores that are opened.
void add_schemes(StoreRegistry& registry, http::Transport& transport, kv::Engine& engine);

}  // namespace godwit::api
