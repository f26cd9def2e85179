#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coordination/coordinator.h"
#include "journal/journal.h"
#include "replication/members.h"
#include "replication/suspects.h"

namespace godwit::replication {

struct Engine;

/// The config in which `primary` is the primary, and the one before is a target.
/// Failure: not_found; precondition_failed for a read replica.
[[nodiscard]] Result<GroupConfig> with_primary(GroupConfig config, const std::string& primary);

/// The target that would be the best primary: a candidate that is active and answers, lacks least,
/// then by priority. One of which it is not known what it lacks only if somebody is there to answer
/// for it (not `automatic`). Failure: unavailable, with the reason for each target.
[[nodiscard]] Result<std::string> best_candidate(const Engine& engine, bool automatic);

/// Failure: precondition_failed for a target that cannot be primary now, with the reason.
[[nodiscard]] Result<void> check_candidate(const Target& target);

/// Sees to it that a store holds what a write asks for, or a newer one, by what others have. False:
/// nobody has it, or nobody may know. Failure: the store's.
[[nodiscard]] Task<bool> heal(const Context& context, Engine& engine, Store& store,
                              const journal::Write& write);

/// What the target lacks, told by the journal, given to it by whoever else has it. Yields the keys
/// at which an older write may land there yet.
/// Effect with `dry_run`: none; then `healed` counts what the journal would give, and all else that
/// is lacking is at risk, though others may have it.
[[nodiscard]] Task<Suspects> heal_candidate(const Context& context, Engine& engine,
                                            Target& candidate, MoveReport& report, bool dry_run);

}  // namespace godwit::replication
