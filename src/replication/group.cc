#include "replication/group.h"

#include <algorithm>
#include <utility>

#include "replication/conflicts.h"
#include "replication/differences.h"
#include "replication/engine.h"
#include "replication/primary_watch.h"
#include "replication/reads.h"
#include "replication/redelivery.h"
#include "replication/scan.h"
#include "replication/store_probe.h"

namespace godwit::replication {
namespace {

std::unexpected<Error> unknown_target(const std::string& name) {
  return fail(Code::not_found, "the group has no target '" + name + "'");
}

/// Two names for one physical place would be a replica that is none.
Result<void> check_places(const GroupStores& stores) {
  std::map<std::string, std::string> places;
  for (const auto& [name, store] : stores) {
    const auto [other, is_new] = places.emplace(store->identity().place, name);
    if (is_new) continue;
    return fail(Code::invalid_argument, "'" + name + "' and '" + other->second +
                                            "' are one place: " + store->identity().url);
  }
  return {};
}

Result<void> check_metadata(const Store& store) {
  if (store.capabilities().user_metadata) return {};
  return fail(Code::invalid_argument,
              store.identity().url + " keeps no user metadata, in which versions travel");
}

Result<void> check_new_place(const Engine& engine, const Store& store) {
  GODWIT_CHECK(check_metadata(store));
  std::vector<std::pair<std::string, const Store*>> others{
      {engine.config.primary, engine.primary.get()}};
  for (const auto& [name, target] : engine.targets) others.emplace_back(name, target->store.get());
  for (const auto& [name, other] : others) {
    if (other->identity().place != store.identity().place) continue;
    return fail(Code::invalid_argument,
                store.identity().url + " is the place of '" + name + "' already");
  }
  return {};
}

/// Who changes places must not come or go meanwhile.
Result<void> check_no_move(const Engine& engine) {
  if (engine.gate.is_open()) return {};
  return fail(Error(Code::precondition_failed, "the primary is being moved")
                  .with_hint("try again when it is done"));
}

Result<void> check_stores(const GroupConfig& config, const GroupStores& stores) {
  std::vector<std::string> names{config.primary};
  for (const TargetConfig& target : config.targets) names.push_back(target.name);
  for (const std::string& name : names) {
    const auto found = stores.find(name);
    if (found == stores.end()) {
      return fail(Code::invalid_argument, "there is no store for '" + name + "'");
    }
    GODWIT_CHECK(check_metadata(*found->second));
  }
  return check_places(stores);
}

/// Adds how long the call took, if it succeeds.
template <class T>
Task<T> timed(World& world, DurationHistogram& into, Task<T> call) {
  const MonoTime begun = world.mono_now();
  auto answer = co_await std::move(call);
  if (answer) into.add(world.mono_now() - begun);
  co_return answer;
}

Bytes payload_limit(const PayloadConfig& config) {
  return config.keep == JournalPayload::inlined ? config.limit : 0;
}

}  // namespace

struct Group::Impl {
  Impl(World& world, GroupConfig config, std::unique_ptr<journal::Journal> journal,
       Coordinator& coordinator)
      : engine(world, std::move(config), std::move(journal)),
        requests(engine),
        writer(engine),
        noticed(engine, writer),
        conflicts(engine, writer),
        router(engine),
        background(engine, writer, conflicts),
        mover(engine, coordinator, background),
        watch(engine, coordinator, mover) {}

