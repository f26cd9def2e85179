#pragma once

#include <string>
#include <vector>

#include "godwit/config.h"
#include "godwit/status.h"

// What is to be said of a group in words, once for all who show it: API, command line, dashboard.
namespace godwit::service {

/// Something that a person should look at.
struct Attention {
  std::string kind;  ///< for programs: "primary_away", "failed", "paused", "away", "dead_letters",
                     ///< "lag", "queue"
  std::string target;  ///< "" where it is about the group
  std::string message;
};

/// Empty: all is well. Of each target the worst only; the primary comes first.
[[nodiscard]] std::vector<Attention> attention_of(const GroupStatus& status,
                                                  const ReplicationConfig& config);

/// How a target stands, in a few words.
[[nodiscard]] std::string note_of(const TargetStatus& target);

}  // namespace godwit::service
