#include "service/attention.h"

#include <optional>

#include "base/duration.h"

namespace godwit::service {
namespace {

std::string counted(std::uint64_t count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

std::string waiting(const TargetStatus& target) {
  return counted(target.tasks, "write waits", "writes wait");
}

/// What is wrong whatever was configured.
std::optional<Attention> trouble_of(const TargetStatus& target) {
  const auto told = [&target](const char* kind, std::string message) {
    return Attention{.kind = kind, .target = target.name, .message = std::move(message)};
  };
  if (target.state == State::failed) return told("failed", "failed: " + target.why_failed);
  if (target.state == State::paused) {
    return told("paused", "paused by an operator; " + waiting(target));
  }
  if (target.health == Health::unhealthy) {
    return told("away", "does not answer; " + waiting(target));
  }
  if (target.dead_letters > 0) {
    return told("dead_letters", counted(target.dead_letters, "dead letter", "dead letters"));
  }
  return std::nullopt;
}

std::optional<Attention> alert_of(const TargetStatus& target, const ReplicationConfig& config) {
  const Duration most = config.lag_alert.value_or(config.max_replication_lag);
  if (target.lag > most) {
    return Attention{
        .kind = "lag",
        .target = target.name,
        .message = "lags " + format_duration(target.lag) + ", more than " + format_duration(most)};
  }
  if (target.tasks > config.queue_alert) {
    return Attention{
        .kind = "queue",
        .target = target.name,
        .message = waiting(target) + ", more than " + std::to_string(config.queue_alert)};
  }
  return std::nullopt;
}

}  // namespace

std::vector<Attention> attention_of(const GroupStatus& status, const ReplicationConfig& config) {
  std::vector<Attention> all;
  if (status.primary_health == Health::unhealthy) {
    all.push_back(
        {.kind = "primary_away", .message = "primary " + status.primary + " does not answer"});
  }
  for (const TargetStatus& target : status.targets) {
    auto found = trouble_of(target);
    if (!found) found = alert_of(target, config);
    if (found) all.push_back(*std::move(found));
  }
  return all;
}

std::string note_of(const TargetStatus& target) {
  const auto trouble = trouble_of(target);
  if (trouble) return trouble->message;
  if (target.caught_up) return "has everything";
  if (target.state == State::syncing) return "is being compared";
  return "catching up";
}

}  // namespace godwit::service
