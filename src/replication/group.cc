#include "replication/group.h"

#include <algorithm>
#include <utility>

#include "replication/conflicts.h"
#include "replication/engine.h"
#include "replication/reads.h"
#include "replication/target_agent.h"
#include "replication/writer.h"

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

Result<void> check_stores(const GroupConfig& config, const GroupStores& stores) {
  std::vector<std::string> names{config.primary};
  for (const TargetConfig& target : config.targets) names.push_back(target.name);
  for (const std::string& name : names) {
    const auto found = stores.find(name);
    if (found == stores.end()) {
      return fail(Code::invalid_argument, "there is no store for '" + name + "'");
    }
    if (!found->second->capabilities().user_metadata) {
      return fail(Code::invalid_argument, found->second->identity().url +
                                              " keeps no user metadata, in which versions travel");
    }
  }
  return check_places(stores);
}

/// Who is primary, as the coordinator knows it; the config's, and epoch 1, if nobody ever was.
Task<GroupState> agreed_state(const Context& context, Coordinator& coordinator,
                              const GroupConfig& config) {
  GODWIT_CO_TRY(GroupSnapshot snapshot, co_await coordinator.read(context, config.name));
  if (snapshot.revision == 0) {
    snapshot.state.epoch = 1;
    snapshot.state.primary = config.primary;
    snapshot.state.primary_region = config.primary_region;
    GODWIT_CO_CHECK(co_await coordinator.compare_and_swap(context, config.name, snapshot));
  }
  co_return std::move(snapshot.state);
}

}  // namespace

struct Group::Impl {
  Impl(World& world, GroupConfig config, std::unique_ptr<journal::Journal> journal, Coordinator& in)
      : engine(world, std::move(config), std::move(journal)),
        writer(engine),
        conflicts(engine, writer),
        router(engine),
        coordinator(in),
        tasks(world.executor()) {}

  void start() {
    for (auto& [name, target] : engine.targets) {
      agents.push_back(std::make_unique<TargetAgent>(engine, conflicts, *target));
      agents.back()->start(tasks);
    }
    tasks.spawn(writer.settle());
  }
  asio::awaitable<void> stop() {
    engine.stop.cancel();
    engine.changed.notify_all();
    co_await tasks.join();
    agents.clear();
    engine.stop = CancelSource();
  }
  Task<MoveReport> move(const Context& context, const MoveOptions& options);
  Task<void> prepare(const Context& context, const MoveOptions& options, Target& candidate,
                     MoveReport& report);
  Task<void> agree(const Context& context, const MoveOptions& options, MoveReport& report);
  void change_roles(GroupConfig config, const MoveReport& report, MoveKind kind);
  Task<void> let_in(std::string name);

  Engine engine;
  Writer writer;
  Conflicts conflicts;
  Router router;
  Coordinator& coordinator;
  std::vector<std::unique_ptr<TargetAgent>> agents;
  TaskGroup tasks;
};

Task<std::unique_ptr<Group>> Group::open(const Context& context, GroupConfig config,
                                         GroupStores stores, GroupSupport support) {
  GODWIT_CO_CHECK(check_config(config));
  GODWIT_CO_CHECK(check_stores(config, stores));
  GODWIT_CO_TRY(const GroupState state,
                co_await agreed_state(context, support.coordinator, config));
  GODWIT_CO_TRY(config, with_primary(std::move(config), state.primary));
  journal::JournalOptions journal_options{.directory = support.journal_directory,
                                          .most_in_memory = support.most_in_memory};
  for (const TargetConfig& target : config.targets) journal_options.targets.push_back(target.name);
  GODWIT_CO_TRY(auto journal, co_await journal::Journal::open(context.world(), support.engine,
                                                              std::move(journal_options)));
  auto impl = std::make_unique<Impl>(context.world(), std::move(config), std::move(journal),
                                     support.coordinator);
  Engine& engine = impl->engine;
  engine.epoch = state.epoch;
  engine.deposed = state.fenced;
  engine.let_in = [impl = impl.get()](std::string name) { return impl->let_in(std::move(name)); };
  engine.primary = std::move(stores.at(engine.config.primary));
  for (const TargetConfig& target : engine.config.targets) {
    engine.targets[target.name] = std::make_unique<Target>(
        Target{.config = target, .store = std::move(stores.at(target.name))});
  }
  impl->start();
  co_return std::unique_ptr<Group>(new Group(std::move(impl)));
}

Task<MoveReport> Group::Impl::move(const Context& context, const MoveOptions& options) {
  if (!engine.gate.is_open()) {
    co_return fail(Code::precondition_failed, "another move of the primary is under way");
  }
  MoveReport report{.from = engine.config.primary, .to = options.to, .epoch = engine.epoch + 1};
  GODWIT_CO_TRY(const std::string best, best_candidate(engine));
  if (report.to.empty()) report.to = best;
  GODWIT_CO_TRY(GroupConfig config, with_primary(engine.config, report.to));
  if (report.to == report.from) co_return fail(Code::precondition_failed, "it is the primary");
  Target& candidate = *engine.targets.at(report.to);
  GODWIT_CO_CHECK(check_candidate(candidate));
  if (options.dry_run) {
    GODWIT_CO_CHECK(co_await heal_candidate(context, engine, candidate, report, true));
    co_return report;
  }
  engine.gate.close();
  if (options.kind == MoveKind::failover) engine.writes.cancel();
  co_await engine.gate.drained();
  auto ready = co_await prepare(context, options, candidate, report);
  if (ready) ready = co_await agree(context, options, report);
  co_await stop();
  if (ready) change_roles(std::move(config), report, options.kind);
  engine.writes = CancelSource();
  start();
  engine.gate.open();
  if (!ready) co_return std::unexpected(std::move(ready).error());
  co_return report;
}

