#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "godwit/error.h"
#include "godwit/types.h"
#include "version/version.h"
#include "world/time.h"

namespace godwit::journal {

/// The place of a write in the journal's order; grows for ever, also over restarts. 0: none.
using Sequence = std::uint64_t;

enum class Change : std::uint8_t {
  put,
  remove,
  compare,  ///< perhaps nothing: the target's object may differ from the primary's
  /// The primary's object was written behind our back: whatever it says of itself, it counts as of
  /// the write's version.
  noticed
};

/// An object stands at the primary on its account.
[[nodiscard]] constexpr bool brings_object(Change change) {
  return change == Change::put || change == Change::noticed;
}

using godwit::Priority;

/// One write of one key.
struct Write {
  std::string key;
  Version version;
  Change change = Change::put;
  Priority priority = Priority::normal;
  Bytes size = 0;
};

/// What one target lacks of one key: the newest write, which stands for all before it.
struct TargetTask {
  Write write;
  /// When the oldest write was acknowledged that the target lacks.
  WallTime since{};
  std::uint32_t attempts = 0;  ///< that failed
  /// The target had this write already: it is delivered once more, for an older one may have landed
  /// after it. Not on disk.
  bool again = false;
  /// Of a task on disk: a process may have had it under way, wherever its place is.
  bool begun = false;
};

/// A task that failed for good, until someone redrives it or its key is written again.
struct DeadLetter {
  TargetTask task;
  Code code = Code::internal;
  std::string message;
  WallTime buried{};
};

}  // namespace godwit::journal
