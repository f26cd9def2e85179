#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "godwit/replicated_store.h"
#include "godwit/verification.h"

namespace godwit {

/// What a manager sees of all targets together. Numbers are of writes and real times, each write
/// once for each target, since the store was opened.
struct ReplicationStatus {
  bool running = false;  ///< false once the store is closed; then the rest is empty
  std::string primary;
  std::uint64_t queue_size = 0;           ///< tasks of all targets, those under way included
  std::uint64_t active_replications = 0;  ///< deliveries under way
  std::uint64_t workers = 0;              ///< that live
  std::uint64_t total_replicated = 0;
  std::uint64_t total_failed = 0;  ///< that became dead letters
  Bytes total_bytes = 0;
  Duration average_duration{};  ///< from acknowledgement to arrival; 0 while none has arrived
  Duration replication_lag{};   ///< of the target that lags most
};

/// What a group is measured by.
struct KpiLimits {
  Duration lag = std::chrono::seconds(300);  ///< at every target: less
  double success_rate_percent = 99.9;        ///< of writes that ended: more
  std::uint64_t queue = 10;                  ///< tasks of all targets: fewer
  double bytes_per_second = 10e6;            ///< to all targets, while bodies move: more
};

/// One measured value and what it should be.
struct Kpi {
  double value = 0;
  double limit = 0;
  bool has_data = false;  ///< false: nothing was measured yet, and `met` says nothing
  bool met = true;
};

struct KpiReport {
  Kpi lag_seconds;
  Kpi success_rate_percent;
  Kpi queue;
  /// Bytes that arrived by the time in which at least one body was on its way, tries that failed
  /// included. Small objects cost requests rather than bandwidth, and keep it low.
  Kpi bytes_per_second;

  [[nodiscard]] bool all_met() const {
    return lag_seconds.met && success_rate_percent.met && queue.met && bytes_per_second.met;
  }
};

// Pure: of what a store tells.
[[nodiscard]] ReplicationStatus make_replication_status(const GroupStatus& group,
                                                        const ReplicationMetrics& metrics);
[[nodiscard]] KpiReport make_kpis(const GroupStatus& group, const ReplicationMetrics& metrics,
                                  const KpiLimits& limits);
// One JSON object in one line; durations in milliseconds.
[[nodiscard]] std::string to_json(const ReplicationStatus& status);
[[nodiscard]] std::string to_json(const KpiReport& report);

/// An object on its way to all targets. A value, which may outlive what it asked for, but not the
/// store.
/// Concurrency: any thread but the engine's.
class ReplicationJob {
 public:
  /// Failure: not_found once it is forgotten: when 10,000 more were asked for.
  [[nodiscard]] Result<JobStatus> status() const;
  /// Returns when it is completed. Failure: why it is a dead letter of a target; timed_out: then it
  /// goes on by itself.
  [[nodiscard]] Result<JobStatus> wait(Duration timeout = std::chrono::minutes(5)) const;

 private:
  friend class ReplicationManager;
  ReplicationJob(ReplicatedStore& store, std::uint64_t number) : store_(&store), number_(number) {}

  ReplicatedStore* store_;
  std::uint64_t number_;
};

/// Looks after what a ReplicatedStore holds at its targets: compares, repairs, brings over what
/// others have written to the primary, and measures. For backups, mirrors and whoever came with a
/// list of duties rather than with writes.
///
/// It has no state of its own: any number of them may stand on one store, and all they do goes the
/// way of the store's own deliveries.
/// Failure of all calls: as those of ReplicatedStore; not_found for a name that is no target's.
/// Concurrency: any thread but the engine's (see ReplicatedStore). The store outlives it.
class ReplicationManager {
 public:
  explicit ReplicationManager(ReplicatedStore& store) : store_(store) {}

  /// Takes a finding, on the caller's thread and at its pace. An error ends the comparison.
  using FindingSink = std::function<Result<void>(const Finding&)>;

  /// Compares a target with the primary, and gives `sink` all that differs and that nothing on its
  /// way will mend: what is being written, or still owed by the journal, counts as `in_flight`.
  /// Changes nothing; also of a target that is paused. Objects under ".godwit/" take no part.
  /// Memory: some pages of listings, whatever the number of objects.
  /// Cost by level: listing: LIST only. checksum: and a HEAD of both sides per object, and a read
  /// of sides whose content has no stored checksum that compares. content: and a GET of both sides.
  /// Failure: that of `sink`. What breaks a comparison off is in the report.
  [[nodiscard]] Result<VerifyReport> verify(std::string_view target,
                                            const VerifyOptions& options = {},
                                            const FindingSink& sink = {});
  /// Verifies, and delivers anew just what was found; the primary's object is believed. One of the
  /// target's that is replaced though it carried the right version is kept under
  /// ".godwit/rescue/", since nobody knows which of both was damaged.
  /// Failure: as `verify`; precondition_failed for a target that is paused or is being compared as
  /// a whole; unavailable for one that does not answer. What breaks it off later is in the report.
  [[nodiscard]] Result<RepairReport> repair(std::string_view target,
                                            const RepairOptions& options = {},
                                            const FindingSink& sink = {});
  /// Compares all targets with the primary, and delivers what they lack, whoever wrote it; returns
  /// when that is done. Two of them at once share the deliveries. `progress` is called on this
  /// thread; its total is known once that of each target is.
  /// Cost: two listings for each target, a HEAD of both sides of each object that the listings
  /// cannot prove to be the same, and what differs.
  /// Failure: none of a single target's: that is in its part of the report, `cancelled` too where
  /// `stop` asked for it.
  [[nodiscard]] Result<SyncAllReport> sync_all(Duration timeout = std::chrono::hours(1),
                                               const std::stop_token& stop = {},
                                               const ProgressSink& progress = {});

  /// Brings an object that is in the primary to all targets, whoever wrote it there: a backup tool,
  /// say, which knows nothing of us. The promise is durable when this returns, and goes on after a
  /// restart; the job is then "pending". Targets that have it already are compared, not written.
  /// Failure: not_found where the primary has no such object; limit_exceeded beyond 10,000 jobs
  /// that have not ended; as a write that cannot be promised.
  [[nodiscard]] Result<ReplicationJob> replicate(std::string_view key,
                                                 Priority priority = Priority::normal);

  /// So many deliveries at once, from now on and until the store is closed. Who is under way goes
  /// on until it is done. Failure: invalid_argument.
  [[nodiscard]] Result<void> set_workers(std::string_view target, const WorkerBounds& bounds);
  /// From now on and until the store is closed. Failure: invalid_argument.
  [[nodiscard]] Result<void> set_alerts(const AlertLimits& alerts);

  [[nodiscard]] Result<ReplicationStatus> status();
  [[nodiscard]] Result<KpiReport> kpis(const KpiLimits& limits = {});

 private:
  ReplicatedStore& store_;
};

}  // namespace godwit
