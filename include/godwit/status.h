#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "godwit/error.h"
#include "godwit/histogram.h"
#include "godwit/types.h"
#include "godwit/units.h"

namespace godwit {

/// Counts of what went to one target.
struct TargetCounts {
  std::uint64_t replicated = 0;  ///< writes that arrived, each once
  std::uint64_t failed = 0;      ///< writes that became dead letters
  std::uint64_t attempts = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t left_alone = 0;  ///< objects of others, found by comparisons
  Bytes bytes = 0;
  /// Of the writes that arrived, each from its acknowledgement.
  DurationHistogram replication_time;

  TargetCounts& operator+=(const TargetCounts& other) {
    replicated += other.replicated;
    failed += other.failed;
    attempts += other.attempts;
    conflicts += other.conflicts;
    left_alone += other.left_alone;
    bytes += other.bytes;
    replication_time += other.replication_time;
    return *this;
  }
};

/// A target, for people and metrics.
struct TargetStatus {
  std::string name;
  std::string region;
  Health health = Health::unknown;
  State state = State::active;
  std::string why_failed;  ///< of State::failed
  bool is_full = false;    ///< it has no room: writes wait until it takes one, removals go on
  TargetCounts counts;
  std::uint64_t tasks = 0;
  Bytes bytes = 0;
  std::uint64_t dead_letters = 0;
  /// Keys that it has, but at which an older write, whose answer was lost, may still land: they are
  /// delivered once more after `ReplicationConfig::late_write_window`. Not among `tasks`.
  std::uint64_t in_doubt = 0;
  bool caught_up = false;  ///< it has everything, for good
  /// The age of the oldest acknowledged write that is not there; 0 when there is none.
  Duration lag{};
  Duration round_trip{};      ///< of a probe, smoothed; 0: not measured yet
  std::uint64_t workers = 0;  ///< that deliver, or wait for something to deliver
  std::uint64_t active = 0;   ///< deliveries under way
};

/// A group as a whole.
struct GroupStatus {
  std::string name;
  std::string primary;  ///< who takes the writes now
  Health primary_health = Health::unknown;
  std::uint32_t epoch = 0;  ///< grows by one each time that the primary moves
  /// Writes whose answer was lost, so that nobody knows yet what became of them.
  std::uint64_t unsettled = 0;
  std::vector<TargetStatus> targets;
  std::uint64_t handler_errors = 0;  ///< exceptions that callbacks and handlers of events threw
  std::uint64_t events_dropped = 0;  ///< that handlers were too slow for
};

/// One JSON object in one line; durations in milliseconds.
[[nodiscard]] std::string to_json(const GroupStatus& status);

/// Whether a store takes what we write, and what time it is there.
struct StoreProbe {
  std::string store;
  bool asked = true;           ///< false: it is paused, or not ours; nothing is known
  std::optional<Error> error;  ///< of the write, the look or the removal; `where()` says which
  /// Its clock less ours, as far as a second and the time of the write leave it open.
  std::optional<Duration> clock_offset;
};

/// What one target has of a group's writes.
struct TargetMetrics {
  std::string name;
  Duration lag{};  ///< see TargetStatus
  std::uint64_t replicated = 0;
  std::uint64_t failed = 0;
  std::uint64_t attempts = 0;
  DurationHistogram replication_time;  ///< see TargetCounts
  /// Of the writes that ended one way or the other, the share that arrived; 100 while none has.
  double success_rate_percent = 100;
  bool has_data = false;  ///< false: nothing has ended yet, and the rate says nothing
};

/// What a group has done since it was opened. Each write counts once for each target, however often
/// it was tried.
struct ReplicationMetrics {
  std::uint64_t writes_to_primary = 0;
  std::uint64_t writes_replicated = 0;
  std::uint64_t writes_failed = 0;  ///< that became dead letters
  std::uint64_t conflicts_detected = 0;
  std::uint64_t conflicts_resolved = 0;  ///< by the policy or by a person
  std::uint64_t failovers = 0;           ///< unplanned moves of the primary
  /// Reads by ReadPreference::any of which a second store was asked, since the first took long.
  std::uint64_t hedged_reads = 0;
  std::uint64_t hedges_won = 0;  ///< of those, the ones that the second store answered first
  DurationHistogram write_time;  ///< from the call to the answer, of writes that succeeded
  DurationHistogram read_time;   ///< of reads that did, to the first byte
  /// From the acknowledgement of a write to its arrival at a target; 0 while none has arrived.
  Duration average_replication_time{};
  Bytes bytes_replicated = 0;
  Duration moving_time{};               ///< in which at least one body was on its way to a target
  Bytes journal_payload{};              ///< of bodies that the journal keeps now, see PayloadConfig
  std::uint64_t payloads_left_out = 0;  ///< for which there was no room
  std::vector<TargetMetrics> targets;
};

/// One JSON object in one line: the fields above, and `current_lag_ms` and
/// `replica_success_rates` by target, `average_replication_time_ms`.
[[nodiscard]] std::string to_json(const ReplicationMetrics& metrics);

}  // namespace godwit
