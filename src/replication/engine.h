#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "journal/journal.h"
#include "replication/acks.h"
#include "replication/activity.h"
#include "replication/drafts.h"
#include "replication/endings.h"
#include "replication/events.h"
#include "replication/failover.h"
#include "replication/gate.h"
#include "replication/identity.h"
#include "replication/key_locks.h"
#include "replication/last_seen.h"
#include "replication/members.h"
#include "replication/metrics.h"
#include "replication/open_puts.h"
#include "replication/recent.h"
#include "replication/removal_limit.h"
#include "replication/suspects.h"
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
        activity(in),
        gate(in, activity),
        locks(in),
        drafts(in),
        events(in),
        changed(in.executor()) {}

  World& world;
  GroupConfig config;
  std::unique_ptr<Store> primary;
  std::unique_ptr<journal::Journal> journal_owner;
  journal::Journal& journal;
  HybridClock clock;
  Activity activity;
  Gate gate;
  KeyLocks locks;
  Acks acks;
  Endings endings;
  RecentPuts recent;
  LastSeen last_seen;
  RemovalLimit removals;
  OpenPuts open_puts;
  Drafts drafts;
  Suspects suspects;
  Mergers mergers;
  Events events;
  GroupCounts counts;
  std::map<std::string, std::unique_ptr<Target>> targets;
  /// Kept until the end: reads that are under way may still stand on their stores.
  std::vector<std::unique_ptr<Target>> removed;
  /// The primary carries our marker, so that it is the place that it was.
  bool primary_is_marked = false;
  bool group_is_old = false;    ///< a target carried our marker already when we began
  MonoTime primary_answered{};  ///< when it last did
  Detector primary_health;
  RoundTrip primary_round_trip;
  ReadTimes primary_read_times;
  /// A target's health or state, or an unsettled write, has changed.
  Signal changed;
  CancelSource writes;  ///< cancelled when the primary is given up
  std::uint32_t epoch = 1;
  std::string state_directory;  ///< where copies keep notes of what has arrived; empty: nowhere
  /// Targets that may hold acknowledged writes that nobody else has, and have not been compared
  /// since: see PrimaryMover::with_more. Kept by the coordinator (`fenced`). With the time since
  /// when we know it: what was on its way there may land for a while.
  std::map<std::string, MonoTime> deposed;
  /// Tells the coordinator that a deposed target has been compared.
  std::function<Task<void>(const Context&, std::string)> let_in;
  /// See Noticed::notice_again.
  std::function<Task<Notice>(const Context&, const std::string&)> notice;
  std::function<void(const MoveReport&)> on_move = [](const MoveReport&) {};
  /// How long each unsettled write has been looked at without an answer.
  std::map<journal::Sequence, MonoTime> unsettled_since;

  /// An earlier write of the key may still take effect at the primary.
  [[nodiscard]] bool is_open(const std::string& key) const {
    return journal.is_unsettled(key) || suspects.contains(key);
  }
  /// The primary has the write of this intent.
  void commit(journal::Sequence intent, const std::string& key, const Version& version) {
    open_puts.committed(key, version);
    journal.commit(intent, world.wall_now());
  }
  /// Each store gets its place; those that the config does not name are let go.
  void take(GroupStores stores) {
    primary = std::move(stores.at(config.primary));
    for (const TargetConfig& target : config.targets) {
      targets[target.name] = std::make_unique<Target>(
          Target{.config = target, .store = std::move(stores.at(target.name))});
    }
  }
  [[nodiscard]] Marker marker_of(const std::string& target) const {
    return {.group = config.name, .target = target, .epoch = epoch, .primary = config.primary};
  }
  /// How long what was on its way to a deposed target may still land there. Were it removed before
  /// that, nothing would tell that what lands is older than the removal.
  [[nodiscard]] Duration until_quiet(const std::string& target) const {
    const auto found = deposed.find(target);
    if (found == deposed.end()) return Duration::zero();
    const Duration left = found->second + config.late_write_window - world.mono_now();
    return std::max(left, Duration::zero());
  }
  [[nodiscard]] Version next_version() {
    return {.epoch = epoch, .time = clock.tick(world.wall_now()), .region = config.primary_region};
  }
};

/// `base`, doubled for each attempt up to `longest`, and up to a quarter more or less by chance, so
/// that those who failed together do not come back together.
[[nodiscard]] Duration backoff(World& world, const TargetConfig& config, std::uint32_t attempts);

}  // namespace godwit::replication
