#include "replication/delivery.h"

#include <algorithm>
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

/// Others put the target's object there when it was primary, and after what the primary has or
/// removed in `version`. By time: an object without a version has the lowest epoch.
bool came_later_there(const Version& version, const Sighting& target, const Rules& rules) {
  const bool others = !target.through_us && target.source.empty();
  return rules.others_write && rules.only_there == OnlyThere::acknowledged && others &&
         rules.policy == ConflictPolicy::last_write_wins && target.version.time > version.time;
}

Plan plan_absent(const journal::Write& task, const Sighting& target, const Rules& rules) {
  const bool ours = target.through_us || !target.source.empty();
  if (task.change == Change::compare) {
    const bool removed = rules.only_there == OnlyThere::removed;
    if (!ours) {
      // What others put there is not ours to remove. But when it was primary they wrote there.
      return {.step = removed || !rules.others_write ? Step::leave : Step::adopt_anew};
    }
    if (removed && rules.keeps_removed && !target.source.empty()) return {.step = Step::leave};
    const bool is_past = rules.was_taken && target.version < task.version;
    if (!removed && is_past) return {.step = Step::remove, .conflict = true};
    return {.step = removed ? Step::remove : Step::adopt};
  }
  if (ours && target.version <= task.version) return {.step = Step::remove};
  if (came_later_there(task.version, target, rules)) return {.step = Step::adopt_anew};
  const KeyState removed{
      .version = task.version, .presence = Presence::deleted, .standing = Standing::primary};
  return settle_conflict(removed, target, rules.policy);
}

/// What is left to do where the target says that its object is a copy of this one of the primary,
/// and the primary's was not written through us since.
std::optional<Plan> plan_copy(const Sighting& primary, const Sighting& target, const Rules& rules) {
  const bool newer = primary.through_us && primary.version > target.version;
  if (newer || target.source.empty() || target.source != primary.etag) return std::nullopt;
  if (rules.doubted) return Plan{.step = Step::restore};
  return Plan{.step = target.size == primary.size ? Step::nothing : Step::put};
}

/// Of a write behind our back: the primary's object counts as of its version.
Plan plan_noticed(const journal::Write& task, Sighting primary,
                  const std::optional<Sighting>& target, const Rules& rules) {
  const bool newest = !target || !target->through_us || target->version <= primary.version;
  const bool restamp = !primary.through_us || !newest;
  if (!target) return {.step = Step::put, .restamp = restamp};
  if (const auto plan = plan_copy(primary, *target, rules)) return *plan;
  primary.version = std::max(primary.version, task.version);
  const bool ours = target->through_us || !target->source.empty();
  if (ours && target->version <= primary.version) return {.step = Step::put, .restamp = restamp};
  if (came_later_there(primary.version, *target, rules)) return {.step = Step::adopt_anew};
  Plan plan = settle_conflict(state_of(primary, Standing::primary), *target, rules.policy);
  plan.restamp = restamp;
  return plan;
}

/// The target holds an object of ours, the primary one that others have put over it, or had when it
/// was a target. Where nobody else may have the target's, the primary's must be the later one; so
/// where it is a copy, for what was written after it may be at the other target alone.
bool was_overwritten(const Sighting& primary, const Sighting& target, const Rules& rules) {
  if (!rules.others_write || primary.through_us || !target.through_us) return false;
  const bool original = primary.source.empty();
  if (original && rules.only_there == OnlyThere::removed) return true;
  return primary.version.time > target.version.time;
}

}  // namespace

std::optional<Sighting> sighting_of(const std::optional<ObjectInfo>& info) {
  if (!info) return std::nullopt;
  return Sighting{.version = replication::version_of(*info),
                  .size = info->size,
                  .etag = info->etag,
                  .through_us = carries_version(*info),
                  .source = source_of(*info)};
}

Plan plan_delivery(const journal::Write& task, const std::optional<Sighting>& primary,
                   const std::optional<Sighting>& target, const Rules& rules) {
  if (task.change == Change::noticed) {
    // It is gone again; the target may lack still more than what was noticed.
    if (!primary) return {.step = target ? Step::notice : Step::nothing};
    return plan_noticed(task, *primary, target, rules);
  }
  const bool behind = primary && primary->version < task.version;
  const bool gone = !primary && task.change == Change::put;
  if (behind && task.change != Change::compare && !primary->through_us) {
    return {.step = Step::notice};
  }
  if (gone && rules.others_write && rules.overdue) return {.step = Step::notice};
  if (gone || (behind && task.change != Change::compare)) return {.step = Step::look_again};
  if (!primary && !target) return {.step = Step::nothing};
  if (!primary) return plan_absent(task, *target, rules);
  if (!target) return {.step = Step::put};
  if (const auto plan = plan_copy(*primary, *target, rules)) return *plan;
  const bool ours_neither = !primary->through_us && !target->through_us;
  const bool same_body = primary->size == target->size && primary->etag == target->etag;
  if (ours_neither && same_body) return {.step = Step::nothing};
  const bool same = primary->version == target->version && primary->size == target->size;
  if (same && primary->through_us && target->through_us) {
    return {.step = rules.doubted ? Step::restore : Step::nothing};
  }
  if (target->through_us && target->version <= primary->version) return {.step = Step::put};
  // A copy that we made of what others had put to the primary before.
  const bool copied = !target->through_us && !target->source.empty() && primary->source.empty();
  if (copied && rules.only_there == OnlyThere::removed) return {.step = Step::put};
  if (was_overwritten(*primary, *target, rules)) return {.step = Step::notice};
  if (came_later_there(primary->version, *target, rules)) return {.step = Step::adopt_anew};
  return settle_conflict(state_of(*primary, Standing::primary), *target, rules.policy);
}

}  // namespace godwit::replication
