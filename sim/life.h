#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/scenario.h"

namespace godwit::sim {

/// What one simulated life showed.
struct Outcome {
  std::vector<std::string> violations;  ///< broken promises; empty is good
  std::uint64_t trace = 0;              ///< equal for equal seeds
  Duration simulated{};                 ///< time that has passed in it
  std::uint64_t copies = 0;
  std::uint64_t failures = 0;  ///< of objects, listings and runs: proof that faults struck
  std::uint64_t crashes = 0;
  std::uint64_t moves = 0;    ///< of the primary of a group
  std::uint64_t doubts = 0;   ///< objects that the target called doubtful after a power loss
  std::uint64_t audits = 0;   ///< verifies, repairs and gcs
  std::uint64_t resumed = 0;  ///< copies that went on from a checkpoint
  std::map<std::string, std::uint64_t> marks;  ///< how often each rare path was taken
};

/// Syncs a source that somebody keeps changing to a target, again and again, through what the
/// scenario lets go wrong: faults, cancellations, crashes with a restart on the same disk. Then
/// heals the world and syncs once more.
///
/// Oracles, after each run and each crash:
/// 1. Each object of the target is one version that the source had, with that version's metadata
///    and, in a directory, its time. So no draft, no torn and no mixed object is ever visible.
/// 2. What the source had all the time is not deleted at the target.
/// 3. What the target acknowledged is there, that version or a later one; where the store syncs at
///    each put, also after a power loss. Where it syncs at the end of a run, what a power loss
///    spoiled is called doubtful, and nothing else is.
/// 4. A run that says that all is done has made the target equal to the source in every object
///    that did not change meanwhile. Its counts add up.
/// 5. A run that goes on where a killed one was sends again what was under way and no more.
/// 6. Between two syncs others spoil the target, and `verify`, `repair` and `gc` run: see audit.h.
/// In the end: one sync makes the target the source, `verify` says so, and a second one finds
/// nothing to do. Where no process died, no draft is left; a gc leaves nothing that is no object.
[[nodiscard]] Outcome live(const Scenario& scenario, std::uint64_t seed);

}  // namespace godwit::sim
