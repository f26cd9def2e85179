#include "replication/types.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/suggest.h"

namespace godwit {
namespace {

constexpr std::array kModes{std::pair{"sync", Mode::sync}, std::pair{"semi_sync", Mode::semi_sync},
                            std::pair{"async", Mode::async}};
constexpr std::array kPreferences{std::pair{"primary", ReadPreference::primary},
                                  std::pair{"secondary", ReadPreference::secondary},
                                  std::pair{"nearest", ReadPreference::nearest},
                                  std::pair{"any", ReadPreference::any},
                                  std::pair{"secondary_only", ReadPreference::secondary_only}};
constexpr std::array kHealths{
    std::pair{"unknown", Health::unknown}, std::pair{"healthy", Health::healthy},
    std::pair{"degraded", Health::degraded}, std::pair{"unhealthy", Health::unhealthy}};
constexpr std::array kStates{std::pair{"active", State::active}, std::pair{"paused", State::paused},
                             std::pair{"syncing", State::syncing},
                             std::pair{"failed", State::failed},
                             std::pair{"removed", State::removed}};

template <class Names, class E>
std::string_view name_of(const Names& names, E value) {
  return std::ranges::find(names, value, [](const auto& each) { return each.second; })->first;
}

template <class Names>
auto find(const Names& names, std::string_view what, std::string_view name)
    -> Result<decltype(names[0].second)> {
  for (const auto& [known, value] : names) {
    if (known == name) return value;
  }
  std::vector<std::string> all;
  for (const auto& each : names) all.emplace_back(each.first);
  return fail(
      Error(Code::invalid_argument, "'" + std::string(name) + "' is not a " + std::string(what))
          .with_hint(suggest(name, all)));
}

}  // namespace

std::string_view to_string(Mode mode) { return name_of(kModes, mode); }
std::string_view to_string(ReadPreference preference) { return name_of(kPreferences, preference); }
std::string_view to_string(Health health) { return name_of(kHealths, health); }
std::string_view to_string(State state) { return name_of(kStates, state); }

Result<Mode> parse_mode(std::string_view name) { return find(kModes, "mode", name); }
Result<ReadPreference> parse_read_preference(std::string_view name) {
  return find(kPreferences, "read preference", name);
}

namespace replication {
namespace {

std::unexpected<Error> wrong(const std::string& field, const std::string& why) {
  return fail(Code::invalid_argument, field + " " + why);
}

Result<void> check_target(const TargetConfig& target) {
  const std::string field = "targets." + target.name + ".";
  if (target.name.empty()) return wrong("targets.name", "is empty");
  if (auto legal = check_region(target.region); !legal) {
    return fail(std::move(legal).error().because_of(field + "region"));
  }
  if (target.sync_timeout <= Duration::zero()) return wrong(field + "sync_timeout", "must be > 0");
  if (target.max_attempts == 0) return wrong(field + "max_attempts", "must be at least 1");
  if (target.retry_delay < Duration::zero()) return wrong(field + "retry_delay", "is negative");
  if (target.longest_retry_delay < target.retry_delay) {
    return wrong(field + "longest_retry_delay", "is shorter than retry_delay");
  }
  if (target.read_weight > kMostReadWeight) {
    return wrong(field + "read_weight", "must be at most " + std::to_string(kMostReadWeight));
  }
  return check_workers(target);
}

Result<void> check_acks(const GroupConfig& config) {
  if (config.mode != Mode::semi_sync) return {};
  const auto candidates = static_cast<std::size_t>(
      std::ranges::count(config.targets, Role::candidate, &TargetConfig::role));
  if (config.min_sync_replicas >= 1 && config.min_sync_replicas <= candidates) return {};
  return wrong("min_sync_replicas", "is " + std::to_string(config.min_sync_replicas) + ", but " +
                                        std::to_string(candidates) +
                                        " targets can acknowledge (read replicas do not count)");
}

}  // namespace

Result<void> check_workers(const TargetConfig& target) {
  const std::string field = "targets." + target.name + ".";
  if (target.workers == 0) return wrong(field + "workers", "must be at least 1");
  if (target.at_most() < target.workers) {
    return wrong(field + "most_workers", "is less than workers (0: always so many)");
  }
  if (target.at_most() <= kMostWorkers) return {};
  return wrong(field + "workers", "must be at most " + std::to_string(kMostWorkers));
}

Result<void> check_config(const GroupConfig& config) {
  if (auto legal = check_region(config.primary_region); !legal) {
    return fail(std::move(legal).error().because_of("primary_region"));
  }
  if (config.primary.empty()) return wrong("primary", "is empty");
  std::set<std::string> names{config.primary};
  for (const TargetConfig& target : config.targets) {
    GODWIT_CHECK(check_target(target));
    if (!names.insert(target.name).second) {
      return wrong("targets.name", "'" + target.name + "' is there twice");
    }
  }
  if (config.max_replication_lag < Duration::zero()) {
    return wrong("max_replication_lag", "is negative");
  }
  if (config.health_check_interval <= Duration::zero()) {
    return wrong("health_check_interval", "must be > 0");
  }
  if (config.failover.check_interval <= Duration::zero()) {
    return wrong("failover.check_interval", "must be > 0");
  }
  if (config.failover.check_timeout <= Duration::zero()) {
    return wrong("failover.check_timeout", "must be > 0");
  }
  if (config.failover.detection_window < config.failover.check_interval) {
    return wrong("failover.detection_window", "is shorter than failover.check_interval");
  }
  if (config.alerts.lag.value_or(Duration::zero()) < Duration::zero()) {
    return wrong("lag_alert", "is negative");
  }
  if (config.max_backlog == 0) return wrong("max_backlog", "must be at least 1");
  if (config.payload.max_body > config.payload.limit) {
    return wrong("journal_payload_max_body", "is more than journal_payload_limit");
  }
  return check_acks(config);
}

}  // namespace replication
}  // namespace godwit
