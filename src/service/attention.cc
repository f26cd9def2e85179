#include "service/attention.h"

#include <algorithm>
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

std::uint64_t conflicts_of(const TargetStatus& target, const Conflicts& conflicts) {
  const auto found = conflicts.find(target.name);
  return found == conflicts.end() ? 0 : found->second;
}

/// What is wrong whatever was configured.
std::optional<Attention> trouble_of(const TargetStatus& target, const Conflicts& conflicts) {
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
  if (target.is_full) return told("full", "has no room; " + waiting(target));
  const std::uint64_t waiting_for_people = conflicts_of(target, conflicts);
  const std::uint64_t dead =
      target.dead_letters - std::min(target.dead_letters, waiting_for_people);
  const std::string unresolved =
      counted(waiting_for_people, "conflict waits", "conflicts wait") + " for a person";
  if (dead > 0) {
    const std::string letters = counted(dead, "dead letter", "dead letters");
    return told("dead_letters", waiting_for_people == 0 ? letters : letters + ", " + unresolved);
  }
  if (waiting_for_people > 0) return told("conflicts", unresolved);
  return std::nullopt;
}

std::optional<Attention> alert_of(const TargetStatus& target, const ReplicationConfig& config) {
  const Duration most = config.alerts.lag.value_or(config.max_replication_lag);
  if (target.lag > most) {
    return Attention{
        .kind = "lag",
        .target = target.name,
        .message = "lags " + format_duration(target.lag) + ", more than " + format_duration(most)};
  }
  if (target.tasks > config.alerts.queue) {
    return Attention{
        .kind = "queue",
        .target = target.name,
        .message = waiting(target) + ", more than " + std::to_string(config.alerts.queue)};
  }
  return std::nullopt;
}

}  // namespace

std::vector<Attention> attention_of(const GroupStatus& status, const ReplicationConfig& config,
                                    const Conflicts& conflicts) {
  std::vector<Attention> all;
  if (status.primary_health == Health::unhealthy) {
    all.push_back(
        {.kind = "primary_away", .message = "primary " + status.primary + " does not answer"});
  }
  for (const TargetStatus& target : status.targets) {
    auto found = trouble_of(target, conflicts);
    if (!found) found = alert_of(target, config);
    if (found) all.push_back(*std::move(found));
  }
  return all;
}

std::string note_of(const TargetStatus& target, const Conflicts& conflicts) {
  const auto trouble = trouble_of(target, conflicts);
  if (trouble) return trouble->message;
  if (target.caught_up) return "has everything";
  if (target.state == State::syncing) return "is being compared";
  return "catching up";
}

Conflicts count_conflicts(ReplicatedStore& store, const GroupStatus& status) {
  Conflicts conflicts;
  for (const TargetStatus& target : status.targets) {
    if (target.dead_letters == 0) continue;
    const auto letters = store.dead_letters(target.name);
    if (!letters) continue;
    const auto count = std::ranges::count(*letters, Code::precondition_failed, &DeadLetter::code);
    if (count > 0) conflicts[target.name] = static_cast<std::uint64_t>(count);
  }
  return conflicts;
}

}  // namespace godwit::service
