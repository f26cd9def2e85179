#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "godwit/config.h"
#include "godwit/replicated_store.h"
#include "godwit/status.h"

// What is to be said of a group in words, once for all who show it: API, command line, dashboard.
namespace godwit::service {

/// Something that a person should look at.
struct Attention {
  std::string kind;  ///< for programs: "primary_away", "failed", "paused", "away", "dead_letters",
                     ///< "conflicts", "lag", "queue"
  std::string target;  ///< "" where it is about the group
  std::string message;
};

/// By target: those of its dead letters that are conflicts and wait for a person.
using Conflicts = std::map<std::string, std::uint64_t>;

/// Empty: all is well. Of each target the worst only; the primary comes first.
[[nodiscard]] std::vector<Attention> attention_of(const GroupStatus& status,
                                                  const ReplicationConfig& config,
                                                  const Conflicts& conflicts = {});

/// How a target stands, in a few words.
[[nodiscard]] std::string note_of(const TargetStatus& target, const Conflicts& conflicts = {});

/// The same of a store, which is asked: of each target that has dead letters, the first 1000.
/// Blocks.
[[nodiscard]] Conflicts count_conflicts(ReplicatedStore& store, const GroupStatus& status);

}  // namespace godwit::service
