#include "replication/target_agent.h"

#include <algorithm>
#include <utility>

#include "transfer/content_check.h"

namespace godwit::replication {
namespace {

using journal::Change;

transfer::SlotBounds bounds_of(const TargetConfig& config) {
  return {.least = config.workers, .most = config.at_most()};
}

/// One more of something while it lives.
class OneMore {
 public:
  explicit OneMore(std::size_t& count) : count_(count) { ++count_; }
  OneMore(OneMore&&) = delete;
  ~OneMore() { --count_; }

 private:
  std::size_t& count_;
};

/// How often a target that has no room is asked whether it has some.
constexpr Duration kLookForRoom = std::chrono::seconds(5);

}  // namespace

TargetAgent::TargetAgent(Engine& engine, Conflicts& conflicts, Target& target)
    : engine_(engine),
      conflicts_(conflicts),
      target_(target),
      copies_(engine),
      context_(Context(engine.world)
                   .with_cancel(stop_.token())
                   .with_request_id("deliver:" + target.config.name)),
      recall_(stop_.token()),
      pace_(engine.world, bounds_of(target.config)),
      tasks_(engine.world.executor()) {}

TargetAgent::~TargetAgent() = default;

Context TargetAgent::context(std::string_view work) const {
  return context_.with_request_id(std::string(work) + ":" + target_.config.name);
}

void TargetAgent::start() {
  muster();
  tasks_.spawn(probe_now_and_then());
  tasks_.spawn(compare_when_asked());
}

void TargetAgent::set_workers() {
  pace_.bound(bounds_of(target_.config));
  muster();
}

/// As many workers as there should be. Who delivers goes on until it is done.
void TargetAgent::muster() {
  if (stop_.token().cancelled()) return;
  const std::size_t wanted = pace_.limit();
  const std::size_t there = target_.workers;
  for (std::size_t i = there; i < wanted; ++i) tasks_.spawn(work());
  if (there <= wanted) return;
  recall_.cancel();
  recall_ = CancelSource(stop_.token());
  engine_.changed.notify_all();
}

asio::awaitable<void> TargetAgent::stop() {
  stop_.cancel();
  engine_.changed.notify_all();
  co_await tasks_.join();
}

asio::awaitable<void> TargetAgent::work() {
  const Context context = this->context();
  const std::string& name = target_.config.name;
  const OneMore worker(target_.workers);
  while (!context.cancel().cancelled() && target_.workers <= pace_.limit()) {
    if (!target_.takes_deliveries()) {
      co_await engine_.changed.wait();
      continue;
    }
    if (!co_await until_quiet()) co_return;
    const Context until_recalled = context.with_cancel(recall_.token());
    auto task = co_await engine_.journal.next(until_recalled, name);
    if (!task && task.error().code() == Code::cancelled) continue;
    if (!task) co_return;
    auto* queue = engine_.journal.target(name);
    if (queue == nullptr) co_return;
    if (!target_.takes_deliveries()) {
      queue->put_back(task->write.key);
    } else if (waits_for_room(task->write)) {
      queue->postpone(task->write.key, *target_.full_until);
    } else {
      co_await deliver(*std::move(task));
    }
  }
}

Task<void> TargetAgent::until_quiet() {
  const Duration left = engine_.until_quiet(target_.config.name);
  if (left > Duration::zero()) co_return co_await context().sleep(left);
  co_return Result<void>();
}

/// What takes no room goes on: it may be what makes some.
bool TargetAgent::waits_for_room(const journal::Write& write) const {
  return target_.full_until > engine_.world.mono_now() && journal::brings_object(write.change);
}

asio::awaitable<void> TargetAgent::deliver(journal::TargetTask task) {
  const std::string key = task.write.key;
  target_.counts.attempts += 1;
  const OneMore delivery(target_.active);
  const bool paced = pace_.try_acquire();
  auto arrived = co_await attempt(context(), task);
  note_pace(paced, arrived);
  if (!arrived) {
    co_await failed(std::move(task), std::move(arrived).error());
    co_return;
  }
  const Health before = target_.detector.health();
  target_.detector.success();
  note_health(before);
  note_arrival(task, *arrived);
  if (arrived->bytes > 0) target_.full_until.reset();
  if (!arrived->lost) engine_.acks.delivered(target_.config.name, key, arrived->version);
  engine_.drafts.drop_up_to(
      {.target = target_.config.name, .key = key, .version = arrived->version});
  if (auto* queue = engine_.journal.target(target_.config.name)) {
    queue->done(key, arrived->version);
    // What was asked for meanwhile is yet to come.
    const Ending ending{.moved = arrived->moved, .bytes = arrived->bytes};
    const bool ended = !queue->lacks(key) || queue->is_in_doubt(key);
    if (ended) engine_.endings.ended(target_.config.name, key, ending);
  }
  note_progress();
  note_lag();
}

/// What a delivery tells of how many there should be at once.
void TargetAgent::note_pace(bool paced, const Result<Arrived>& arrived) {
  using transfer::Ended;
  if (!paced) return;
  Ended ended = Ended::well;
  if (!arrived) {
    const Error& error = arrived.error();
    const bool at_primary = error.where().store == engine_.primary->identity().url;
    const bool slow = error.code() == Code::throttled || error.code() == Code::timed_out ||
                      error.code() == Code::unavailable;
    ended = slow && !at_primary ? Ended::throttled : Ended::badly;
  }
  pace_.release(ended, arrived ? arrived->bytes : 0);
  muster();
}

/// Both sides of a key, as they were when they were looked at.
struct TargetAgent::Sides {
  std::optional<ObjectInfo> primary;
  transfer::Precondition at_target;  ///< that it is so still
};

/// What others put there meanwhile is not to be written over unseen. A condition that is not kept
/// does no harm: the target has been looked at.
transfer::Precondition TargetAgent::still(const std::optional<ObjectInfo>& there) const {
  const Capabilities& can = target_.store->capabilities();
  if (!keeps_conditions_.value_or(can.put_if_absent)) return {};
  if (!there) return {.condition = Condition::absent, .etag = {}};
  if (there->etag.empty() || !can.put_if_match) return {};
  return {.condition = Condition::matches, .etag = there->etag};
}

Task<TargetAgent::Arrived> TargetAgent::look_and_deliver(const Context& context,
                                                         const journal::TargetTask& task) {
  const std::string& key = task.write.key;
  if (engine_.suspects.contains(key)) {
    co_return fail(Error(Code::unavailable, "an older write may land at the primary yet")
                       .at(place_of(*engine_.primary, "head", key)));
  }
  journal::Write write = task.write;
  const bool doubted = target_.doubts.contains(key);
  const Context look_context = context.with_timeout(target_.config.sync_timeout);
  std::optional<ObjectInfo> primary;
  const RecentPuts::Put* recent = engine_.recent.find(key, task.write.version);
  if (recent != nullptr && write.change == Change::put) {
    primary = ObjectInfo{.key = key,
                         .size = recent->body->size(),
                         .etag = recent->etag,
                         .metadata = recent->metadata};
  } else {
    GODWIT_CO_TRY(primary, co_await look(look_context, *engine_.primary, key));
  }
  GODWIT_CO_TRY(const auto there, co_await look(look_context, *target_.store, key));
  // What a primary had acknowledged that was lost since may be nowhere else: its word no longer
  // counts, what is there does.
  const bool of_old = write.version.epoch < engine_.epoch;
  const bool was_taken = of_old && journal::brings_object(write.change);
  if (was_taken || (of_old && primary)) write.change = Change::compare;
  const Duration age = engine_.world.wall_now() - task.since;
  const bool overdue = age > engine_.config.late_write_window;
  const auto ours = sighting_of(primary);
  if (overdue && ours && ours->through_us && ours->version < write.version) {
    // An older write has landed late over it. Another target may have what the primary has not.
    engine_.world.mark("the primary holds an older object than it acknowledged");
    write.change = Change::compare;
  }
  auto theirs = sighting_of(there);
  // Tokens of two kinds of stores prove nothing, and what is the same is no conflict, nor news.
  const bool noticed = write.change == Change::noticed;
  const bool told = ours && theirs && !ours->etag.empty() && theirs->source == ours->etag;
  if (ours && theirs && !told && (noticed || !theirs->through_us) && ours->size == theirs->size) {
    const transfer::StorePair stores{*engine_.primary, *target_.store};
    const ListEntry source = row_of(*primary);
    const ListEntry target = row_of(*there);
    GODWIT_CO_TRY(const bool same,
                  co_await transfer::same_content(context, stores, source, target));
    if (same) theirs->etag = ours->etag;
    if (same && noticed) theirs->source = ours->etag;
  }
  const bool deposed = engine_.deposed.contains(target_.config.name);
  const Rules rules{.policy = engine_.config.conflict_resolution,
                    .only_there = deposed ? OnlyThere::acknowledged : OnlyThere::removed,
                    .doubted = doubted,
                    .others_write = engine_.config.detection.others_write,
                    .overdue = overdue,
                    .keeps_removed = !engine_.config.detection.propagate_removals,
                    .was_taken = was_taken};
  const Plan plan = plan_delivery(write, ours, theirs, rules);
  // Once, however often it takes to settle it.
  if (plan.conflict && in_conflict_.insert(key).second) {
    target_.counts.conflicts += 1;
    emit(EventType::conflict_detected, key);
  }
  const Sides sides{.primary = primary, .at_target = still(there)};
  auto arrived = co_await carry_out(context, task, plan, sides);
  if (arrived && arrived->outdated) co_return arrived;
  if (arrived && doubted) target_.doubts.erase(key);
  // By the policy; what a person has chosen is counted where it was chosen.
  if (arrived && in_conflict_.erase(key) > 0 && plan.conflict) {
    engine_.counts.conflicts_resolved += 1;
  }
  co_return arrived;
}

Task<TargetAgent::Arrived> TargetAgent::carry_out(const Context& context,
                                                  const journal::TargetTask& task, Plan plan,
                                                  const Sides& sides) {
  const std::string& key = task.write.key;
  const std::optional<ObjectInfo>& primary = sides.primary;
  Arrived arrived{.version = primary ? version_of(*primary) : task.write.version};
  const bool noticed = task.write.change == Change::noticed && primary;
  if (noticed) arrived.version = std::max(arrived.version, task.write.version);
  std::optional<Version> as;
  if (plan.restamp) as = arrived.version;
  arrived.lost = !primary && journal::brings_object(task.write.change);
  if (arrived.lost) engine_.world.mark("a put was lost with its primary");
  const Outrun outrun = [&] { return is_outrun(task); };
  const bool replaces = plan.step == Step::put || plan.step == Step::remove;
  if (plan.conflict && replaces) {
    GODWIT_CO_CHECK(co_await conflicts_.rescue(context, *target_.store, key));
  }
  switch (plan.step) {
    case Step::nothing: break;
    case Step::put: {
      GODWIT_CO_TRY(Arrived put, co_await put_over(context, key, sides, as));
      put.version = std::max(put.version, arrived.version);
      co_return put;
    }
    case Step::restore: co_return co_await restore(context, key, sides);
    case Step::remove:
      GODWIT_CO_CHECK(co_await remove_there(context, key));
      known_.removed(key);
      arrived.moved = true;
      break;
    case Step::look_again:
      co_return fail(Error(Code::not_found, "the primary does not show what was written to it")
                         .at(place_of(*engine_.primary, "head", key)));
    case Step::adopt: co_return co_await adopt(context, task);
    case Step::adopt_anew: {
      GODWIT_CO_TRY(const ObjectInfo theirs,
                    co_await conflicts_.adopt_anew(context, target_, key, outrun));
      co_return co_await put_newest(context, key, theirs);
    }
    case Step::merge: {
      GODWIT_CO_TRY(const ObjectInfo theirs,
                    co_await conflicts_.merge(context, target_, key, outrun));
      GODWIT_CO_CHECK(co_await conflicts_.rescue(context, *target_.store, key));
      co_return co_await put_newest(context, key, theirs);
    }
    case Step::leave: target_.counts.left_alone += 1; break;
    case Step::notice: {
      GODWIT_CO_TRY(const Notice notice, co_await engine_.notice(context, key));
      // What it is news of has a task of its own, which takes the place of this one.
      if (notice == Notice::known) co_return fail(changed_meanwhile(*engine_.primary, key));
      break;
    }
    case Step::ask:
      co_return fail(Error(Code::precondition_failed, "conflict: both objects stay")
                         .with_hint("choose one of them")
                         .at(place_of(*target_.store, "put", key)));
  }
  co_return arrived;
}

Task<void> TargetAgent::remove_there(const Context& context, const std::string& key) {
  const std::span<const std::string> keys(&key, 1);
  GODWIT_CO_TRY(auto removed, co_await target_.store->remove(context, keys));
  co_return std::move(removed.front());
}

/// Nobody knows which of both objects is the damaged one: the target's is kept, if it can be read.
Task<TargetAgent::Arrived> TargetAgent::restore(const Context& context, const std::string& key,
                                                const Sides& sides) {
  const auto doubt = target_.doubts.find(key);
  if (doubt != target_.doubts.end() && doubt->second == FindingKind::different) {
    const auto kept = co_await conflicts_.rescue(context, *target_.store, key);
    if (!kept && kept.error().retry() == Retry::later) co_return std::unexpected(kept.error());
  }
  const std::optional<Version> as_it_is;
  co_return co_await put_over(context, key, sides, as_it_is);
}

/// In the place of what was seen there, if it is there still.
/// `as`: the version that it is to say of itself, where that is not the primary's.
Task<TargetAgent::Arrived> TargetAgent::put_over(const Context& context, const std::string& key,
                                                 const Sides& sides,
                                                 const std::optional<Version>& as) {
  auto arrived = co_await put(context, key, sides, as);
  const bool conditional = sides.at_target.condition != Condition::none;
  const bool at_target = !arrived && arrived.error().where().store == target_.store->identity().url;
  if (!conditional || !at_target) co_return arrived;
  const Code code = arrived.error().code();
  const bool changed = code == Code::precondition_failed;
  const bool refuses = code == Code::unsupported && !keeps_conditions_;  // which was not tried yet
  if (!changed && !refuses) co_return arrived;
  if (refuses) keeps_conditions_ = false;
  if (changed) engine_.world.mark("a target has changed since it was looked at");
  co_return Arrived{.outdated = true};
}

Task<TargetAgent::Arrived> TargetAgent::put(const Context& context, const std::string& key,
                                            const Sides& sides, const std::optional<Version>& as) {
  const ObjectInfo& primary = *sides.primary;
  Arrived arrived{
      .version = as.value_or(version_of(primary)), .bytes = primary.size, .moved = true};
  const RecentPuts::Put* recent = engine_.recent.find(key, arrived.version);
  if (recent != nullptr && recent->version == arrived.version) {
    co_return co_await put_recent(context, key, *recent, sides.at_target);
  }
  const Moving moving(engine_);
  known_.removed(key);
  const CancelScope until_paused(context, target_.bodies.token());
  GODWIT_CO_TRY(const bool completed, co_await complete_draft(until_paused.context(), key, sides));
  if (completed) co_return arrived;
  transfer::Annotate annotate;
  // Others may put theirs in its place before it is read.
  if (as || !carries_version(primary) || engine_.config.detection.others_write) {
    annotate = [as](const ObjectInfo& source, Metadata& copy) { mark_copy(source, as, copy); };
  }
  auto copier = copies_.between({.source = *engine_.primary, .target = *target_.store},
                                annotate ? &annotate : nullptr);
  const ListEntry entry = row_of(primary);
  GODWIT_CO_TRY(arrived.bytes,
                co_await copier.copy(until_paused.context(), entry, key, sides.at_target));
  co_return arrived;
}

/// Makes visible what was sent to the target while the primary took it; copies what is missing of
/// it. False when there is nothing of that.
Task<bool> TargetAgent::complete_draft(const Context& context, const std::string& key,
                                       const Sides& sides) {
  const ObjectInfo& primary = *sides.primary;
  const Drafts::Name name{
      .target = target_.config.name, .key = key, .version = version_of(primary)};
  const auto draft = engine_.drafts.take(name);
  if (!draft) co_return false;
  const auto sent = co_await draft->upload.until_sent(context);
  if (sent && draft->whole) {
    auto stored = co_await draft->upload.complete(context, sides.at_target);
    if (stored) {
      engine_.world.mark("a draft is made visible");
      known_.put(key, name.version, std::move(stored->etag));
      co_return true;
    }
    const bool again = stored.error().retry() == Retry::later && target_.takes_deliveries();
    if (again) {
      engine_.drafts.put_back(name, draft);
    } else {
      engine_.drafts.free(draft);
    }
    // What may have become visible, or may yet, is for the caller to know.
    const bool unknown = stored.error().outcome() == Outcome::unknown;
    if (again || unknown) co_return std::unexpected(std::move(stored).error());
    co_return false;
  }
  if (auto wanted = context.check(); !wanted) {
    engine_.drafts.free(draft);
    co_return std::unexpected(std::move(wanted).error());
  }
  co_await draft->upload.stop();
  const auto id = draft->upload.id();
  if (!id) co_return false;
  auto copier = copies_.between({.source = *engine_.primary, .target = *target_.store});
  engine_.world.mark("a copy goes on from a draft");
  const transfer::UploadState begun{.source_etag = primary.etag,
                                    .size = primary.size,
                                    .part_size = draft->part_size,
                                    .metadata = transfer::fingerprint(primary.metadata),
                                    .upload_id = *id};
  GODWIT_CO_CHECK(co_await copier.go_on(context, key, key, begun, sides.at_target));
  co_return true;
}

/// After a conflict with `settled`, which the target holds.
Task<TargetAgent::Arrived> TargetAgent::put_newest(const Context& context, const std::string& key,
                                                   const ObjectInfo& settled) {
  GODWIT_CO_TRY(auto newest, co_await look(context, *engine_.primary, key));
  if (!newest) co_return fail(changed_meanwhile(*engine_.primary, key));
  const Sides sides{.primary = std::move(newest), .at_target = still(settled)};
  const std::optional<Version> as_it_is;
  co_return co_await put_over(context, key, sides, as_it_is);
}

/// A write, or a removal, has come between the look that led here and the key's lock, or may still
/// take effect.
bool TargetAgent::is_outrun(const journal::TargetTask& task) const {
  const std::string& key = task.write.key;
  const auto* queue = engine_.journal.target(target_.config.name);
  const bool newer = queue == nullptr || queue->newest_of_taken(key) > task.write.version;
  return newer || engine_.is_open(key);
}

/// The target's object has won, and is newer: it becomes a write of its version.
Task<TargetAgent::Arrived> TargetAgent::adopt(const Context& context,
                                              const journal::TargetTask& task) {
  const std::string& key = task.write.key;
  GODWIT_CO_TRY(const auto held, co_await engine_.locks.acquire(context, key));
  GODWIT_CO_TRY(const auto there, co_await look(context, *target_.store, key));
  if (!there) co_return fail(changed_meanwhile(*engine_.primary, key));
  GODWIT_CO_TRY(const auto ours, co_await look(context, *engine_.primary, key));
  const Version version = version_of(*there);
  if (is_outrun(task) || (ours && version_of(*ours) >= version)) {
    co_return fail(changed_meanwhile(*engine_.primary, key));
  }
  GODWIT_CO_CHECK(engine_.clock.observe(version.time, engine_.world.wall_now()));
  GODWIT_CO_CHECK(co_await conflicts_.rescue(context, *engine_.primary, key));
  journal::Write write{.key = key, .version = version, .size = there->size};
  GODWIT_CO_TRY(const auto intent, co_await engine_.journal.begin(std::move(write)));
  auto copier = copies_.between({.source = *target_.store, .target = *engine_.primary});
  const ListEntry entry = row_of(*there);
  const auto copied = co_await copier.copy(context, entry, key);
  if (!copied) {
    engine_.journal.leave_unsettled(intent);
    engine_.changed.notify_all();
    co_return std::unexpected(copied.error());
  }
  engine_.world.mark("an object is adopted");
  engine_.recent.erase(key);
  engine_.commit(intent, key, version);
  co_return Arrived{.version = version, .bytes = *copied, .moved = true};
}

/// What an error of a delivery says.
struct TargetAgent::Verdict {
  bool at_primary = false;  ///< it says nothing of the target
  bool conflict = false;    ///< waits for a person; says nothing of the target's health
  bool lost = false;        ///< the primary does not show what was written to it
  bool full = false;        ///< the target has no room: so it is for all that is put there
  bool for_good = false;    ///< another try would end in the same way
};

TargetAgent::Verdict TargetAgent::judge(const Error& error) const {
  const bool at_primary = error.where().store == engine_.primary->identity().url;
  const bool refused = error.code() == Code::precondition_failed;
  Verdict verdict{.at_primary = at_primary, .conflict = refused && !at_primary};
  // It may be on its way there, or being removed.
  verdict.lost = at_primary && error.code() == Code::not_found;
  // At the primary a refusal says that the object changed meanwhile.
  const bool changed = at_primary && refused;
  verdict.full = !at_primary && error.code() == Code::no_space;
  verdict.for_good = error.retry() == Retry::never && error.code() != Code::cancelled &&
                     !verdict.lost && !verdict.full && !changed;
  return verdict;
}

asio::awaitable<void> TargetAgent::failed(journal::TargetTask task, Error error) {
  const std::string& key = task.write.key;
  const Verdict verdict = judge(error);
  const bool cancelled = error.code() == Code::cancelled;
  bool answers = true;
  if (!verdict.at_primary && !verdict.conflict && !verdict.full && !cancelled) {
    const Health before = target_.detector.health();
    // Whoever answers a probe refuses this object only.
    if (verdict.for_good) answers = co_await probe();
    if (!verdict.for_good || !answers) target_.detector.failure();
    note_health(before);
  }
  auto* queue = engine_.journal.target(target_.config.name);
  if (queue == nullptr) co_return;
  if (!verdict.at_primary && error.outcome() == Outcome::unknown) {
    queue->doubt(key, engine_.world.mono_now() + engine_.config.late_write_window);
  }
  const bool counts = !verdict.at_primary || verdict.lost;
  const bool last = counts && task.attempts + 1 >= target_.config.max_attempts;
  if (cancelled || !target_.takes_deliveries()) {
    queue->put_back(key);
  } else if (verdict.full) {
    target_.full_until = engine_.world.mono_now() + kLookForRoom;
    queue->postpone(key, *target_.full_until);
  } else if (answers && (verdict.for_good || last) && !queue->is_doubted(key)) {
    if (!verdict.conflict) {
      target_.counts.failed += 1;
      emit(EventType::write_failed, key, error.to_string());
    }
    engine_.world.mark("a task is buried");
    queue->bury(key, error, engine_.world.wall_now());
    engine_.endings.ended(target_.config.name, key, {.error = std::move(error)});
  } else {
    const Duration pause = backoff(engine_.world, target_.config, task.attempts);
    queue->retry(key, engine_.world.mono_now() + pause);
  }
}

void TargetAgent::note_arrival(const journal::TargetTask& task, const Arrived& arrived) {
  target_.counts.bytes += arrived.bytes;
  if (!arrived.moved || task.again) return;
  target_.counts.replicated += 1;
  const Duration way = engine_.world.wall_now() - task.since;
  target_.counts.replication_time.add(std::max(Duration::zero(), way));
  emit(EventType::write_replicated, task.write.key);
}

void TargetAgent::emit(EventType type, const std::string& key, std::string message) {
  engine_.events.emit(
      {.type = type, .target = target_.config.name, .key = key, .message = std::move(message)});
}

Duration backoff(World& world, const TargetConfig& config, std::uint32_t attempts) {
  Duration pause = config.retry_delay;
  for (std::uint32_t i = 0; i < attempts && pause < config.longest_retry_delay; ++i) pause *= 2;
  pause = std::min(pause, config.longest_retry_delay);
  return pause * (768 + world.random() % 512) / 1024;
}

}  // namespace godwit::replication