/// The candidate has all that it can get.
Task<void> Group::Impl::prepare(const Context& context, const MoveOptions& options,
                                Target& candidate, MoveReport& report) {
  if (options.kind == MoveKind::failover) {
    co_await stop();
    co_return co_await heal_candidate(context, engine, candidate, report, false);
  }
  const Context patient = context.with_timeout(options.patience);
  while (!engine.journal.backlog(candidate.config.name)->caught_up()) {
    const auto waited = co_await patient.sleep(std::chrono::milliseconds(20));
    if (waited) continue;
    co_return fail(Error(waited.error().code(),
                         "'" + candidate.config.name + "' has not caught up: nothing was changed")
                       .with_hint("try again when its lag is small, or give more time"));
  }
  co_return Result<void>();
}

/// From here on the coordinator knows another primary.
Task<void> Group::Impl::agree(const Context& context, const MoveOptions& options,
                              MoveReport& report) {
  const std::string& group = engine.config.name;
  GODWIT_CO_TRY(GroupSnapshot snapshot, co_await coordinator.read(context, group));
  if (snapshot.state.epoch != engine.epoch) {
    co_return fail(Code::precondition_failed,
                   "the group has another primary by now: " + snapshot.state.primary);
  }
  // The old primary is owed a comparison before anyone can forget it.
  GODWIT_CO_CHECK(co_await engine.journal.add_target(report.from));
  snapshot.state.epoch = report.epoch;
  snapshot.state.primary = report.to;
  snapshot.state.primary_region = engine.targets.at(report.to)->config.region;
  if (options.kind == MoveKind::failover) {
    snapshot.state.fenced.insert(report.from);
    snapshot.state.failovers.last = engine.world.wall_now();
  }
  auto agreed = co_await coordinator.compare_and_swap(context, group, snapshot);
  if (!agreed) engine.journal.remove_target(report.from);
  if (!agreed) co_return std::unexpected(std::move(agreed).error());
  co_return Result<void>();
}

void Group::Impl::change_roles(GroupConfig config, const MoveReport& report, MoveKind kind) {
  auto promoted = std::move(engine.targets.extract(report.to).mapped());
  std::swap(engine.primary, promoted->store);
  promoted->config = *std::ranges::find(config.targets, report.from, &TargetConfig::name);
  engine.targets[report.from] = std::make_unique<Target>(
      Target{.config = promoted->config, .store = std::move(promoted->store)});
  engine.config = std::move(config);
  engine.epoch = report.epoch;
  engine.recent = RecentPuts();
  engine.journal.remove_target(report.to);
  if (kind == MoveKind::failover) engine.deposed.insert(report.from);
}

Task<void> Group::Impl::let_in(std::string name) {
  const Context context = engine.context();
  GODWIT_CO_TRY(GroupSnapshot snapshot, co_await coordinator.read(context, engine.config.name));
  snapshot.state.fenced.erase(name);
  GODWIT_CO_CHECK(co_await coordinator.compare_and_swap(context, engine.config.name, snapshot));
  engine.deposed.erase(name);
  co_return Result<void>();
}

Group::Group(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Group::~Group() = default;

Task<Receipt> Group::put(const Context& context, const std::string& key, Upload upload,
                         const WriteOptions& options) {
  return impl_->writer.put(context, key, upload, options);
}

Task<Receipt> Group::remove(const Context& context, const std::string& key,
                            const WriteOptions& options) {
  return impl_->writer.remove(context, key, options);
}

Task<ReadResult> Group::get(const Context& context, const std::string& key,
                            const ReadOptions& options) {
  return impl_->router.get(context, key, options);
}

Result<void> Group::pause(const std::string& name) {
  const auto found = impl_->engine.targets.find(name);
  if (found == impl_->engine.targets.end()) return unknown_target(name);
  found->second->state = State::paused;
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
  target.state = State::syncing;
  impl_->engine.changed.notify_all();
  return {};
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
  return impl_->move(context, options);
}

const std::string& Group::primary() const { return impl_->engine.config.primary; }
std::uint32_t Group::epoch() const { return impl_->engine.epoch; }
std::size_t Group::unsettled() const { return impl_->engine.journal.unsettled().size(); }

Result<void> Group::compare_anew(const std::string& name) {
  auto* queue = impl_->engine.journal.target(name);
  if (queue == nullptr) return unknown_target(name);
  if (impl_->engine.deposed.contains(name)) {
    // Its tasks tell what was removed since it was lost: without them it would come back.
    return fail(Code::precondition_failed, "'" + name + "' was primary and is being compared");
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
                        .counts = target->counts};
    if (const auto backlog = impl_->engine.journal.backlog(name)) {
      status.tasks = backlog->tasks;
      status.bytes = backlog->bytes;
      status.dead_letters = backlog->dead;
      status.caught_up = backlog->caught_up();
      const Duration age =
          impl_->engine.world.wall_now() - backlog->oldest.value_or(WallTime::max());
      if (backlog->oldest) status.lag = std::max(Duration::zero(), age);
    }
    all.push_back(std::move(status));
  }
  return all;
}

Task<void> Group::close() {
  co_await impl_->stop();
  co_return co_await impl_->engine.journal.close();
}

}  // namespace godwit::replication
