#include "replication/noticed.h"

#include <utility>

#include "replication/versioned.h"

namespace godwit {

std::string_view to_string(Notice notice) {
  switch (notice) {
    case Notice::known: return "known";
    case Notice::written: return "written";
    case Notice::removed: return "removed";
    case Notice::kept: return "kept";
    case Notice::held: return "held";
  }
  std::unreachable();
}

namespace replication {

Task<Notice> Noticed::notice(const Context& context, const std::string& key) {
  GODWIT_CO_CHECK(check_user_key(key));
  GODWIT_CO_TRY(const auto pass, co_await engine_.gate.enter(context));
  const CancelScope scope(context, engine_.writes.token());
  GODWIT_CO_TRY(const auto held, co_await engine_.locks.acquire(scope.context(), key));
  GODWIT_CO_TRY(const auto there, co_await look_when_settled(scope.context(), key));
  if (engine_.last_seen.knows(key, there)) co_return Notice::known;
  const bool ours = there && carries_version(*there);
  const bool compared = engine_.deposed.empty();
  if (ours && !compared) co_return co_await of_ours(key, *there);
  if (there) co_return co_await written(key, *there);
  if (!compared) {
    GODWIT_CO_TRY(const bool lost, co_await engine_.journal.lost().may_have(key));
    if (lost) co_return co_await lost_with_its_primary(key);
  }
  co_return co_await removed(scope.context(), key);
}

Task<Notice> Noticed::notice_again(const Context& context, const std::string& key) {
  GODWIT_CO_TRY(const auto held, co_await engine_.locks.acquire(context, key));
  GODWIT_CO_TRY(const auto there, co_await look_when_settled(context, key));
  if (!there) co_return co_await removed(context, key);
  if (carries_version(*there)) co_return Notice::known;
  co_return co_await written(key, *there);
}

Task<std::optional<ObjectInfo>> Noticed::look_when_settled(const Context& context,
                                                           const std::string& key) const {
  GODWIT_CO_CHECK(check_settled(key));
  const Context patient = context.with_timeout(engine_.config.health_check_timeout);
  GODWIT_CO_TRY(auto there, co_await look(patient, *engine_.primary, key));
  // Large puts begin without the lock.
  GODWIT_CO_CHECK(check_settled(key));
  co_return std::move(there);
}

/// What stands there may be an older write of ours that has landed late; or ours may come over it,
/// with a version that was taken before.
Result<void> Noticed::check_settled(const std::string& key) const {
  if (!engine_.is_open(key) && !engine_.open_puts.contains(key)) return {};
  return fail(Error(Code::unavailable, "a write of '" + key + "' is under way")
                  .at(place_of(*engine_.primary, "head", key)));
}

Task<Notice> Noticed::written(const std::string& key, const ObjectInfo& there) {
  const Duration age = engine_.world.wall_now() - there.modified;
  if (age >= Duration::zero() && age < engine_.config.detection.settle) {
    co_return fail(Error(Code::unavailable, "'" + key + "' has only just been written")
                       .at(place_of(*engine_.primary, "head", key)));
  }
  journal::Write write{.key = key,
                       .version = engine_.next_version(),
                       .change = journal::Change::noticed,
                       .size = there.size};
  GODWIT_CO_CHECK(co_await promise(std::move(write)));
  engine_.last_seen.saw(key, there);
  engine_.counts.noticed += 1;
  engine_.world.mark("a write behind our back is noticed");
  co_return Notice::written;
}

/// A newer write of ours may be at a primary that was lost and has not been compared since: it must
/// not lose against an older one that is told of only because the primary is another one.
Task<Notice> Noticed::of_ours(const std::string& key, const ObjectInfo& there) {
  GODWIT_CO_CHECK(co_await engine_.journal.compare(key, journal::Priority::normal));
  engine_.last_seen.wrote(key, version_of(there), there.etag);
  engine_.world.mark("a write of ours is told while a lost primary is not compared");
  co_return Notice::known;
}

/// Nobody has removed it: the primary of today never had it.
Task<Notice> Noticed::lost_with_its_primary(const std::string& key) {
  GODWIT_CO_CHECK(co_await engine_.journal.compare(key, journal::Priority::normal));
  engine_.world.mark("a key is told of that was lost with its primary");
  co_return Notice::known;
}

Task<Notice> Noticed::removed(const Context& context, const std::string& key) {
  const Detection& detection = engine_.config.detection;
  if (!detection.propagate_removals) co_return Notice::kept;
  // One that was emptied, or is not mounted, says nothing of what was removed.
  const Context patient = context.with_timeout(engine_.config.health_check_timeout);
  GODWIT_CO_TRY(const auto marker, co_await read_marker(patient, *engine_.primary));
  if (!marker) co_return fail(lost_its_marker(*engine_.primary));
  if (!engine_.removals.take(detection.most_removals, engine_.world.mono_now())) {
    if (engine_.removals.first_refused()) {
      engine_.events.emit(
          {.type = EventType::removals_held,
           .key = key,
           .message = "more than " + std::to_string(detection.most_removals) + " in an hour"});
    }
    co_return Notice::held;
  }
  GODWIT_CO_CHECK(check_settled(key));
  journal::Write write{
      .key = key, .version = engine_.next_version(), .change = journal::Change::remove};
  GODWIT_CO_CHECK(co_await promise(std::move(write)));
  engine_.last_seen.gone(key);
  engine_.counts.noticed += 1;
  engine_.world.mark("a removal behind our back is noticed");
  co_return Notice::removed;
}

/// Of the journal alone: the primary has it.
Task<void> Noticed::promise(journal::Write write) {
  const std::string key = write.key;
  GODWIT_CO_TRY(const auto intent, co_await engine_.journal.begin(std::move(write)));
  // It may be what was overwritten.
  engine_.recent.erase(key);
  engine_.primary_answered = engine_.world.mono_now();
  engine_.journal.commit(intent, engine_.world.wall_now());
  writer_.bound_backlogs();
  co_return Result<void>();
}

}  // namespace replication
}  // namespace godwit
