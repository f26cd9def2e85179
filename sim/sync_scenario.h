#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace godwit::sim {

/// What one simulated life showed.
struct Outcome {
  std::vector<std::string> violations;  ///< broken promises; empty is good
  std::uint64_t trace = 0;              ///< equal for equal seeds
  std::uint64_t copies = 0;
  std::uint64_t failures = 0;  ///< of objects, listings and runs: proof that faults struck
};

/// Syncs a source that somebody keeps changing to a target, through faulty stores, with some runs
/// cancelled half-way; then heals the world and syncs once more.
///
/// Oracles. All along: each target object is a version that the source had, or what was there
/// before; counts add up; what only the target has stays unless a run with `delete` was complete.
/// In the end: the target is the source.
[[nodiscard]] Outcome run_sync_scenario(std::uint64_t seed);

}  // namespace godwit::sim
