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
Result<void> check_places(const Store& primary, const GroupStores& stores) {
  std::map<std::string, std::string> places{{primary.identity().place, "the primary"}};
  for (const auto& [name, store] : stores.targets) {
    const auto [other, is_new] = places.emplace(store->identity().place, name);
    if (is_new) continue;
    return fail(Code::invalid_argument, "target '" + name + "' and " + other->second +
                                            " are one place: " + store->identity().url);
  }
  return {};
}

Result<void> check_store(const Store& store) {
  if (store.capabilities().user_metadata) return {};
  return fail(Code::invalid_argument,
              store.identity().url + " keeps no user metadata, in which versions travel");
}

}  // namespace

struct Group::Impl {
  Impl(World& world, GroupConfig config, std::unique_ptr<Store> primary, journal::Journal& journal)
      : engine(world, std::move(config), std::move(primary), journal),
        writer(engine),
        conflicts(engine, writer),
        router(engine),
        tasks(world.executor()) {}

  Engine engine;
  Writer writer;
  Conflicts conflicts;
  Router router;
  std::vector<std::unique_ptr<TargetAgent>> agents;
  TaskGroup tasks;
};

Result<std::unique_ptr<Group>> Group::make(World& world, GroupConfig config, GroupStores stores,
                                           journal::Journal& journal) {
  GODWIT_CHECK(check_config(config));
  GODWIT_CHECK(check_places(*stores.primary, stores));
  GODWIT_CHECK(check_store(*stores.primary));
  auto impl = std::make_unique<Impl>(world, std::move(config), std::move(stores.primary), journal);
  Engine& engine = impl->engine;
  for (const TargetConfig& target : engine.config.targets) {
    const auto store = stores.targets.find(target.name);
    if (store == stores.targets.end() || journal.target(target.name) == nullptr) {
      return unknown_target(target.name);
    }
    GODWIT_CHECK(check_store(*store->second));
    engine.targets[target.name] =
        std::make_unique<Target>(Target{.config = target, .store = std::move(store->second)});
  }
  for (auto& [name, target] : engine.targets) {
    impl->agents.push_back(std::make_unique<TargetAgent>(engine, impl->conflicts, *target));
    impl->agents.back()->start(impl->tasks);
  }
  impl->tasks.spawn(impl->writer.settle());
  return std::unique_ptr<Group>(new Group(std::move(impl)));
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

Result<void> Group::add_merger(const std::string& name, Merger merger) {
  return impl_->engine.mergers.add(name, std::move(merger));
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
  impl_->engine.stop.cancel();
  impl_->engine.changed.notify_all();
  co_await impl_->tasks.join();
  co_return Result<void>();
}

}  // namespace godwit::replication
