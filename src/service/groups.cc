#include "service/groups.h"

#include <algorithm>
#include <utility>

#include "base/suggest.h"
#include "godwit/replication_manager.h"
#include "world/real/real_thread.h"

namespace godwit::service {
namespace {

/// What people should see of events; the rest is for those who follow them.
LogLevel level_of(EventType type) {
  switch (type) {
    case EventType::write_replicated: return LogLevel::debug;
    case EventType::target_healthy:
    case EventType::sync_started:
    case EventType::sync_completed: return LogLevel::info;
    default: return LogLevel::warning;
  }
}

}  // namespace

asio::awaitable<void> Groups::open_one(Groups& groups, ServedGroup& group, Result<void>& opened) {
  const std::shared_ptr<const ReplicationConfig> config = group.config;
  auto open = [config, drills = group.drills.get()] {
    auto made = ReplicatedStore::open(*config);
    if (const auto loaded = drills->load(); !loaded) {
      config->log->write(LogLevel::warning, "the last drill is not known",
                         {{"error", loaded.error().to_string()}});
    }
    return made;
  };
  auto store = co_await run_blocking(groups.world_, std::move(open));
  if (!store) {
    opened = fail(std::move(store).error().because_of("group " + config->name));
    co_return;
  }
  auto tell = [log = config->log, events = groups.events_,
               name = config->name](const Event& event) {
    events->tell(name, event);
    const LogLevel level = level_of(event.type);
    if (!log->wants(level)) return;
    log->write(level, to_string(event.type),
               {{"target", event.target}, {"key", event.key}, {"what", event.message}});
  };
  auto listening = (*store)->on_event(std::move(tell));
  if (!listening) opened = std::unexpected(std::move(listening).error());
  group.store = *std::move(store);
  if (group.detect.any()) {
    group.changes =
        std::make_unique<Changes>(groups.world_, *group.store, group.detect, config->log);
  }
  config->log->write(
      LogLevel::info, "group is open",
      {{"primary", config->primary.url}, {"targets", std::to_string(config->targets.size())}});
}

/// Groups share as many threads as the config says: what each has to do is little, mostly.
void Groups::prepare(const Config& config) {
  const std::size_t wanted = config.node.event_loops;
  const std::size_t most = wanted > 0 ? wanted : RealThread::most_at_once();
  std::vector<std::shared_ptr<EventLoop>> loops;
  for (const ReplicationConfig& each : config.groups) {
    if (loops.size() < most) loops.push_back(make_event_loop());
    ServedGroup& group = groups_[each.name];
    auto prepared = std::make_shared<ReplicationConfig>(each);
    prepared->log = std::make_shared<GroupLog>(log_, each.name);
    prepared->event_loop = loops[(groups_.size() - 1) % most];
    group.config = std::move(prepared);
    if (const auto found = config.detect.find(each.name); found != config.detect.end()) {
      group.detect = found->second;
    }
    group.drills = std::make_unique<DrillRecord>(world_, each.data_dir);
  }
}

Task<void> Groups::open(const Config& config) {
  prepare(config);
  std::vector<Result<void>> opened(groups_.size());
  TaskGroup openings(world_.executor());
  auto result = opened.begin();
  for (auto& [name, group] : groups_) openings.spawn(open_one(*this, group, *result++));
  co_await openings.join();
  for (Result<void>& each : opened) {
    if (!each) co_return std::move(each);
  }
  co_return Result<void>();
}

asio::awaitable<void> Groups::close_one(Groups& groups, ServedGroup& group, Duration drain,
                                        GroupClosing& closing) {
  auto close = [store = group.store.get(), drain] { return store->close(drain); };
  closing.report = co_await run_blocking(groups.world_, std::move(close));
}

asio::awaitable<std::vector<GroupClosing>> Groups::close(Duration drain) {
  std::vector<GroupClosing> closings;
  closings.reserve(groups_.size());
  TaskGroup tasks(world_.executor());
  for (auto& [name, group] : groups_) {
    if (!group.store) continue;
    if (group.changes) group.changes->stop();
    closings.push_back({.name = name, .report = CloseReport()});
    tasks.spawn(close_one(*this, group, drain, closings.back()));
  }
  co_await tasks.join();
  co_return closings;
}

asio::awaitable<void> Groups::note_history() {
  std::vector<ServedGroup*> open;
  for (auto& [name, group] : groups_) {
    if (group.store) open.push_back(&group);
  }
  auto ask = [open] {
    std::vector<Result<GroupStatus>> statuses;
    statuses.reserve(open.size());
    for (const ServedGroup* group : open) statuses.push_back(group->store->status());
    return statuses;
  };
  const auto statuses = co_await run_blocking(world_, std::move(ask));
  const MonoTime now = world_.mono_now();
  for (std::size_t i = 0; i < open.size(); ++i) {
    if (statuses[i]) open[i]->history.note(now, *statuses[i]);
  }
}

Task<void> Groups::add_target(ServedGroup& group, ReplicaTarget target) {
  GODWIT_CO_TRY(StoreSpec place, parse_store_url(target.url, "/"));
  auto add = [store = group.store.get(), target] { return store->add_target(target); };
  GODWIT_CO_CHECK(co_await calls_.slow(std::move(add)));
  if (group.changes) group.changes->add_place(target.name, place);
  group.detect.places[target.name] = std::move(place);
  auto config = std::make_shared<ReplicationConfig>(*group.config);
  config->targets.push_back(std::move(target));
  group.config = std::move(config);
  co_return Result<void>();
}

Task<void> Groups::remove_target(ServedGroup& group, const std::string& target) {
  auto remove = [store = group.store.get(), target] { return store->remove_target(target); };
  GODWIT_CO_CHECK(co_await calls_.slow(std::move(remove)));
  auto config = std::make_shared<ReplicationConfig>(*group.config);
  std::erase_if(config->targets, [&](const ReplicaTarget& each) { return each.name == target; });
  group.config = std::move(config);
  co_return Result<void>();
}

Task<void> Groups::set_workers(ServedGroup& group, const std::string& target,
                               const WorkerBounds& bounds) {
  auto set = [store = group.store.get(), target, bounds] {
    return ReplicationManager(*store).set_workers(target, bounds);
  };
  co_return co_await calls_.quick(std::move(set));
}

Task<void> Groups::set_alerts(ServedGroup& group, const AlertLimits& alerts) {
  auto set = [store = group.store.get(), alerts] {
    return ReplicationManager(*store).set_alerts(alerts);
  };
  GODWIT_CO_CHECK(co_await calls_.quick(std::move(set)));
  auto config = std::make_shared<ReplicationConfig>(*group.config);
  config->alerts = alerts;
  group.config = std::move(config);
  co_return Result<void>();
}

Result<ServedGroup*> Groups::find(const std::string& name) {
  const auto found = groups_.find(name);
  if (found == groups_.end()) {
    std::vector<std::string> names;
    for (const auto& [known, group] : groups_) names.push_back(known);
    return fail(Error(Code::not_found, "there is no group '" + name + "'")
                    .with_hint(names.empty() ? "the config has none" : suggest(name, names)));
  }
  if (found->second.store) return &found->second;
  return fail(Error(Code::unavailable, "group '" + name + "' is not open yet")
                  .with(Retry::later)
                  .with_retry_after(std::chrono::seconds(1)));
}

bool Groups::all_open() const {
  return std::ranges::all_of(groups_,
                             [](const auto& each) { return each.second.store != nullptr; });
}

}  // namespace godwit::service
