#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "journal/journal.h"
#include "replication/acks.h"
#include "replication/events.h"
#include "replication/gate.h"
#include "replication/key_locks.h"
#include "replication/members.h"
#include "replication/metrics.h"
#include "replication/recent.h"
#include "replication/types.h"
#include "version/hybrid_clock.h"
#include "version/merge.h"

namespace godwit::replication {

/// What the parts of a group share. Engine executor.
struct Engine {
  Engine(World& in, GroupConfig how, std::unique_ptr<journal::Journal> log)
      : world(in),
        config(std::move(how)),
        journal_owner(std::move(log)),
        journal(*journal_owner),
        clock(config.max_clock_drift, journal.clock()),
        gate(in),
        locks(in),
        events(in),
        changed(in.executor()) {}

  World& world;
  GroupConfig config;
  std::unique_ptr<Store> primary;
  std::unique_ptr<journal::Journal> journal_owner;
  journal::Journal& journal;
  HybridClock clock;
  Gate gate;
  KeyLocks locks;
  Acks acks;
  RecentPuts recent;
  Mergers mergers;
  Events events;
  GroupCounts counts;
  std::map<std::string, std::unique_ptr<Target>> targets;
  /// A target's health or state, or an unsettled write, has changed.
  Signal changed;
  CancelSource stop;    ///< of what is in the background
  CancelSource writes;  ///< cancelled when the primary is given up
  std::uint32_t epoch = 1;
  /// Targets that were primary when they were lost, and have not been compared since: they may
  /// hold acknowledged writes that nobody else has. Kept by the coordinator (`fenced`).
  std::set<std::string> deposed;
  /// Tells the coordinator that a deposed target has been compared.
  std::function<Task<void>(std::string)> let_in;
  /// How long each unsettled write has been looked at without an answer.
  std::map<journal::Sequence, MonoTime> unsettled_since;

  [[nodiscard]] Context context() const { return Context(world).with_cancel(stop.token()); }
  [[nodiscard]] Version next_version() {
    return {.epoch = epoch, .time = clock.tick(world.wall_now()), .region = config.primary_region};
  }
};

/// `base`, doubled for each attempt up to `longest`, and up to a quarter more or less by chance, so
/// that those who failed together do not come back together.
[[nodiscard]] Duration backoff(World& world, const TargetConfig& config, std::uint32_t attempts);

}  // namespace godwit::replication
