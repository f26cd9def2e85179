#include "replication/target_agent.h"

#include <algorithm>
#include <utility>

#include "transfer/comparison.h"
#include "transfer/content_check.h"
#include "transfer/list_diff.h"

namespace godwit::replication {
namespace {

using journal::Change;

/// How often a target that cannot be reached is asked whether it is back.
constexpr Duration kProbeWhenDown = std::chrono::seconds(2);

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

/// A body is on its way while it lives.
class Moving {
 public:
  explicit Moving(Engine& engine) : engine_(engine) {
    engine_.counts.moving.begin(engine_.world.mono_now());
  }
  Moving(Moving&&) = delete;
  ~Moving() { engine_.counts.moving.end(engine_.world.mono_now()); }

 private:
  Engine& engine_;
};

class Deaf final : public transfer::Observer {
 public:
  void on_event(const transfer::Event&) override {}
  void on_start(const transfer::Progress&) override {}
};

/// Keys of which the listings cannot prove that both sides are the same.
class Suspects final : public transfer::DiffSink {
 public:
  Suspects(const Context& context, Engine& engine, Target& target)
      : context_(context),
        engine_(engine),
        target_(target),
        comparison_(engine.primary->capabilities(), target.store->capabilities()) {}

  void pair(ListEntry* source, ListEntry* target) override {
    const bool same = source != nullptr && target != nullptr &&
                      comparison_.content(*source, *target) == transfer::Verdict::same;
    std::string& key = source != nullptr ? source->key : target->key;
    if (!same && !key.starts_with(kOwnKeys)) keys_.push_back(std::move(key));
  }

  Task<void> room() override {
    for (std::string& key : std::exchange(keys_, {})) {
      GODWIT_CO_CHECK(
          co_await engine_.journal.push_compare(context_, target_.config.name, std::move(key)));
    }
    co_return Result<void>();
  }

 private:
  const Context& context_;
  Engine& engine_;
  Target& target_;
  transfer::Comparison comparison_;
  std::vector<std::string> keys_;
};

}  // namespace

/// What the mover needs around each copy.
struct TargetAgent::CopySupport {
  explicit CopySupport(Engine& engine)
      : slots(engine.world, transfer::Slots::kMost),
        resources{.world = engine.world, .slots = slots, .progress = progress, .observer = deaf} {}

  transfer::Slots slots;
  transfer::Progress progress;
  Deaf deaf;
  transfer::TransferOptions options;
  transfer::CopyResources resources;
};

TargetAgent::TargetAgent(Engine& engine, Conflicts& conflicts, Target& target)
    : engine_(engine),
      conflicts_(conflicts),
      target_(target),
      copies_(std::make_unique<CopySupport>(engine)),
      recall_(stop_.token()),
      pace_(engine.world, bounds_of(target.config)),
      tasks_(engine.world.executor()) {}

TargetAgent::~TargetAgent() = default;

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
    if (target_.takes_deliveries()) {
      co_await deliver(*std::move(task));
    } else if (auto* queue = engine_.journal.target(name)) {
      queue->put_back(task->write.key);
    }
  }
}

