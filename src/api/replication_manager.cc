#include "godwit/replication_manager.h"

#include <algorithm>
#include <utility>

#include "api/store_impl.h"

namespace godwit {
namespace {

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

Kpi below(double value, double limit) {
  return {.value = value, .limit = limit, .has_data = true, .met = value < limit};
}

Kpi above(double value, double limit, bool has_data) {
  return {.value = value, .limit = limit, .has_data = has_data, .met = !has_data || value > limit};
}

}  // namespace

bool SyncAllReport::is_complete() const {
  return failed == 0 && std::ranges::none_of(targets, [](const TargetSync& target) {
           return target.error.has_value();
         });
}

ReplicationStatus make_replication_status(const GroupStatus& group,
                                          const ReplicationMetrics& metrics) {
  ReplicationStatus status{.running = true,
                           .primary = group.primary,
                           .total_replicated = metrics.writes_replicated,
                           .total_failed = metrics.writes_failed,
                           .total_bytes = metrics.bytes_replicated,
                           .average_duration = metrics.average_replication_time};
  for (const TargetStatus& target : group.targets) {
    status.queue_size += target.tasks;
    status.active_replications += target.active;
    status.workers += target.workers;
    status.replication_lag = std::max(status.replication_lag, target.lag);
  }
  return status;
}

KpiReport make_kpis(const GroupStatus& group, const ReplicationMetrics& metrics,
                    const KpiLimits& limits) {
  const ReplicationStatus status = make_replication_status(group, metrics);
  const auto arrived = static_cast<double>(metrics.writes_replicated);
  const double ended = arrived + static_cast<double>(metrics.writes_failed);
  const double rate = ended > 0 ? 100.0 * arrived / ended : 100.0;
  const double moving = seconds(metrics.moving_time);
  const bool moved = moving > 0 && metrics.bytes_replicated > 0;
  const double speed = moved ? static_cast<double>(metrics.bytes_replicated) / moving : 0;
  return {.lag_seconds = below(seconds(status.replication_lag), seconds(limits.lag)),
          .success_rate_percent = above(rate, limits.success_rate_percent, ended > 0),
          .queue = below(static_cast<double>(status.queue_size), static_cast<double>(limits.queue)),
          .bytes_per_second = above(speed, limits.bytes_per_second, moved)};
}

Result<VerifyReport> ReplicationManager::verify(std::string_view target,
                                                const VerifyOptions& options,
                                                const FindingSink& sink) {
  ReplicatedStore::Impl& in = *store_.impl_;
  const std::string name(target);
  GODWIT_TRY(const api::Ticket ticket,
             in.call<api::Ticket>([&] { return in.session.open_verify(name, options); }));
  GODWIT_TRY(RepairReport report, in.follow(ticket, sink, options.progress, options.stop));
  return std::move(report.found);
}

Result<RepairReport> ReplicationManager::repair(std::string_view target,
                                                const RepairOptions& options,
                                                const FindingSink& sink) {
  ReplicatedStore::Impl& in = *store_.impl_;
  const std::string name(target);
  GODWIT_TRY(const api::Ticket ticket,
             in.call<api::Ticket>([&] { return in.session.open_repair(name, options); }));
  return in.follow(ticket, sink, options.progress, options.stop);
}

Result<SyncAllReport> ReplicationManager::sync_all(Duration timeout, const std::stop_token& stop,
                                                   const ProgressSink& progress) {
  ReplicatedStore::Impl& in = *store_.impl_;
  const auto report = std::make_shared<SyncAllReport>();
  GODWIT_TRY(const api::Ticket ticket,
             in.call<api::Ticket>([&] { return in.session.open_sync(timeout, report); }));
  GODWIT_CHECK(in.follow(ticket, {}, progress, stop));
  return std::move(*report);
}

Result<ReplicationJob> ReplicationManager::replicate(std::string_view key, Priority priority) {
  ReplicatedStore::Impl& in = *store_.impl_;
  const std::string name(key);
  GODWIT_TRY(const std::uint64_t number,
             in.call<std::uint64_t>([&] { return in.session.replicate(name, priority); }));
  return ReplicationJob(store_, number);
}

Result<JobStatus> ReplicationJob::status() const {
  ReplicatedStore::Impl& in = *store_->impl_;
  return in.call<JobStatus>([&] { return in.session.job(number_); });
}

Result<JobStatus> ReplicationJob::wait(Duration timeout) const {
  ReplicatedStore::Impl& in = *store_->impl_;
  return in.call<JobStatus>([&] { return in.session.wait_for_job(number_, timeout); });
}

Result<void> ReplicationManager::set_workers(std::string_view target, const WorkerBounds& bounds) {
  ReplicatedStore::Impl& in = *store_.impl_;
  const std::string name(target);
  return in.call<void>([&] { return in.session.set_workers(name, bounds); });
}

Result<void> ReplicationManager::set_alerts(const AlertLimits& alerts) {
  ReplicatedStore::Impl& in = *store_.impl_;
  return in.call<void>([&] { return in.session.set_alerts(alerts); });
}

Result<ReplicationStatus> ReplicationManager::status() {
  auto group = store_.status();
  if (!group && group.error().code() == Code::precondition_failed) return ReplicationStatus{};
  if (!group) return std::unexpected(std::move(group).error());
  GODWIT_TRY(const ReplicationMetrics metrics, store_.metrics());
  return make_replication_status(*group, metrics);
}

Result<KpiReport> ReplicationManager::kpis(const KpiLimits& limits) {
  GODWIT_TRY(const GroupStatus group, store_.status());
  GODWIT_TRY(const ReplicationMetrics metrics, store_.metrics());
  return make_kpis(group, metrics, limits);
}

}  // namespace godwit
