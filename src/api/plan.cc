#include "api/plan.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "api/schemes.h"
#include "base/suggest.h"
#include "coordination/coordinator.h"

namespace godwit {
namespace api {
namespace {

Result<std::string> absolute(const std::string& path) {
  std::error_code error;
  auto whole = std::filesystem::absolute(path, error);
  if (!error) return whole.lexically_normal().string();
  return fail(Code::invalid_argument, "'" + path + "': " + error.message());
}

Result<StoreSpec> parse_url(const std::string& url) {
  const std::size_t colon = url.find(':');
  const std::string scheme = url.substr(0, colon);
  const bool has_scheme = colon != std::string::npos && colon < url.find('/');
  const auto known = scheme_names();
  if (has_scheme && std::ranges::find(known, scheme) == known.end()) {
    return fail(Error(Code::invalid_argument, "'" + scheme + ":' is not a kind of store")
                    .with_hint(suggest(scheme, known)));
  }
  GODWIT_TRY(const std::string here, absolute("."));
  return parse_store_url(url, here);
}

Result<Member> make_member(const std::string& field, const std::string& name,
                           const std::string& url, const StoreSecrets& secrets) {
  auto spec = parse_url(url);
  if (!spec) return fail(std::move(spec).error().because_of(field));
  spec->secrets = secrets;
  return Member{.name = name, .spec = *std::move(spec)};
}

replication::GroupConfig group_of(const ReplicationConfig& config) {
  replication::GroupConfig group{.name = config.name,
                                 .primary = config.primary.name,
                                 .primary_region = config.primary.region,
                                 .mode = config.mode,
                                 .min_sync_replicas = config.min_sync_replicas,
                                 .on_insufficient_acks = config.on_insufficient_acks,
                                 .read_preference = config.read_preference,
                                 .conflict_resolution = config.conflict_resolution,
                                 .merger = config.merger,
                                 .max_replication_lag = config.max_replication_lag,
                                 .alerts = config.alerts,
                                 .max_clock_drift = config.max_clock_drift,
                                 .health_check_interval = config.health_check_interval,
                                 .health_check_timeout = config.health_check_timeout,
                                 .failover = config.failover,
                                 .detection = config.detection,
                                 .late_write_window = config.late_write_window,
                                 .max_backlog = config.max_backlog,
                                 .payload = config.payload};
  for (const ReplicaTarget& target : config.targets) group.targets.push_back(target_of(target));
  return group;
}

Result<void> check_mergers(const ReplicationConfig& config) {
  Mergers mergers;
  for (const auto& [name, merger] : config.mergers) {
    auto added = mergers.add(name, merger);
    if (!added) {
      return fail(Error(Code::invalid_argument, "mergers: " + added.error().message()));
    }
  }
  if (config.conflict_resolution != ConflictPolicy::merge) return {};
  auto found = mergers.find(config.merger);
  if (!found) return fail(std::move(found).error().because_of("merger"));
  return {};
}

Result<void> check_numbers(const ReplicationConfig& config) {
  const auto wrong = [](const std::string& what) { return fail(Code::invalid_argument, what); };
  constexpr Duration kNone{};
  if (config.max_pending_calls == 0) return wrong("max_pending_calls must be at least 1");
  if (config.call_timeout < kNone) return wrong("call_timeout is negative");
  if (config.late_write_window < kNone) return wrong("late_write_window is negative");
  if (config.max_clock_drift < kNone) return wrong("max_clock_drift is negative");
  if (config.health_check_timeout <= kNone) return wrong("health_check_timeout must be > 0");
  return {};
}

}  // namespace

replication::TargetConfig target_of(const ReplicaTarget& target) {
  using replication::Role;
  return {.name = target.name,
          .region = target.region,
          .priority = target.priority,
          .role = target.is_read_replica ? Role::read_replica : Role::candidate,
          .sync_timeout = target.sync_timeout,
          .max_attempts = target.max_retry_attempts,
          .retry_delay = target.retry_delay,
          .longest_retry_delay = target.longest_retry_delay,
          .read_weight = target.read_weight,
          .is_exclusive = target.is_exclusive,
          .workers = target.workers,
          .most_workers = target.most_workers};
}

Result<Member> member_of(const ReplicaTarget& target) {
  return make_member("targets." + target.name + ".url", target.name, target.url, target.secrets);
}

Result<Plan> make_plan(const ReplicationConfig& config) {
  Plan plan{.group = group_of(config)};
  if (auto legal = check_name("a group", config.name); !legal) {
    return fail(std::move(legal).error().because_of("name"));
  }
  if (config.data_dir.empty()) return fail(Code::invalid_argument, "data_dir is empty");
  GODWIT_TRY(plan.data_dir, absolute(config.data_dir));
  GODWIT_CHECK(check_numbers(config));
  GODWIT_CHECK(replication::check_config(plan.group));
  GODWIT_CHECK(check_mergers(config));
  GODWIT_TRY(Member primary, make_member("primary.url", config.primary.name, config.primary.url,
                                         config.primary.secrets));
  plan.members.push_back(std::move(primary));
  for (const ReplicaTarget& target : config.targets) {
    GODWIT_TRY(Member member, member_of(target));
    plan.members.push_back(std::move(member));
  }
  return plan;
}

}  // namespace api

Result<void> ReplicationConfig::validate() const {
  auto plan = api::make_plan(*this);
  if (!plan) return std::unexpected(std::move(plan).error());
  return {};
}

}  // namespace godwit
