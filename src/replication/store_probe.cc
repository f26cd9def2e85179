#include "replication/store_probe.h"

#include <cstdio>
#include <utility>

#include "replication/versioned.h"

namespace godwit::replication {
namespace {

/// Stores tell times in whole seconds.
constexpr Duration kGrain = std::chrono::seconds(1);

/// Where every store takes objects of our own.
std::string new_key(World& world) {
  char text[40];
  std::snprintf(text, sizeof text, "rescue/probe-%016llx",
                static_cast<unsigned long long>(world.random()));
  return std::string(kOwnKeys) + text;
}

/// How far `told` lies outside of the time in which it must have been; 0 inside.
Duration offset_of(WallTime told, WallTime before, WallTime after) {
  if (told > after) return told - after;
  return told < before - kGrain ? told - before : Duration::zero();
}

Task<Duration> clock_offset(const Context& context, Store& store, const std::string& key) {
  ViewBody body(as_bytes(key));
  const Upload upload{.body = &body, .size = key.size()};
  const PutOptions options;
  const WallTime before = context.world().wall_now();
  GODWIT_CO_CHECK(co_await store.put(context, key, upload, options));
  const WallTime after = context.world().wall_now();
  GODWIT_CO_TRY(const ObjectInfo info, co_await store.head(context, key));
  co_return offset_of(info.modified, before, after);
}

Task<void> remove(const Context& context, Store& store, const std::string& key) {
  const std::array keys = {key};
  GODWIT_CO_TRY(auto removed, co_await store.remove(context, keys));
  co_return std::move(removed.front());
}

/// What was perhaps written is removed, also when the time for that is over.
asio::awaitable<void> probe_one(const Context& context, Duration patience, Store& store,
                                StoreProbe& probe) {
  const std::string key = new_key(context.world());
  const Context writing = context.with_timeout(patience);
  auto offset = co_await clock_offset(writing, store, key);
  if (offset) {
    probe.clock_offset = *offset;
  } else {
    probe.error = std::move(offset).error();
  }
  const Context removing = context.with_timeout(patience);
  auto removed = co_await remove(removing, store, key);
  if (!removed && !probe.error) probe.error = std::move(removed).error();
}

}  // namespace

asio::awaitable<std::vector<StoreProbe>> probe_stores(const Context& context, Engine& engine) {
  const Duration patience = engine.config.health_check_timeout;
  std::vector<StoreProbe> probes;
  probes.reserve(engine.targets.size() + 1);
  TaskGroup tasks(engine.world.executor());
  probes.push_back({.store = engine.config.primary});
  tasks.spawn(probe_one(context, patience, *engine.primary, probes.back()));
  for (const auto& [name, target] : engine.targets) {
    probes.push_back({.store = name, .asked = target->is_served()});
    if (!target->is_served()) continue;
    tasks.spawn(probe_one(context, patience, *target->store, probes.back()));
  }
  co_await tasks.join();
  co_return probes;
}

}  // namespace godwit::replication
