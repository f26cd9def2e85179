#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "journal/task.h"
#include "replication/versioned.h"
#include "version/conflict.h"

namespace godwit::replication {

/// What is known of one key at one store.
struct Sighting {
  Version version;
  Bytes size = 0;
  std::string etag;
  bool through_us = false;  ///< carries a version of ours
  std::string source;       ///< what it is a copy of; see `mark_copy`
};
[[nodiscard]] std::optional<Sighting> sighting_of(const std::optional<ObjectInfo>& info);

enum class Step : std::uint8_t {
  nothing,     ///< the target has what the task asks for
  put,         ///< the primary's object goes to the target
  restore,     ///< the same, though the target's says that it is the primary's: it is kept aside
  remove,      ///< the target's object goes
  look_again,  ///< the primary does not show yet what it has acknowledged
  adopt,       ///< the target's object wins, and is newer: it goes to the primary as it is
  adopt_anew,  ///< the target's object wins, but nothing says that it is newer: as a new write
  merge,       ///< both become one, which is written to the primary
  leave,       ///< it is not ours to touch
  ask,         ///< both objects stay, until a person has chosen
  notice       ///< the primary's was written over ours, or removed, behind our back: a write anew
};

struct Plan {
  Step step = Step::nothing;
  bool conflict = false;  ///< to be counted, once
  /// A put is to say that it is of the task's version: the primary's object says of none, or of one
  /// that is older than the target's.
  bool restamp = false;
};

/// What an object means that a comparison finds at a target only.
enum class OnlyThere : std::uint8_t {
  removed,      ///< the primary had it, and it was removed there
  acknowledged  ///< the target was primary, and may have acknowledged it: never deleted on a guess
};

struct Rules {
  ConflictPolicy policy = ConflictPolicy::last_write_wins;
  OnlyThere only_there = OnlyThere::removed;
  /// The target's object is known to be damaged, whatever it says of itself.
  bool doubted = false;
  /// What others write to the primary counts, and is no conflict; see Detection.
  bool others_write = false;
  /// The task is older than what the primary may take to show a write.
  bool overdue = false;
  /// What others removed at the primary stays at the target; see Detection.
  bool keeps_removed = false;
  /// The task is a comparison by now, for another primary had taken what it is of: what is older
  /// is the past of that, whoever has it still.
  bool was_taken = false;
};

/// What a delivery does about one key. Pure: all of the rules are here.
///
/// An object at the target that we wrote and that is not newer than the primary's is its past, and
/// is replaced. Anything else there was written behind our back, or by a primary that was deposed:
/// that is a conflict, decided by `rules.policy`. A copy that we made of an object which others had
/// put to the primary is its past too.
[[nodiscard]] Plan plan_delivery(const journal::Write& task, const std::optional<Sighting>& primary,
                                 const std::optional<Sighting>& target, const Rules& rules);

}  // namespace godwit::replication
