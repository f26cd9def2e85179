#pragma once

#include "kv/database.h"
#include "store/registry.h"

namespace godwit::rocks {

/// `rocksdb:///DIR//PREFIX`: objects in an embedded database (README.md). `engine` outlives the
/// stores. One SchemeInfo opens a directory once, however many stores are on it.
[[nodiscard]] SchemeInfo rocksdb_scheme(kv::Engine& engine);

}  // namespace godwit::rocks