Task<void> TargetAgent::until_quiet() {
  const Duration left = engine_.until_quiet(target_.config.name);
  if (left > Duration::zero()) co_return co_await context().sleep(left);
  co_return Result<void>();
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
  engine_.acks.delivered(target_.config.name, key, arrived->version);
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

Task<TargetAgent::Arrived> TargetAgent::attempt(const Context& context,
                                                const journal::TargetTask& task) {
  if (const auto expected = this->expected(task)) {
    const std::string& key = task.write.key;
    const RecentPuts::Put* recent = engine_.recent.find(key, task.write.version);
    auto arrived = co_await put_recent(context, key, *recent, *expected);
    const bool wrong = !arrived && arrived.error().code() == Code::precondition_failed;
    if (!wrong) co_return arrived;
    known_.was_wrong(key);
  }
  co_return co_await look_and_deliver(context, task);
}

/// What the target must hold so that the write may be put there without a look; nothing: look.
std::optional<KnownObjects::Expected> TargetAgent::expected(const journal::TargetTask& task) {
  const journal::Write& write = task.write;
  const bool plain = write.change == Change::put && write.version.epoch == engine_.epoch &&
                     task.attempts == 0 && !in_conflict_.contains(write.key) &&
                     !target_.doubts.contains(write.key) &&
                     !engine_.deposed.contains(target_.config.name);
  if (!plain || !keeps_conditions_.value_or(false)) return std::nullopt;
  const RecentPuts::Put* recent = engine_.recent.find(write.key, write.version);
  if (recent == nullptr) return std::nullopt;
  auto expected = known_.expect(write.key, recent->version);
  const bool matches = expected && expected->condition == Condition::matches;
  if (matches && !target_.store->capabilities().put_if_match) return std::nullopt;
  return expected;
}

Task<TargetAgent::Arrived> TargetAgent::look_and_deliver(const Context& context,
                                                         const journal::TargetTask& task) {
  const std::string& key = task.write.key;
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
  if (of_old && (write.change == Change::put || primary)) write.change = Change::compare;
  const auto ours = sighting_of(primary);
  auto theirs = sighting_of(there);
  // Tokens of two kinds of stores prove nothing, and what is the same is no conflict.
  if (ours && theirs && !theirs->through_us && ours->size == theirs->size) {
    const transfer::StorePair stores{*engine_.primary, *target_.store};
    const ListEntry source = row_of(*primary);
    const ListEntry target = row_of(*there);
    GODWIT_CO_TRY(const bool same,
                  co_await transfer::same_content(context, stores, source, target));
    if (same) theirs->etag = ours->etag;
  }
  const bool deposed = engine_.deposed.contains(target_.config.name);
  const Rules rules{.policy = engine_.config.conflict_resolution,
                    .only_there = deposed ? OnlyThere::acknowledged : OnlyThere::removed,
                    .doubted = doubted};
  const Plan plan = plan_delivery(write, ours, theirs, rules);
  // Once, however often it takes to settle it.
  if (plan.conflict && in_conflict_.insert(key).second) {
    target_.counts.conflicts += 1;
    emit(EventType::conflict_detected, key);
  }
  auto arrived = co_await carry_out(context, task, plan, primary);
  if (arrived && doubted) target_.doubts.erase(key);
  // By the policy; what a person has chosen is counted where it was chosen.
  if (arrived && in_conflict_.erase(key) > 0 && plan.conflict) {
    engine_.counts.conflicts_resolved += 1;
  }
  co_return arrived;
}

Task<TargetAgent::Arrived> TargetAgent::carry_out(const Context& context,
                                                  const journal::TargetTask& task, Plan plan,
                                                  const std::optional<ObjectInfo>& primary) {
  const std::string& key = task.write.key;
  Arrived arrived{.version = primary ? version_of(*primary) : task.write.version};
  const bool replaces = plan.step == Step::put || plan.step == Step::remove;
  if (plan.conflict && replaces) {
    GODWIT_CO_CHECK(co_await conflicts_.rescue(context, *target_.store, key));
  }
  switch (plan.step) {
    case Step::nothing: break;
    case Step::put: co_return co_await put(context, key, *primary);
    case Step::restore: co_return co_await restore(context, key, *primary);
    case Step::remove: {
      const std::span<const std::string> keys(&key, 1);
      GODWIT_CO_TRY(auto removed, co_await target_.store->remove(context, keys));
      if (!removed.front()) co_return std::unexpected(std::move(removed.front()).error());
      known_.removed(key);
      arrived.moved = true;
      break;
    }
    case Step::look_again:
      co_return fail(Error(Code::not_found, "the primary does not show what was written to it")
                         .at(place_of(*engine_.primary, "head", key)));
    case Step::adopt: co_return co_await adopt(context, task);
    case Step::adopt_anew:
      GODWIT_CO_CHECK(co_await conflicts_.adopt_anew(context, target_, key));
      co_return co_await put_newest(context, key);
    case Step::merge:
      GODWIT_CO_CHECK(co_await conflicts_.merge(context, target_, key));
      GODWIT_CO_CHECK(co_await conflicts_.rescue(context, *target_.store, key));
      co_return co_await put_newest(context, key);
    case Step::leave: target_.counts.left_alone += 1; break;
    case Step::ask:
      co_return fail(Error(Code::precondition_failed, "conflict: both objects stay")
                         .with_hint("choose one of them")
                         .at(place_of(*target_.store, "put", key)));
  }
  co_return arrived;
}

/// Nobody knows which of both objects is the damaged one: the target's is kept, if it can be read.
Task<TargetAgent::Arrived> TargetAgent::restore(const Context& context, const std::string& key,
                                                const ObjectInfo& primary) {
  const auto doubt = target_.doubts.find(key);
  if (doubt != target_.doubts.end() && doubt->second == FindingKind::different) {
    const auto kept = co_await conflicts_.rescue(context, *target_.store, key);
    if (!kept && kept.error().retry() == Retry::later) co_return std::unexpected(kept.error());
  }
  co_return co_await put(context, key, primary);
}

Task<TargetAgent::Arrived> TargetAgent::put(const Context& context, const std::string& key,
                                            const ObjectInfo& primary) {
  Arrived arrived{.version = version_of(primary), .bytes = primary.size, .moved = true};
  const RecentPuts::Put* recent = engine_.recent.find(key, arrived.version);
  if (recent != nullptr && recent->version == arrived.version) {
    const KnownObjects::Expected anything{.condition = Condition::none};
    co_return co_await put_recent(context, key, *recent, anything);
  }
  const Moving moving(engine_);
  known_.removed(key);
  transfer::Copier copier({.source = *engine_.primary, .target = *target_.store}, copies_->options,
                          copies_->resources);
  const ListEntry entry = row_of(primary);
  GODWIT_CO_TRY(arrived.bytes, co_await copier.copy(context, entry, key));
  co_return arrived;
}

Task<TargetAgent::Arrived> TargetAgent::put_recent(const Context& context, const std::string& key,
                                                   const RecentPuts::Put& recent,
                                                   const KnownObjects::Expected& expected) {
  const Moving moving(engine_);
  const auto held = recent.body;  // the cache may let go of it meanwhile
  const Version version = recent.version;
  ViewBody body(as_bytes(*held));
  const Upload upload{.body = &body, .size = held->size()};
  const PutOptions options{
      .metadata = recent.metadata, .condition = expected.condition, .etag = expected.etag};
  GODWIT_CO_TRY(PutResult stored, co_await target_.store->put(context, key, upload, options));
  known_.put(key, version, std::move(stored.etag));
  if (expected.condition != Condition::none) known_.was_right();
  co_return Arrived{.version = version, .bytes = held->size(), .moved = true};
}

Task<TargetAgent::Arrived> TargetAgent::put_newest(const Context& context, const std::string& key) {
  GODWIT_CO_TRY(const auto newest, co_await look(context, *engine_.primary, key));
  if (!newest) co_return fail(changed_meanwhile(*engine_.primary, key));
  co_return co_await put(context, key, *newest);
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
  // A write, or a removal, may have come between the look that led here and the lock.
  const auto* queue = engine_.journal.target(target_.config.name);
  const bool outrun = engine_.journal.is_unsettled(key) ||
                      (queue != nullptr && queue->newest_of_taken(key) > task.write.version);
  if (outrun || (ours && version_of(*ours) >= version)) {
    co_return fail(changed_meanwhile(*engine_.primary, key));
  }
  GODWIT_CO_CHECK(engine_.clock.observe(version.time, engine_.world.wall_now()));
  GODWIT_CO_CHECK(co_await conflicts_.rescue(context, *engine_.primary, key));
  journal::Write write{.key = key, .version = version, .size = there->size};
  GODWIT_CO_TRY(const auto intent, co_await engine_.journal.begin(std::move(write)));
  transfer::Copier copier({.source = *target_.store, .target = *engine_.primary}, copies_->options,
                          copies_->resources);
  const ListEntry entry = row_of(*there);
  const auto copied = co_await copier.copy(context, entry, key);
  if (!copied) {
    engine_.journal.leave_unsettled(intent);
    engine_.changed.notify_all();
    co_return std::unexpected(copied.error());
  }
  engine_.recent.erase(key);
  engine_.journal.commit(intent, engine_.world.wall_now());
  co_return Arrived{.version = version, .bytes = *copied, .moved = true};
}

/// What an error of a delivery says.
struct TargetAgent::Verdict {
  bool at_primary = false;  ///< it says nothing of the target
  bool conflict = false;    ///< waits for a person; says nothing of the target's health
  bool lost = false;        ///< the primary does not show what was written to it
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
  verdict.for_good =
      error.retry() == Retry::never && error.code() != Code::cancelled && !verdict.lost && !changed;
  return verdict;
}

asio::awaitable<void> TargetAgent::failed(journal::TargetTask task, Error error) {
  const std::string& key = task.write.key;
  const Verdict verdict = judge(error);
  const bool cancelled = error.code() == Code::cancelled;
  bool answers = true;
  if (!verdict.at_primary && !verdict.conflict && !cancelled) {
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
  } else if (answers && (verdict.for_good || last)) {
    if (!verdict.conflict) {
      target_.counts.failed += 1;
      emit(EventType::write_failed, key, error.to_string());
    }
    queue->bury(key, error, engine_.world.wall_now());
    engine_.endings.ended(target_.config.name, key, {.error = std::move(error)});
  } else {
    const Duration pause = backoff(engine_.world, target_.config, task.attempts);
    queue->retry(key, engine_.world.mono_now() + pause);
  }
}

/// Whether the target answers, and as the one that it should be.
asio::awaitable<bool> TargetAgent::probe() {
  const Context context = this->context().with_timeout(engine_.config.health_check_timeout);
  const auto marker = co_await read_marker(context, *target_.store);
  if (!marker) co_return false;
  // Only a primary that is marked may mark others: see claim_primary.
  if (!engine_.primary_is_marked) co_return true;
  const std::string why = why_not_ours(*marker);
  give_up(why);
  if (!why.empty()) co_return true;
  const std::uint32_t seen = *marker ? (*marker)->epoch : 0;
  if (seen < target_.marked) compare_anew();
  target_.marked = seen;
  if (seen >= engine_.epoch) co_return true;
  const Marker ours = engine_.marker_of(target_.config.name);
  const auto written = co_await write_marker(context, *target_.store, ours);
  if (written) target_.marked = ours.epoch;
  co_return written.has_value();
}

/// A condition that is not kept would write over what others put there.
asio::awaitable<void> TargetAgent::try_conditions() {
  if (!target_.store->capabilities().put_if_absent) {
    keeps_conditions_ = false;
    co_return;
  }
  const Context context = this->context().with_timeout(engine_.config.health_check_timeout);
  Marker marker = engine_.marker_of(target_.config.name);
  marker.epoch = target_.marked;
  const auto kept = co_await keeps_conditions(context, *target_.store, marker);
  if (kept) keeps_conditions_ = *kept;
}

std::string TargetAgent::why_not_ours(const std::optional<Marker>& marker) const {
  const std::string& name = target_.config.name;
  if (marker) {
    const auto ours = check_owner(*marker, engine_.config.name, name, *target_.store);
    return ours ? "" : ours.error().message();
  }
  if (!engine_.deposed.contains(name)) return "";
  // What only it had would be taken for removed, were another place filled in its stead.
  return "it was primary, and has no marker any more: it was emptied, or is not the place that it "
         "was (to fill it anew, remove it and add it again)";
}

/// It was emptied, or set back to what it was some time ago.
void TargetAgent::compare_anew() {
  auto* queue = engine_.journal.target(target_.config.name);
  if (queue == nullptr || engine_.deposed.contains(target_.config.name)) return;
  queue->collapse();
  engine_.changed.notify_all();
}

/// A store of somebody else is not written to, until it is ours again.
void TargetAgent::give_up(const std::string& why) {
  target_.why_failed = why;
  const bool failed = target_.state == State::failed;
  if (failed == !why.empty() || (!failed && !target_.is_served())) return;
  target_.state = failed ? State::syncing : State::failed;
  engine_.changed.notify_all();
}

asio::awaitable<void> TargetAgent::probe_now_and_then() {
  const Context context = this->context();
  while (!context.cancel().cancelled()) {
    const MonoTime begun = engine_.world.mono_now();
    const bool well = co_await probe();
    if (well && !keeps_conditions_ && target_.marked > 0) co_await try_conditions();
    if (context.cancel().cancelled()) co_return;
    const Health before = target_.detector.health();
    if (well) {
      target_.detector.success();
      target_.round_trip.add(engine_.world.mono_now() - begun);
    } else {
      target_.detector.failure();
    }
    note_health(before);
    note_progress();
    note_lag();
    const bool at_leisure = well && target_.state != State::failed;
    const Duration interval = at_leisure
                                  ? engine_.config.health_check_interval
                                  : std::min(kProbeWhenDown, engine_.config.health_check_interval);
    const auto jitter = engine_.world.random() % 256;
    (void)co_await context.sleep(interval * (896 + jitter) / 1024);
  }
}

asio::awaitable<void> TargetAgent::compare_when_asked() {
  const Context context = this->context();
  std::uint32_t failures = 0;
  while (!context.cancel().cancelled()) {
    auto* queue = engine_.journal.target(target_.config.name);
    if (queue == nullptr) co_return;
    if (!queue->must_compare() || !target_.takes_deliveries()) {
      co_await engine_.changed.wait();
      continue;
    }
    if (!co_await until_quiet()) co_return;
    if (co_await compare_all()) {
      note_progress();
      failures = 0;
    } else {
      (void)co_await context.sleep(backoff(engine_.world, target_.config, failures++));
    }
  }
}

/// True when the target has been compared, and all that differed has been settled.
asio::awaitable<bool> TargetAgent::compare_all() {
  const std::string& name = target_.config.name;
  auto* queue = engine_.journal.target(name);
  const std::uint64_t collapses = queue->collapses();
  emit(EventType::sync_started);
  auto compared = co_await compare();
  if (compared && queue->backlog().dead > 0) {
    compared = fail(Code::unavailable, std::to_string(queue->backlog().dead) + " dead letters");
  }
  if (compared && engine_.deposed.contains(name))
    compared = co_await engine_.let_in(context(), name);
  if (compared) queue->resynced(collapses);
  engine_.events.emit({.type = EventType::sync_completed,
                       .target = name,
                       .message = compared ? "" : compared.error().to_string(),
                       .failed = !compared});
  co_return compared.has_value();
}

/// Makes tasks of all that differs, and waits until they are done.
Task<void> TargetAgent::compare() {
  const Context context = this->context();
  // A primary that was emptied says nothing of what was removed.
  GODWIT_CO_TRY(const auto marker, co_await read_marker(context, *engine_.primary));
  if (!marker) co_return fail(Code::precondition_failed, "the primary has lost its marker");
  Suspects suspects(context, engine_, target_);
  const transfer::DiffOptions options;
  GODWIT_CO_CHECK(
      co_await transfer::list_diff(context, *engine_.primary, *target_.store, options, suspects));
  GODWIT_CO_CHECK(co_await suspects.room());
  while (true) {
    GODWIT_CO_CHECK(context.check());
    auto* queue = engine_.journal.target(target_.config.name);
    if (queue == nullptr) co_return fail(Code::not_found, "the target was removed");
    if (queue->compares() == 0) co_return Result<void>();
    (void)co_await context.sleep(std::chrono::milliseconds(100));
  }
}

void TargetAgent::note_health(Health before) {
  const Health now = target_.detector.health();
  if (now == before) return;
  if (now == Health::unhealthy && target_.state == State::active) target_.state = State::syncing;
  if (now == Health::healthy) emit(EventType::target_healthy);
  if (now == Health::degraded) emit(EventType::target_degraded);
  if (now == Health::unhealthy) emit(EventType::target_unhealthy);
  engine_.changed.notify_all();
}

void TargetAgent::note_arrival(const journal::TargetTask& task, const Arrived& arrived) {
  target_.counts.bytes += arrived.bytes;
  if (!arrived.moved) return;
  target_.counts.replicated += 1;
  engine_.counts.arrivals += 1;
  const Duration way = engine_.world.wall_now() - task.since;
  engine_.counts.on_the_way += std::max(Duration::zero(), way);
  emit(EventType::write_replicated, task.write.key);
}

/// Told once, until it is much less again.
void TargetAgent::note_lag() {
  const auto backlog = engine_.journal.backlog(target_.config.name);
  if (!backlog) return;
  const Duration lag = engine_.world.wall_now() - backlog->oldest.value_or(WallTime::max());
  const Duration most = engine_.config.lag_alert.value_or(engine_.config.max_replication_lag);
  const Duration known = backlog->oldest ? std::max(lag, Duration::zero()) : Duration::zero();
  const auto count = [](Duration duration) { return static_cast<std::uint64_t>(duration.count()); };
  if (lag_alarm_.rings(count(known), count(most))) {
    emit(EventType::lag_exceeded, {}, format_duration(lag));
  }
  if (queue_alarm_.rings(backlog->tasks, engine_.config.queue_alert)) {
    emit(EventType::queue_exceeded, {}, std::to_string(backlog->tasks) + " wait");
  }
}

void TargetAgent::emit(EventType type, const std::string& key, std::string message) {
  engine_.events.emit(
      {.type = type, .target = target_.config.name, .key = key, .message = std::move(message)});
}

/// A target that has caught up is active again.
void TargetAgent::note_progress() {
  if (target_.state != State::syncing || target_.detector.health() == Health::unhealthy) return;
  const auto backlog = engine_.journal.backlog(target_.config.name);
  if (!backlog || backlog->resync) return;
  const WallTime latest = engine_.world.wall_now() - engine_.config.max_replication_lag;
  if (backlog->oldest && *backlog->oldest < latest) return;
  target_.state = State::active;
  engine_.changed.notify_all();
}

Duration backoff(World& world, const TargetConfig& config, std::uint32_t attempts) {
  Duration pause = config.retry_delay;
  for (std::uint32_t i = 0; i < attempts && pause < config.longest_retry_delay; ++i) pause *= 2;
  pause = std::min(pause, config.longest_retry_delay);
  return pause * (768 + world.random() % 512) / 1024;
}

}  // namespace godwit::replication
