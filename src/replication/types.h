#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/duration.h"
#include "base/result.h"
#include "version/conflict.h"
#include "version/version.h"

namespace godwit::replication {

/// When a write is acknowledged.
enum class Mode : std::uint8_t {
  sync,       ///< when every target has it, but those that the operator paused
  semi_sync,  ///< when `min_sync_replicas` targets have it
  async       ///< when the primary has it; the rest is promised by the journal
};

/// What becomes of a write that too few targets have acknowledged in time. It stays, and will be
/// delivered, either way.
enum class OnInsufficientAcks : std::uint8_t { fail, degrade };

enum class ReadPreference : std::uint8_t { primary, secondary, nearest, any };

/// What we observe of a target.
enum class Health : std::uint8_t { unknown, healthy, degraded, unhealthy };

/// What we do with a target. Independent of its health: a probe changes only health, an operator
/// only state; but for `syncing`, which a target that was unhealthy is until it has caught up.
enum class State : std::uint8_t { active, paused, syncing, failed, removed };

enum class Role : std::uint8_t {
  candidate,    ///< may become primary, counts for `min_sync_replicas`
  read_replica  ///< neither
};

[[nodiscard]] std::string_view to_string(Mode mode);
[[nodiscard]] std::string_view to_string(ReadPreference preference);
[[nodiscard]] std::string_view to_string(Health health);
[[nodiscard]] std::string_view to_string(State state);
// Failure: invalid_argument, with the nearest name.
[[nodiscard]] Result<Mode> parse_mode(std::string_view name);
[[nodiscard]] Result<ReadPreference> parse_read_preference(std::string_view name);

struct TargetConfig {
  std::string name;
  std::string region;
  int priority = 1;  ///< of candidates in a failover: lower first
  Role role = Role::candidate;
  Duration sync_timeout = std::chrono::seconds(30);  ///< that a write waits for its ack
  std::uint32_t max_attempts = 8;                    ///< then it is a dead letter
  Duration retry_delay = std::chrono::seconds(1);    ///< doubles per attempt, with jitter
  Duration longest_retry_delay = std::chrono::seconds(60);
  std::size_t workers = 8;  ///< deliveries at once
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
  Duration max_clock_drift = std::chrono::minutes(1);
  Duration health_check_interval = std::chrono::seconds(30);
  Duration health_check_timeout = std::chrono::seconds(5);
  /// For so long a write whose answer was lost may still appear at the primary.
  Duration late_write_window = std::chrono::minutes(1);
  /// Tasks of one target; more collapse to one comparison of everything.
  std::uint64_t max_backlog = 100'000'000;
  std::vector<TargetConfig> targets;
};

/// What is wrong with a config, said of the field by its name: duplicate names, contradictory
/// numbers, names that are none. Failure: invalid_argument.
[[nodiscard]] Result<void> check_config(const GroupConfig& config);

/// What one target has of a write when it is answered.
enum class Ack : std::uint8_t {
  acknowledged,
  pending,  ///< the journal will deliver it
  excluded  ///< the operator has paused the target; delivered when it is resumed
};

struct TargetAck {
  std::string target;
  Ack ack = Ack::pending;
};

/// What a write tells its writer: what is durable where.
struct Receipt {
  Version version;  ///< also a session token: reads that carry it see this write or a newer one
  std::string etag;
  /// A write that overlapped this one came after it: this one was overwritten at once.
  bool superseded = false;
  std::vector<TargetAck> targets;
};

}  // namespace godwit::replication
