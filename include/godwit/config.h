#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "godwit/error.h"
#include "godwit/event_loop.h"
#include "godwit/log.h"
#include "godwit/merge.h"
#include "godwit/types.h"
#include "godwit/units.h"

namespace godwit {

/// What opens a store besides its URL: `access_key`, `secret_key` and `session_token` of S3. Empty:
/// from the environment, files or the instance. Never printed.
using StoreSecrets = std::map<std::string, std::string>;

/// The store that takes the writes in the beginning.
struct PrimaryStore {
  std::string name = "primary";  ///< unique among the group's stores
  std::string url;               ///< as everywhere: s3://, file://, rocksdb://, memory:, or a path
  std::string region;            ///< 1 to 64 of a-z, 0-9, '-', '_' and '.'
  StoreSecrets secrets;
};

/// A store that gets all that is written to the primary.
struct ReplicaTarget {
  std::string name;
  std::string url;
  std::string region;
  int priority = 1;              ///< of candidates in a failover: lower first
  bool is_read_replica = false;  ///< never primary, does not count for `min_sync_replicas`
  Duration sync_timeout = std::chrono::seconds(30);  ///< that a write waits for its ack
  std::uint32_t max_retry_attempts = 8;              ///< then the write is a dead letter
  Duration retry_delay = std::chrono::seconds(1);    ///< doubles per attempt, with jitter
  Duration longest_retry_delay = std::chrono::seconds(60);
  /// Its share of the reads of ReadPreference::secondary, beside the weights of the others. 0: no
  /// read goes there.
  std::uint32_t read_weight = 1;
  /// Nobody else writes there: a removal of what this process has put need not look first what
  /// others have put in its place, which takes one way there and back instead of two.
  bool is_exclusive = false;
  std::size_t workers = 8;  ///< deliveries at once
  /// Above `workers`: so many at once, where a backlog moves faster by it; down to `workers` when
  /// the store asks to slow down, or fails. 0: always `workers`. What lies far away needs many:
  /// 64 deliveries at once to a store 100 ms away are 640 a second.
  std::size_t most_workers = 64;
  StoreSecrets secrets;
};

/// What a ReplicatedStore is opened from.
struct ReplicationConfig {
  std::string name;  ///< of the group; as those of regions
  /// A directory of this machine for the journal and for who is primary; made if it is not there.
  /// One open store at a time.
  std::string data_dir;
  std::string region;  ///< where this process runs, for ReadPreference::nearest; may be empty
  PrimaryStore primary;
  std::vector<ReplicaTarget> targets;

  Mode mode = Mode::async;
  std::size_t min_sync_replicas = 1;
  OnInsufficientAcks on_insufficient_acks = OnInsufficientAcks::fail;
  ReadPreference read_preference = ReadPreference::primary;
  ConflictPolicy conflict_resolution = ConflictPolicy::last_write_wins;
  /// For ConflictPolicy::merge: `json`, `counter`, `set`, `max`, `min`, or one of `mergers`.
  std::string merger = "json";
  std::map<std::string, Merger> mergers;  ///< the caller's own, by names that are not taken
  Duration max_replication_lag = std::chrono::seconds(5);  ///< who lags more is not read
  AlertLimits alerts;
  Duration max_clock_drift = std::chrono::minutes(1);  ///< of other clocks that is believed
  Duration health_check_interval = std::chrono::seconds(30);
  Duration health_check_timeout = std::chrono::seconds(5);
  FailoverConfig failover;
  Detection detection;
  /// For so long a write whose answer was lost may still appear at the primary.
  Duration late_write_window = std::chrono::minutes(1);
  std::uint64_t max_backlog = 100'000'000;  ///< tasks of one target; more become one comparison
  PayloadConfig payload;                    ///< what the journal keeps of bodies

  Duration call_timeout = std::chrono::minutes(5);  ///< of calls that name none; 0: none
  std::size_t max_pending_calls = 10'000;           ///< further ones are refused
  Duration slow_call{};  ///< a call of a store that takes longer is logged; 0: none is
  std::string ca_file;   ///< PEM file of further authorities for https
  std::shared_ptr<EventLoop> event_loop;  ///< null: one of its own
  std::shared_ptr<LogSink> log;           ///< null: lines are dropped

  /// Looks for what is wrong in itself. Starts no I/O.
  /// Failure: invalid_argument, with the field by its name, and the nearest match of a word.
  [[nodiscard]] Result<void> validate() const;
};

}  // namespace godwit
