#include "api/json.h"
#include "godwit/replication_manager.h"
#include "godwit/verification.h"

namespace godwit {
namespace {

using api::dump;
using api::Json;
using api::milliseconds;

void add_error(Json& json, const std::optional<Error>& error) {
  if (error) json["error"] = error->to_string();
}

Json json_of(const VerifyReport& report) {
  Json json{{"target", report.target},
            {"is_consistent", report.is_consistent()},
            {"primary_count", report.primary_count},
            {"target_count", report.target_count},
            {"total", report.total},
            {"same", report.same},
            {"unproven", report.unproven},
            {"in_flight", report.in_flight},
            {"missing", report.missing},
            {"extra", report.extra},
            {"different", report.different},
            {"metadata_only", report.metadata_only},
            {"unreadable", report.unreadable},
            {"bytes_read", report.bytes_read},
            {"lag_ms", milliseconds(report.lag)},
            {"duration_ms", milliseconds(report.duration)}};
  add_error(json, report.error);
  return json;
}

Json json_of(const TargetSync& sync) {
  Json json{{"target", sync.target},         {"total", sync.total},
            {"replicated", sync.replicated}, {"skipped", sync.skipped},
            {"failed", sync.failed},         {"pending", sync.pending},
            {"bytes", sync.bytes},           {"duration_ms", milliseconds(sync.duration)}};
  add_error(json, sync.error);
  return json;
}

Json json_of(const Kpi& kpi) {
  return {{"value", kpi.value}, {"limit", kpi.limit}, {"has_data", kpi.has_data}, {"met", kpi.met}};
}

}  // namespace

std::string to_json(const Finding& finding) {
  Json json{{"finding", to_string(finding.kind)}, {"target", finding.target}, {"key", finding.key}};
  add_error(json, finding.error);
  return dump(json);
}

std::string to_json(const VerifyReport& report) { return dump(json_of(report)); }

std::string to_json(const RepairReport& report) {
  Json json{{"found", json_of(report.found)}, {"is_complete", report.is_complete()},
            {"repaired", report.repaired},    {"unchanged", report.unchanged},
            {"failed", report.failed},        {"pending", report.pending}};
  add_error(json, report.error);
  return dump(json);
}

std::string to_json(const SyncAllReport& report) {
  Json targets = Json::array();
  for (const TargetSync& target : report.targets) targets.push_back(json_of(target));
  return dump({{"is_complete", report.is_complete()},
               {"total", report.total},
               {"replicated", report.replicated},
               {"skipped", report.skipped},
               {"failed", report.failed},
               {"pending", report.pending},
               {"targets", targets}});
}

std::string to_json(const JobStatus& status) {
  Json targets = Json::array();
  for (const TargetJob& job : status.targets) {
    Json json{{"target", job.target}, {"state", to_string(job.state)}};
    add_error(json, job.error);
    targets.push_back(std::move(json));
  }
  return dump({{"key", status.key},
               {"state", to_string(status.state)},
               {"size_bytes", status.size},
               {"targets", targets}});
}

std::string to_json(const ReplicationStatus& status) {
  return dump({{"running", status.running},
               {"primary", status.primary},
               {"queue_size", status.queue_size},
               {"active_replications", status.active_replications},
               {"workers", status.workers},
               {"total_replicated", status.total_replicated},
               {"total_failed", status.total_failed},
               {"total_bytes", status.total_bytes},
               {"average_duration_ms", milliseconds(status.average_duration)},
               {"replication_lag_ms", milliseconds(status.replication_lag)}});
}

std::string to_json(const KpiReport& report) {
  return dump({{"all_met", report.all_met()},
               {"lag_seconds", json_of(report.lag_seconds)},
               {"success_rate_percent", json_of(report.success_rate_percent)},
               {"queue", json_of(report.queue)},
               {"bytes_per_second", json_of(report.bytes_per_second)}});
}

}  // namespace godwit
