#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "version/version.h"

namespace godwit {

enum class Membership : std::uint8_t {
  member,  ///< also while it is paused, failed or out of reach
  removed  ///< an operator took it out of the group
};

/// How far a target has come.
struct TargetProgress {
  Membership membership = Membership::member;
  /// It has every change of every region up to this version, deletions among them, and none that
  /// is older is still to come: regions that write have said that their clocks are past it.
  /// Nothing: it has confirmed none yet.
  std::optional<Version> confirmed;
};

/// Whether a deletion may be forgotten: once every target that is not removed has confirmed it.
/// No age allows it: whoever lacks the deletion, or an older write of the key that is on its way,
/// would bring the object back. One target that is gone for good so keeps all tombstones, until it
/// is removed.
/// Concurrency: pure. Cost: linear in the targets.
[[nodiscard]] bool may_collect(const Version& tombstone, std::span<const TargetProgress> targets);

/// Whether a target that comes back (removed before, or restored from a backup) may only be filled
/// anew: it may lack a deletion that nobody remembers, and what it holds of such keys must not be
/// merged. `collected` is the newest tombstone that was ever forgotten.
[[nodiscard]] bool must_reseed(const TargetProgress& target,
                               const std::optional<Version>& collected);

}  // namespace godwit
