#pragma once

#include <rocksdb/options.h>

#include "kv/database.h"

namespace godwit::kv {

/// How RocksDB is set up. What it takes in memory is bounded by `options.memory` for write buffers
/// and blocks together, and in background threads, open files and logs by constants of ours.
[[nodiscard]] rocksdb::Options rocks_options(const DatabaseOptions& options);

}  // namespace godwit::kv
