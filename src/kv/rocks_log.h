#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace rocksdb {
class Env;
}

namespace godwit::kv {

/// What the write-ahead logs of a database that nobody has open hold.
///
/// RocksDB can either stop at the first damage, and so lose in silence what was sure, or refuse
/// every damage, and so also the tail that a power loss has torn. Which of the two it is we tell
/// by this: a tail has nothing whole behind it.
struct LogSurvey {
  std::uint64_t last_sequence = 0;  ///< of the last batch that is whole; 0: there is none
  std::string damage;               ///< "FILE at byte N": the first that is no record, or empty
};

/// Reads all logs of `directory`. Failure: of reading files.
/// Cost: one pass over them (about DatabaseOptions::memory at most).
[[nodiscard]] Result<LogSurvey> survey_logs(rocksdb::Env& env, const std::string& directory);

/// Cuts off the batches behind `last_sequence`: they failed, and must not come back by a reopen.
/// Failure: of reading and cutting files. Cost: as survey_logs.
[[nodiscard]] Result<void> cut_logs(rocksdb::Env& env, const std::string& directory,
                                    std::uint64_t last_sequence);

}  // namespace godwit::kv
