#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coordination/coordinator.h"
#include "replication/engine.h"

namespace godwit::replication {

enum class MoveKind : std::uint8_t {
  switchover,  ///< planned: writes wait until the new primary has everything; nothing is at risk
  failover     ///< the primary does not answer: what nobody else has stays behind, and is reported
};

struct MoveOptions {
  MoveKind kind = MoveKind::switchover;
  std::string to;  ///< empty: the best candidate
  bool dry_run = false;
  /// That a switchover waits for the new primary to come near; and once more, while writes wait,
  /// for the rest.
  Duration patience = std::chrono::seconds(30);
};

/// An acknowledged write that the new primary lacks, and that no target could give it.
struct WriteAtRisk {
  std::string key;
  Version version;
};

/// What a move did, or would do.
struct MoveReport {
  std::string from;
  std::string to;
  std::uint32_t epoch = 0;
  std::uint64_t lacking = 0;  ///< keys that the new primary lacked at the start
  std::uint64_t healed = 0;   ///< of those it was given by others, before it took a write
  /// The rest, each by its name. They are still at the old primary; when it comes back they are
  /// settled by the conflict policy.
  std::vector<WriteAtRisk> at_risk;
  /// The new primary's backlog had been dropped, so that `at_risk` cannot name everything.
  bool exact = true;
};

/// The config in which `primary` is the primary, and the one before is a target.
/// Failure: not_found; precondition_failed for a read replica.
[[nodiscard]] Result<GroupConfig> with_primary(GroupConfig config, const std::string& primary);

/// The target that would be the best primary: a candidate that is active and answers, lacks least,
/// then by priority. Failure: unavailable, with the reason for each target.
[[nodiscard]] Result<std::string> best_candidate(const Engine& engine);

/// Failure: precondition_failed for a target that cannot be primary now, with the reason.
[[nodiscard]] Result<void> check_candidate(const Target& target);

/// What the target lacks, told by the journal, given to it by whoever else has it.
/// Effect with `dry_run`: none; then `healed` is 0 and all that is lacking is at risk.
[[nodiscard]] Task<void> heal_candidate(const Context& context, Engine& engine, Target& candidate,
                                        MoveReport& report, bool dry_run);

}  // namespace godwit::replication
