#pragma once

#include <string_view>

#include "godwit/error.h"

namespace rocksdb {
class Status;
}

namespace godwit::kv {

/// What a failure of RocksDB asks of a caller, with what was done: "open /d: …". The one place
/// where its words are read. Precondition: `status` is a failure.
/// no_space; permission_denied; precondition_failed where somebody else holds the lock; corrupted,
/// with what to do; unsupported for files of a newer RocksDB; else unavailable.
[[nodiscard]] Error error_of(const rocksdb::Status& status, std::string_view doing);

/// The same for bytes that we found damaged ourselves.
[[nodiscard]] Error damaged(std::string_view doing, std::string_view what);

}  // namespace godwit::kv
