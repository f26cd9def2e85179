#include "replication/delivery.h"

#include <utility>

namespace godwit::replication {
namespace {

using journal::Change;

KeyState state_of(const Sighting& sighting, Standing standing) {
  return {.version = sighting.version,
          .presence = Presence::present,
          .standing = standing,
          .etag = sighting.etag,
          .size = sighting.size};
}

/// The target's object is neither the primary's nor its past.
Plan settle_conflict(const KeyState& primary, const Sighting& target, ConflictPolicy policy) {
  const Decision decision = decide(policy, primary, state_of(target, Standing::other));
  const bool gone = primary.presence == Presence::deleted;
  const bool newer = target.through_us && target.version > primary.version;
  Plan plan{.conflict = decision.is_conflict};
  switch (decision.keep) {
    case Keep::left: plan.step = gone ? Step::remove : Step::put; break;
    case Keep::right:
      plan.step = newer ? Step::adopt : Step::adopt_anew;
      // Both say the same: only the version is missing there.
      if (!newer && !plan.conflict) plan.step = Step::put;
      break;
    case Keep::merged: plan.step = Step::merge; break;
    case Keep::both: plan.step = Step::ask; break;
  }
  return plan;
}

Plan plan_absent(const journal::Write& task, const Sighting& target, const Rules& rules) {
  if (task.change == Change::compare) {
    // What others put there is not ours to remove.
    if (!target.through_us) return {.step = Step::leave};
    const bool removed = rules.only_there == OnlyThere::removed;
    return {.step = removed ? Step::remove : Step::adopt};
  }
  if (target.through_us && target.version <= task.version) return {.step = Step::remove};
  const KeyState removed{
      .version = task.version, .presence = Presence::deleted, .standing = Standing::primary};
  return settle_conflict(removed, target, rules.policy);
}

}  // namespace

std::optional<Sighting> sighting_of(const std::optional<ObjectInfo>& info) {
  if (!info) return std::nullopt;
  return Sighting{.version = replication::version_of(*info),
                  .size = info->size,
                  .etag = info->etag,
                  .through_us = carries_version(*info)};
}

Plan plan_delivery(const journal::Write& task, const std::optional<Sighting>& primary,
                   const std::optional<Sighting>& target, const Rules& rules) {
  const bool behind = primary && primary->version < task.version;
  const bool gone = !primary && task.change == Change::put;
  if (gone || (behind && task.change != Change::compare)) return {.step = Step::look_again};
  if (!primary && !target) return {.step = Step::nothing};
  if (!primary) return plan_absent(task, *target, rules);
  if (!target) return {.step = Step::put};
  const bool ours_neither = !primary->through_us && !target->through_us;
  const bool same_body = primary->size == target->size && primary->etag == target->etag;
  if (ours_neither && same_body) return {.step = Step::nothing};
  const bool same = primary->version == target->version && primary->size == target->size;
  if (same && primary->through_us && target->through_us) {
    return {.step = rules.doubted ? Step::restore : Step::nothing};
  }
  if (target->through_us && target->version <= primary->version) return {.step = Step::put};
  return settle_conflict(state_of(*primary, Standing::primary), *target, rules.policy);
}

}  // namespace godwit::replication