  Engine engine;
  Requests requests;
  Writer writer;
  Noticed noticed;
  Conflicts conflicts;
  Router router;
  Background background;
  PrimaryMover mover;
  PrimaryWatch watch;
};

Task<std::unique_ptr<Group>> Group::open(const Context& context, GroupConfig config,
                                         GroupStores stores, GroupSupport support) {
  GODWIT_CO_CHECK(check_config(config));
  GODWIT_CO_CHECK(check_stores(config, stores));
  GODWIT_CO_TRY(auto markers, co_await find_markers(context, config, stores));
  GODWIT_CO_TRY(const GroupState state,
                co_await agreed_state(context, support.coordinator, config, markers));
  GODWIT_CO_TRY(config, with_primary(std::move(config), state.primary));
  const bool is_old = std::ranges::any_of(
      markers, [&](const auto& marker) { return marker.first != config.primary; });
  const Marker own{.group = config.name,
                   .target = config.primary,
                   .epoch = state.epoch,
                   .primary = config.primary};
  const Context patient = context.with_timeout(config.health_check_timeout);
  GODWIT_CO_TRY(const bool marked,
                co_await claim_primary(patient, *stores.at(config.primary), own, is_old));
  journal::JournalOptions journal_options{.directory = support.journal_directory,
                                          .most_in_memory = support.most_in_memory,
                                          .payload_limit = payload_limit(config.payload),
                                          .late_write_window = config.late_write_window};
  for (const TargetConfig& target : config.targets) journal_options.targets.push_back(target.name);
  GODWIT_CO_TRY(auto journal, co_await journal::Journal::open(context.world(), support.engine,
                                                              std::move(journal_options)));
  auto impl = std::make_unique<Impl>(context.world(), std::move(config), std::move(journal),
                                     support.coordinator);
  Engine& engine = impl->engine;
  engine.epoch = state.epoch;
  engine.suspects = recover_suspects(engine);
  engine.state_directory = support.state_directory;
  for (const std::string& name : state.fenced) engine.deposed[name] = context.world().mono_now();
  engine.group_is_old = is_old;
  engine.primary_is_marked = marked;
  if (support.on_move) engine.on_move = std::move(support.on_move);
  engine.let_in = [&mover = impl->mover](const Context& patience, std::string name) {
    return mover.let_in(patience, std::move(name));
  };
  engine.notice = [&noticed = impl->noticed](const Context& patience, const std::string& key) {
    return noticed.notice_again(patience, key);
  };
  engine.take(std::move(stores));
  for (const auto& [name, target] : engine.targets) {
    if (engine.deposed.contains(name)) target->depose();
  }
  impl->background.start();
  impl->watch.start();
  co_return std::unique_ptr<Group>(new Group(std::move(impl)));
}

Group::Group(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Group::~Group() = default;

Task<Receipt> Group::put(const Context& context, const std::string& key, const Incoming& incoming,
                         const WriteOptions& options) {
  return timed(context.world(), impl_->engine.counts.write_time,
               impl_->writer.put(context, key, incoming, options));
}

Task<Receipt> Group::remove(const Context& context, const std::string& key,
                            const WriteOptions& options) {
  return timed(context.world(), impl_->engine.counts.write_time,
               impl_->writer.remove(context, key, options));
}

Task<ReadResult> Group::get(const Context& context, const std::string& key,
                            const ReadOptions& options) {
  return timed(context.world(), impl_->engine.counts.read_time,
               impl_->router.get(context, key, options));
}

Task<HeadResult> Group::head(const Context& context, const std::string& key,
                             const ReadOptions& options) {
  return impl_->router.head(context, key, options);
}

std::unique_ptr<Listing> Group::list(const ListOptions& options) {
  return impl_->router.list(options);
}

Task<void> Group::add_target(const Context& context, TargetConfig config,
                             std::unique_ptr<Store> store) {
  Engine& engine = impl_->engine;
  GODWIT_CO_CHECK(check_no_move(engine));
  GroupConfig wanted = engine.config;
  wanted.targets.push_back(config);
  GODWIT_CO_CHECK(check_config(wanted));
  GODWIT_CO_CHECK(check_new_place(engine, *store));
  const Context patient = context.with_timeout(engine.config.health_check_timeout);
  const auto marker = co_await read_marker(patient, *store);
  if (marker && *marker) {
    GODWIT_CO_CHECK(check_owner(**marker, engine.config.name, config.name, *store));
  }
  // An empty place in the stead of a primary that was lost: what only that one had is given up.
  const bool is_empty = marker && !*marker;
  if (is_empty && engine.deposed.contains(config.name)) {
    GODWIT_CO_CHECK(co_await engine.let_in(context, config.name));
  }
  GODWIT_CO_CHECK(co_await engine.journal.add_target(config.name));
  if (auto still = check_no_move(engine); !still) {
    engine.journal.remove_target(config.name);
    co_return still;
  }
  engine.config.targets.push_back(config);
  auto& target = engine.targets[config.name];
  target = std::make_unique<Target>(Target{.config = std::move(config), .store = std::move(store)});
  target->state = State::syncing;
  impl_->background.start_agent(*target);
  co_return Result<void>();
}

Task<void> Group::remove_target(const std::string& name) {
  Engine& engine = impl_->engine;
  GODWIT_CO_CHECK(check_no_move(engine));
  const auto found = engine.targets.find(name);
  if (found == engine.targets.end()) co_return unknown_target(name);
  GroupConfig left = engine.config;
  std::erase_if(left.targets, [&](const TargetConfig& target) { return target.name == name; });
  // Those that remain must be able to acknowledge what the config asks for.
  GODWIT_CO_CHECK(check_config(left));
  found->second->state = State::removed;
  engine.removed.push_back(std::move(found->second));
  engine.targets.erase(found);
  engine.config.targets = std::move(left.targets);
  co_await impl_->background.stop_agent(name);
  engine.drafts.drop_target(name);
  engine.journal.remove_target(name);
  co_return Result<void>();
}

Result<void> Group::pause(const std::string& name) {
  const auto found = impl_->engine.targets.find(name);
  if (found == impl_->engine.targets.end()) return unknown_target(name);
  found->second->pause();
  impl_->engine.drafts.drop_target(name);
  impl_->engine.changed.notify_all();
  return {};
}

Result<void> Group::resume(const std::string& name) {
  const auto found = impl_->engine.targets.find(name);
  if (found == impl_->engine.targets.end()) return unknown_target(name);
  Target& target = *found->second;
  if (target.state != State::paused) {
    return fail(
        Code::precondition_failed,
        "target '" + name + "' is " + std::string(to_string(target.state)) + ", not paused");
  }
  target.resume();
  impl_->engine.changed.notify_all();
  return {};
}

Result<void> Group::set_workers(const std::string& name, const WorkerBounds& bounds) {
  const auto found = impl_->engine.targets.find(name);
  if (found == impl_->engine.targets.end()) return unknown_target(name);
  TargetConfig wanted = found->second->config;
  wanted.workers = bounds.least;
  wanted.most_workers = bounds.most;
  GODWIT_CHECK(check_workers(wanted));
  found->second->config = wanted;
  std::ranges::replace_if(
      impl_->engine.config.targets, [&](const TargetConfig& target) { return target.name == name; },
      wanted);
  impl_->background.set_workers(name);
  return {};
}

Result<void> Group::set_alerts(const AlertLimits& alerts) {
  GroupConfig wanted = impl_->engine.config;
  wanted.alerts = alerts;
  GODWIT_CHECK(check_config(wanted));
  impl_->engine.config.alerts = alerts;
  return {};
}

Task<Notice> Group::notice(const Context& context, const std::string& key) {
  return impl_->noticed.notice(context, key);
}

Task<ScanReport> Group::scan(const Context& context) {
  return scan_primary(context, impl_->engine, impl_->noticed);
}

Task<VerifyReport> Group::verify(const Context& context, const std::string& target,
                                 const VerifyOptions& options, const FindingSink& sink) {
  return verify_target(context, impl_->engine, target, options, sink);
}

Task<RepairReport> Group::repair(const Context& context, const std::string& target,
                                 const RepairOptions& options, const FindingSink& sink) {
  return repair_target(context, impl_->engine, target, options, sink);
}

Requests& Group::requests() { return impl_->requests; }

Task<TargetSync> Group::sync(const Context& context, const std::string& target,
                             const ProgressSink& progress) {
  return sync_target(context, impl_->engine, target, progress);
}

std::optional<WorkProgress> Group::comparison_of(const std::string& name) const {
  const auto target = impl_->engine.targets.find(name);
  const auto* queue = impl_->engine.journal.target(name);
  if (target == impl_->engine.targets.end() || queue == nullptr) return std::nullopt;
  const Differences* found = target->second->comparing;
  if (found == nullptr) return std::nullopt;
  const std::uint64_t waiting = found->unasked + queue->compares();
  return progress_of(*found, target->second->keys, found->total - std::min(found->total, waiting));
}

Task<void> Group::resolve(const Context& context, const std::string& name, const std::string& key,
                          Standing keep) {
  const auto found = impl_->engine.targets.find(name);
  if (found == impl_->engine.targets.end()) co_return unknown_target(name);
  co_return co_await impl_->conflicts.resolve(context, *found->second, key, keep);
}

Task<std::vector<journal::DeadLetter>> Group::dead_letters(const std::string& name,
                                                           const std::string& start_after,
                                                           std::size_t most) {
  return impl_->engine.journal.dead_letters(name, start_after, most);
}

Result<void> Group::redrive(const std::string& name, const std::string& key) {
  auto* queue = impl_->engine.journal.target(name);
  if (queue == nullptr) return unknown_target(name);
  queue->redrive(key);
  return {};
}

Result<void> Group::add_merger(const std::string& name, Merger merger) {
  return impl_->engine.mergers.add(name, std::move(merger));
}

Task<MoveReport> Group::move_primary(const Context& context, const MoveOptions& options) {
  return impl_->mover.move(context, options);
}

const std::string& Group::primary() const { return impl_->engine.config.primary; }
std::uint32_t Group::epoch() const { return impl_->engine.epoch; }
Health Group::primary_health() const { return impl_->engine.primary_health.health(); }
std::size_t Group::unsettled() const { return impl_->engine.journal.unsettled().size(); }

Result<void> Group::compare_anew(const std::string& name) {
  auto* queue = impl_->engine.journal.target(name);
  if (queue == nullptr) return unknown_target(name);
  if (impl_->engine.deposed.contains(name)) {
    // Its tasks tell what was removed since it was lost: without them it would come back.
    return fail(Code::precondition_failed,
                "'" + name + "' is being compared, for it may hold what nobody else has");
  }
  queue->collapse();
  impl_->engine.changed.notify_all();
  return {};
}

std::vector<TargetStatus> Group::status() const {
  std::vector<TargetStatus> all;
  for (const auto& [name, target] : impl_->engine.targets) {
    TargetStatus status{.name = name,
                        .region = target->config.region,
                        .health = target->detector.health(),
                        .state = target->state,
                        .why_failed = target->why_failed,
                        .counts = target->counts,
                        .round_trip = target->round_trip.smoothed(),
                        .workers = target->workers,
                        .active = target->active};
    if (const auto backlog = impl_->engine.journal.backlog(name)) {
      status.tasks = backlog->tasks;
      status.bytes = backlog->bytes;
      status.dead_letters = backlog->dead;
      status.in_doubt = backlog->in_doubt;
      status.caught_up = backlog->caught_up();
      status.is_full = target->full_until && backlog->tasks > 0;
      const Duration age =
          impl_->engine.world.wall_now() - backlog->oldest.value_or(WallTime::max());
      if (backlog->oldest) status.lag = std::max(Duration::zero(), age);
    }
    all.push_back(std::move(status));
  }
  return all;
}

asio::awaitable<std::vector<StoreProbe>> Group::probe(const Context& context) {
  co_return co_await probe_stores(context, impl_->engine);
}

ReplicationMetrics Group::metrics() const {
  const Engine& engine = impl_->engine;
  ReplicationMetrics metrics = make_metrics(engine.counts, status(), engine.world.mono_now());
  metrics.journal_payload = engine.journal.payloads().bytes();
  metrics.payloads_left_out = engine.journal.payloads().left_out();
  return metrics;
}
Events& Group::events() { return impl_->engine.events; }

Task<void> Group::close() {
  Engine& engine = impl_->engine;
  co_await impl_->watch.stop();
  co_await impl_->background.stop();
  co_await engine.drafts.stop();
  auto closed = co_await engine.journal.close();
  GODWIT_CO_CHECK(co_await engine.primary->close());
  for (auto& [name, target] : engine.targets) GODWIT_CO_CHECK(co_await target->store->close());
  co_return closed;
}

}  // namespace godwit::replication
