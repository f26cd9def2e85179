#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/duration.h"
#include "base/result.h"
#include "godwit/status.h"
#include "godwit/types.h"
#include "version/conflict.h"

namespace godwit::replication {

// What users see of a group too.
using godwit::Ack;
using godwit::Detection;
using godwit::Expected;
using godwit::FailoverConfig;
using godwit::Health;
using godwit::Mode;
using godwit::MoveKind;
using godwit::MoveOptions;
using godwit::MoveReport;
using godwit::Notice;
using godwit::OnInsufficientAcks;
using godwit::PayloadConfig;
using godwit::ReadPreference;
using godwit::Receipt;
using godwit::State;
using godwit::TargetAck;
using godwit::TargetCounts;
using godwit::TargetStatus;
using godwit::WriteAtRisk;

enum class Role : std::uint8_t {
  candidate,    ///< may become primary, counts for `min_sync_replicas`
  read_replica  ///< neither
};

struct TargetConfig {
  std::string name;
  std::string region;
  int priority = 1;  ///< of candidates in a failover: lower first
  Role role = Role::candidate;
  Duration sync_timeout = std::chrono::seconds(30);  ///< that a write waits for its ack
  std::uint32_t max_attempts = 8;                    ///< then it is a dead letter
  Duration retry_delay = std::chrono::seconds(1);    ///< doubles per attempt, with jitter
  Duration longest_retry_delay = std::chrono::seconds(60);
  std::uint32_t read_weight = 1;  ///< its share of reads in turn; 0: it is not read
  bool is_exclusive = false;      ///< nobody else writes there
  std::size_t workers = 8;        ///< deliveries at once, at least
  std::size_t most_workers = 0;   ///< adapts up to so many; 0: always `workers`

  [[nodiscard]] std::size_t at_most() const { return most_workers == 0 ? workers : most_workers; }
};

struct GroupConfig {
  std::string name;
  std::string primary;  ///< its name among the group's stores
  std::string primary_region;
  Mode mode = Mode::async;
  std::size_t min_sync_replicas = 1;
  OnInsufficientAcks on_insufficient_acks = OnInsufficientAcks::fail;
  ReadPreference read_preference = ReadPreference::primary;
  ConflictPolicy conflict_resolution = ConflictPolicy::last_write_wins;
  std::string merger = "json";  ///< for ConflictPolicy::merge: the name of one of the mergers
  /// A target that lags more is not read.
  Duration max_replication_lag = std::chrono::seconds(5);
  AlertLimits alerts;
  Duration max_clock_drift = std::chrono::minutes(1);
  Duration health_check_interval = std::chrono::seconds(30);
  Duration health_check_timeout = std::chrono::seconds(5);
  FailoverConfig failover;
  Detection detection;
  /// For so long a write whose answer was lost may still appear at the primary.
  Duration late_write_window = std::chrono::minutes(1);
  /// Bodies of up to so many bytes are held in memory, larger ones go in parts of that size.
  Bytes part_size = 8 * kMiB;
  /// Tasks of one target; more collapse to one comparison of everything.
  std::uint64_t max_backlog = 100'000'000;
  PayloadConfig payload;
  std::vector<TargetConfig> targets;
};

inline constexpr std::uint32_t kMostReadWeight = 1000;
/// Each may hold half a MiB of buffers: those of a target stay within 64 MiB.
inline constexpr std::size_t kMostWorkers = 128;
/// What is wrong with the numbers of a target's workers. Failure: invalid_argument.
[[nodiscard]] Result<void> check_workers(const TargetConfig& target);

/// What is wrong with a config, said of the field by its name: duplicate names, contradictory
/// numbers, names that are none. Failure: invalid_argument.
[[nodiscard]] Result<void> check_config(const GroupConfig& config);

}  // namespace godwit::replication
