#include "api/json.h"

#include "godwit/events.h"
#include "godwit/status.h"

namespace godwit {

using api::dump;
using api::Json;
using api::milliseconds;

namespace {

Json json_of(const DurationHistogram& histogram) {
  return {{"count", histogram.count()},
          {"mean_ms", milliseconds(histogram.mean())},
          {"p50_ms", milliseconds(histogram.percentile(0.5))},
          {"p99_ms", milliseconds(histogram.percentile(0.99))}};
}

}  // namespace

std::string to_json(const Event& event) {
  const auto at =
      std::chrono::duration_cast<std::chrono::milliseconds>(event.at.time_since_epoch());
  Json json{{"number", event.number}, {"event", to_string(event.type)}, {"at_ms", at.count()}};
  if (!event.target.empty()) json["target"] = event.target;
  if (!event.key.empty()) json["key"] = event.key;
  if (!event.message.empty()) json["message"] = event.message;
  if (event.type == EventType::sync_completed) json["failed"] = event.failed;
  return dump(json);
}

std::string to_json(const GroupStatus& status) {
  Json targets = Json::array();
  for (const TargetStatus& target : status.targets) {
    Json json = {{"name", target.name},
                 {"region", target.region},
                 {"health", to_string(target.health)},
                 {"state", to_string(target.state)},
                 {"caught_up", target.caught_up},
                 {"in_doubt", target.in_doubt},
                 {"lag_ms", milliseconds(target.lag)},
                 {"tasks", target.tasks},
                 {"bytes", target.bytes},
                 {"dead_letters", target.dead_letters},
                 {"replicated", target.counts.replicated},
                 {"failed", target.counts.failed},
                 {"attempts", target.counts.attempts},
                 {"conflicts", target.counts.conflicts},
                 {"left_alone", target.counts.left_alone},
                 {"workers", target.workers},
                 {"active", target.active}};
    if (target.is_full) json["is_full"] = true;
    if (!target.why_failed.empty()) json["why_failed"] = target.why_failed;
    if (target.round_trip > Duration::zero()) {
      json["round_trip_ms"] = milliseconds(target.round_trip);
    }
    targets.push_back(std::move(json));
  }
  const Json json{{"name", status.name},
                  {"primary", status.primary},
                  {"primary_health", to_string(status.primary_health)},
                  {"epoch", status.epoch},
                  {"unsettled", status.unsettled},
                  {"targets", targets},
                  {"handler_errors", status.handler_errors},
                  {"events_dropped", status.events_dropped}};
  return dump(json);
}

std::string to_json(const ReplicationMetrics& metrics) {
  Json lags = Json::object();
  Json rates = Json::object();
  Json targets = Json::array();
  for (const TargetMetrics& target : metrics.targets) {
    lags[target.name] = milliseconds(target.lag);
    rates[target.name] = target.success_rate_percent;
    targets.push_back({{"name", target.name},
                       {"replicated", target.replicated},
                       {"failed", target.failed},
                       {"attempts", target.attempts},
                       {"has_data", target.has_data},
                       {"replication_time", json_of(target.replication_time)}});
  }
  const Json json{{"writes_to_primary", metrics.writes_to_primary},
                  {"writes_replicated", metrics.writes_replicated},
                  {"writes_failed", metrics.writes_failed},
                  {"conflicts_detected", metrics.conflicts_detected},
                  {"conflicts_resolved", metrics.conflicts_resolved},
                  {"failovers", metrics.failovers},
                  {"hedged_reads", metrics.hedged_reads},
                  {"hedges_won", metrics.hedges_won},
                  {"write_time", json_of(metrics.write_time)},
                  {"read_time", json_of(metrics.read_time)},
                  {"current_lag_ms", lags},
                  {"average_replication_time_ms", milliseconds(metrics.average_replication_time)},
                  {"bytes_replicated", metrics.bytes_replicated},
                  {"moving_time_ms", milliseconds(metrics.moving_time)},
                  {"journal_payload", metrics.journal_payload},
                  {"payloads_left_out", metrics.payloads_left_out},
                  {"replica_success_rates", rates},
                  {"targets", targets}};
  return dump(json);
}

}  // namespace godwit
