#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "godwit/error.h"
#include "world/task.h"
#include "world/time.h"

namespace godwit::transfer {

/// Live counts of one run. Read them at any moment on the engine's executor.
/// When a run has ended: replicated + skipped + failed == total.
struct Progress {
  std::uint64_t total = 0;       ///< source objects looked at, after filters
  std::uint64_t replicated = 0;  ///< copied (in a dry run: that would be)
  std::uint64_t skipped = 0;     ///< found to be the same, or left alone for a reason told
  std::uint64_t failed = 0;
  std::uint64_t deleted = 0;  ///< at the target (in a dry run: that would be)
  std::uint64_t delete_failed = 0;
  Bytes bytes = 0;         ///< moved to the target, parts that were repeated included
  Bytes bytes_queued = 0;  ///< of objects found to differ, whether moved yet or not
  std::uint64_t retries = 0;
  std::uint64_t target_seen = 0;  ///< entries of the target's listing
  bool listing_done = false;      ///< from here on `total` does not grow
};

enum class EventKind : std::uint8_t {
  copied,
  would_copy,
  deleted,
  would_delete,
  failed,   ///< `error` says why; the run goes on
  retried,  ///< `error` says why
  resumed,  ///< a large copy goes on from its checkpoint; `bytes` are already there
  missing,  ///< verify: the target lacks it
  extra,    ///< verify: only the target has it
  different,
  doubtful,  ///< verify: a power loss may have spoiled it since it was written
  metadata_only,
  unreadable,
  note  ///< `message`: something the operator should know
};

/// `--json` and docs: "would_copy".
[[nodiscard]] std::string_view to_string(EventKind kind);

/// One thing that happened to one object. Views live during the call only.
struct Event {
  EventKind kind = EventKind::note;
  std::string_view key;
  Bytes bytes = 0;
  const Error* error = nullptr;
  std::string_view message;
};

/// Hears what happens, on the engine's executor. Must be quick: it holds up the engine.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_event(const Event& event) = 0;
  /// Called at the start with counts that stay valid until the run returns.
  virtual void on_start(const Progress& progress) = 0;
  /// Called between pages of a verification, which goes on when it returns: what was told can be
  /// worked off, so that it does not pile up. A failure ends the verification with it.
  [[nodiscard]] virtual Task<void> room();
};

}  // namespace godwit::transfer
