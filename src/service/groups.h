#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "godwit/replicated_store.h"
#include "service/calls.h"
#include "service/changes.h"
#include "service/drill.h"
#include "service/event_hub.h"
#include "service/history.h"
#include "service/line_log.h"
#include "world/signal.h"

namespace godwit::service {

/// One group, as this process has it.
struct ServedGroup {
  std::shared_ptr<const ReplicationConfig> config;  ///< as it is now; a change makes another one
  DetectConfig detect;
  std::unique_ptr<ReplicatedStore> store;  ///< null until it is open
  std::unique_ptr<Changes> changes;        ///< null where nobody detects any
  History history;
  std::unique_ptr<DrillRecord> drills;
};

/// What a group's closing left, or why it failed.
struct GroupClosing {
  std::string name;
  Result<CloseReport> report;
};

/// All groups of a config.
/// Concurrency: the World's executor. Stores are called on the blocking pool.
class Groups {
 public:
  /// All outlive this.
  Groups(World& world, LineLog& log, Calls& calls, std::shared_ptr<EventHub> events)
      : world_(world), log_(log), calls_(calls), events_(std::move(events)) {}

  /// Opens all, side by side; until its end each is "not open yet".
  /// Failure: that of the first in the order of names, as ReplicatedStore::open; others are open.
  [[nodiscard]] Task<void> open(const Config& config);
  /// Closes all that are open, side by side, as ReplicatedStore::close. They stay until
  /// `let_go`, for those who still hold one.
  [[nodiscard]] asio::awaitable<std::vector<GroupClosing>> close(Duration drain);
  /// A moment more in the history of each that is open. Not while they are closed.
  [[nodiscard]] asio::awaitable<void> note_history();
  void let_go() { groups_.clear(); }

  // Changes of a group that is open. Failure: as ReplicatedStore and ReplicationManager say.
  [[nodiscard]] Task<void> add_target(ServedGroup& group, ReplicaTarget target);
  [[nodiscard]] Task<void> remove_target(ServedGroup& group, const std::string& target);
  [[nodiscard]] Task<void> set_workers(ServedGroup& group, const std::string& target,
                                       const WorkerBounds& bounds);
  [[nodiscard]] Task<void> set_alerts(ServedGroup& group, const AlertLimits& alerts);

  /// Failure: not_found with the nearest name; unavailable while it is not open yet.
  [[nodiscard]] Result<ServedGroup*> find(const std::string& name);
  [[nodiscard]] const std::map<std::string, ServedGroup>& all() const { return groups_; }
  [[nodiscard]] bool all_open() const;

 private:
  void prepare(const Config& config);
  static asio::awaitable<void> open_one(Groups& groups, ServedGroup& group, Result<void>& opened);
  static asio::awaitable<void> close_one(Groups& groups, ServedGroup& group, Duration drain,
                                         GroupClosing& closing);

  World& world_;
  LineLog& log_;
  Calls& calls_;
  std::shared_ptr<EventHub> events_;
  std::map<std::string, ServedGroup> groups_;
};

}  // namespace godwit::service
