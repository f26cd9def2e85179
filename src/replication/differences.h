#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "replication/engine.h"

namespace godwit::replication {

/// What listings tell of a primary and a target. Filled while they are read.
struct Differences {
  std::uint64_t total = 0;    ///< keys on either side
  std::uint64_t same = 0;     ///< as both listings prove
  std::uint64_t unasked = 0;  ///< keys that were found, and not given to `ask` yet
  bool listed = false;        ///< both listings have come to their end
};

/// How far work is of which so many keys are done: of `found` in all, or of `estimate` while the
/// listings are being read.
[[nodiscard]] WorkProgress progress_of(const Differences& found,
                                       std::optional<std::uint64_t> estimate, std::uint64_t done);

/// When two rows of one size are taken for the same.
enum class Proof : std::uint8_t {
  content,  ///< their tokens prove it
  time      ///< the same; where tokens prove nothing, the target's is not older
};

/// A key that may differ.
struct Difference {
  std::string key;
  std::optional<ListEntry> missing;  ///< the primary's row, where the target has none
};

/// What is done about what differs. A question may wait.
struct Questions {
  Proof proof = Proof::content;
  std::function<Task<void>(Difference)> ask;
  /// Of keys that only the target has; empty: `ask`.
  std::function<Task<void>(Difference)> ask_gone = {};
};

/// Asks about each key of which the listings of both sides cannot prove that they hold the same.
/// Keys of our own are none.
/// Failure: precondition_failed where the primary has lost its marker, for one that was emptied
/// says nothing of what was removed; that of a listing; that of a question.
[[nodiscard]] Task<void> find_differences(const Context& context, Engine& engine, Store& target,
                                          const Questions& questions, Differences& found);

}  // namespace godwit::replication
