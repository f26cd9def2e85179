// How an agent delivers without looking at either side before: the condition of one request says
// the same as a look at the target would.
#include <utility>

#include "replication/target_agent.h"

namespace godwit::replication {

using journal::Change;
using transfer::Precondition;

/// How often a key is looked at whose object at the target changes under our eyes.
constexpr int kMostLooks = 5;

/// A delivery without a look at either side.
struct TargetAgent::Blind {
  Precondition expected;  ///< what the target must hold
  ListEntry row;          ///< of the primary; only of a comparison it has a token
};

Task<TargetAgent::Arrived> TargetAgent::attempt(const Context& context,
                                                const journal::TargetTask& task) {
  if (removes_blind(task)) co_return co_await remove_blind(context, task);
  if (const auto blind = this->blind(task)) {
    auto arrived = co_await deliver_blind(context, task, *blind);
    if (arrived) co_return arrived;
    const bool at_primary = arrived.error().where().store == engine_.primary->identity().url;
    const bool refused = arrived.error().code() == Code::precondition_failed;
    const bool gone = at_primary && arrived.error().code() == Code::not_found;
    if (!refused && !gone) co_return arrived;
    engine_.world.mark(at_primary ? "a copy's source is another"
                                  : "a delivery's condition does not hold");
    if (!at_primary) known_.was_wrong(task.write.key);
  }
  for (int looks = 0; looks < kMostLooks; ++looks) {
    auto arrived = co_await look_and_deliver(context, task);
    if (!arrived || !arrived->outdated) co_return arrived;
  }
  co_return fail(Error(Code::unavailable, "the target's object changes all the time")
                     .at(place_of(*target_.store, "put", task.write.key)));
}

/// What has failed once, or is in conflict or in doubt, is looked at.
bool TargetAgent::is_plain(const journal::TargetTask& task) const {
  const std::string& key = task.write.key;
  return task.attempts == 0 && !in_conflict_.contains(key) && !target_.doubts.contains(key) &&
         !engine_.suspects.contains(key) && !engine_.deposed.contains(target_.config.name);
}

/// It takes away what we have put there in this epoch, or nothing: no store removes on a condition.
bool TargetAgent::removes_blind(const journal::TargetTask& task) const {
  const journal::Write& write = task.write;
  return target_.config.is_exclusive && write.change == Change::remove &&
         write.version.epoch == engine_.epoch && is_plain(task) &&
         known_.has_older(write.key, write.version);
}

Task<TargetAgent::Arrived> TargetAgent::remove_blind(const Context& context,
                                                     const journal::TargetTask& task) {
  const std::string& key = task.write.key;
  known_.removed(key);
  GODWIT_CO_CHECK(co_await remove_there(context, key));
  engine_.world.mark("a removal is made without a look");
  co_return Arrived{.version = task.write.version, .moved = true};
}

/// Nothing: look.
std::optional<TargetAgent::Blind> TargetAgent::blind(const journal::TargetTask& task) {
  const journal::Write& write = task.write;
  auto missing = target_.missing.take(write.key);
  if (!is_plain(task) || !keeps_conditions_.value_or(false)) return std::nullopt;
  const Precondition absent{.condition = Condition::absent, .etag = {}};
  if (write.change == Change::compare) {
    if (!missing || missing->size > engine_.config.part_size) return std::nullopt;
    return Blind{.expected = absent, .row = *std::move(missing)};
  }
  if (write.change != Change::put || write.version.epoch != engine_.epoch) return std::nullopt;
  const RecentPuts::Put* recent = engine_.recent.find(write.key, write.version);
  if (recent == nullptr && write.size > engine_.config.part_size) return std::nullopt;
  auto expected = known_.expect(write.key, recent != nullptr ? recent->version : write.version);
  const bool matches = expected && expected->condition == Condition::matches;
  if (!expected || (matches && !target_.store->capabilities().put_if_match)) return std::nullopt;
  return Blind{.expected = *std::move(expected), .row = {.key = write.key, .size = write.size}};
}

Task<TargetAgent::Arrived> TargetAgent::deliver_blind(const Context& context,
                                                      const journal::TargetTask& task,
                                                      const Blind& blind) {
  const std::string& key = task.write.key;
  const RecentPuts::Put* recent = engine_.recent.find(key, task.write.version);
  if (recent != nullptr && task.write.change == Change::put) {
    auto arrived = co_await put_recent(context, key, *recent, blind.expected);
    if (arrived && blind.expected.condition == Condition::absent) known_.was_right();
    co_return arrived;
  }
  co_return co_await copy_expecting(context, task, blind);
}

Task<TargetAgent::Arrived> TargetAgent::put_recent(const Context& context, const std::string& key,
                                                   const RecentPuts::Put& recent,
                                                   const Precondition& expected) {
  const Moving moving(engine_);
  const auto held = recent.body;  // the cache may let go of it meanwhile
  const Version version = recent.version;
  ViewBody body(as_bytes(*held));
  const Upload upload{.body = &body, .size = held->size()};
  const PutOptions options{
      .metadata = recent.metadata, .condition = expected.condition, .etag = expected.etag};
  GODWIT_CO_TRY(PutResult stored, co_await target_.store->put(context, key, upload, options));
  known_.put(key, version, std::move(stored.etag));
  co_return Arrived{.version = version, .bytes = held->size(), .moved = true};
}

/// What the primary holds goes to the target, if both are as expected. Failure also:
/// precondition_failed.
Task<TargetAgent::Arrived> TargetAgent::copy_expecting(const Context& context,
                                                       const journal::TargetTask& task,
                                                       const Blind& blind) {
  const std::string& key = task.write.key;
  const transfer::Annotate annotate = [](const ObjectInfo& source, Metadata& copy) {
    if (!carries_version(source)) mark_copy(source, std::nullopt, copy);
  };
  auto copier = copies_.between({.source = *engine_.primary, .target = *target_.store}, &annotate);
  const Bytes most = engine_.config.part_size;
  if (!copier.goes_in_one_put(blind.row)) {
    co_return fail(Error(Code::precondition_failed, "it goes in parts")
                       .at(place_of(*engine_.primary, "get", key)));
  }
  const auto fits = [&](const ObjectInfo& found) {
    const bool whole = found.size <= most && copier.goes_in_one_put(row_of(found));
    const bool any = task.write.change == Change::compare;
    return whole && (any || (carries_version(found) && version_of(found) >= task.write.version));
  };
  const transfer::CopyGuard guard{.target = blind.expected, .fits = fits};
  const Moving moving(engine_);
  const CancelScope until_paused(context, target_.bodies.token());
  GODWIT_CO_TRY(transfer::Copied copied,
                co_await copier.copy_if(until_paused.context(), blind.row, key, guard));
  engine_.world.mark("a copy is made without a look");
  const Version version = version_of(copied.source);
  known_.put(key, version, std::move(copied.etag));
  const bool guessed = task.write.change != Change::compare;
  if (guessed && blind.expected.condition == Condition::absent) known_.was_right();
  co_return Arrived{.version = version, .bytes = copied.source.size, .moved = true};
}

}  // namespace godwit::replication
