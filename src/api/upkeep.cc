#include <utility>

#include "api/session.h"

/// What a session does for a ReplicationManager.
namespace godwit::api {
namespace {

asio::awaitable<void> sync_into(const Context& context, replication::Group& group,
                                TargetSync& report, ProgressSink progress) {
  auto synced = co_await group.sync(context, report.target, progress);
  if (synced) {
    report = *std::move(synced);
  } else {
    report.error = std::move(synced).error();
  }
}

/// A total is known where that of each target is.
WorkProgress sum_of(const std::vector<WorkProgress>& targets) {
  WorkProgress sum{.total = 0};
  for (const WorkProgress& each : targets) {
    sum.done += each.done;
    sum.total_is_estimate = sum.total_is_estimate || each.total_is_estimate;
    if (sum.total && each.total) {
      *sum.total += *each.total;
    } else {
      sum.total.reset();
    }
  }
  return sum;
}

Task<RepairReport> verify_only(const Context& context, replication::Group& group,
                               const std::string& target, const VerifyOptions& options,
                               const replication::FindingSink& sink) {
  RepairReport report;
  GODWIT_CO_TRY(report.found, co_await group.verify(context, target, options, sink));
  co_return report;
}

}  // namespace

Task<void> Session::set_workers(const std::string& target, const WorkerBounds& bounds) {
  GODWIT_CO_CHECK(check_target(target));
  co_return group_->set_workers(target, bounds);
}

Task<void> Session::set_alerts(const AlertLimits& alerts) { co_return group_->set_alerts(alerts); }

Task<std::uint64_t> Session::replicate(const std::string& key, Priority priority) {
  const Context context = this->context({}, "replicate");
  co_return co_await group_->requests().ask(context, key, priority);
}

Task<JobStatus> Session::job(std::uint64_t number) { co_return group_->requests().status(number); }

Task<JobStatus> Session::wait_for_job(std::uint64_t number, Duration timeout) {
  const Context context = this->context(timeout);
  co_return co_await group_->requests().wait(context, number);
}

Task<SyncAllReport> Session::sync_all(const Context& context, const ProgressSink& progress) {
  SyncAllReport report;
  for (TargetStatus& target : group_->status()) {
    report.targets.push_back({.target = std::move(target.name)});
  }
  std::vector<WorkProgress> parts(report.targets.size());
  TaskGroup group(world_.executor());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    ProgressSink tell = [&parts, &progress, i](const WorkProgress& part) {
      parts[i] = part;
      progress(sum_of(parts));
    };
    group.spawn(sync_into(context, *group_, report.targets[i], std::move(tell)));
  }
  co_await group.join();
  for (const TargetSync& each : report.targets) {
    report.total += each.total;
    report.replicated += each.replicated;
    report.skipped += each.skipped;
    report.failed += each.failed;
    report.pending += each.pending;
  }
  co_return report;
}

Task<Ticket> Session::open_examination(const Context& context, Examination::Work work) {
  const Ticket ticket = ++last_ticket_;
  auto& examination = examinations_[ticket];
  examination = std::make_unique<Examination>(context, std::move(work));
  examination->start();
  co_return ticket;
}

Task<Ticket> Session::open_verify(const std::string& target, const VerifyOptions& options) {
  GODWIT_CO_CHECK(check_target(target));
  Examination::Work work = [group = group_.get(), target, options = options](
                               const Context& context, const Examination::Sinks& sinks) mutable {
    if (options.progress) options.progress = sinks.progress;
    return verify_only(context, *group, target, options, sinks.finding);
  };
  const Context context = this->context(options.timeout, options.request_id);
  co_return co_await open_examination(context, std::move(work));
}

Task<Ticket> Session::open_repair(const std::string& target, const RepairOptions& options) {
  GODWIT_CO_CHECK(check_target(target));
  Examination::Work work = [group = group_.get(), target, options = options](
                               const Context& context, const Examination::Sinks& sinks) mutable {
    if (options.progress) options.progress = sinks.progress;
    return group->repair(context, target, options, sinks.finding);
  };
  const Context context = this->context(options.timeout, options.request_id);
  co_return co_await open_examination(context, std::move(work));
}

Task<RepairReport> Session::sync_into_report(const Context& context,
                                             std::shared_ptr<SyncAllReport> report,
                                             const ProgressSink& progress) {
  GODWIT_CO_TRY(*report, co_await sync_all(context, progress));
  co_return RepairReport();
}

Task<RepairReport> Session::full_sync_into_report(const Context& context, std::string target,
                                                  std::shared_ptr<SyncReport> report,
                                                  const ProgressSink& progress) {
  GODWIT_CO_TRY(*report, co_await full_sync(context, target, progress));
  co_return RepairReport();
}

Task<Ticket> Session::open_sync(Duration timeout, std::shared_ptr<SyncAllReport> report) {
  Examination::Work work = [this, report = std::move(report)](const Context& context,
                                                              const Examination::Sinks& sinks) {
    return sync_into_report(context, report, sinks.progress);
  };
  co_return co_await open_examination(context(timeout, "sync"), std::move(work));
}

Task<Ticket> Session::open_full_sync(const std::string& target, Duration timeout,
                                     std::shared_ptr<SyncReport> report) {
  GODWIT_CO_CHECK(check_target(target));
  Examination::Work work = [this, target, report = std::move(report)](
                               const Context& context, const Examination::Sinks& sinks) {
    return full_sync_into_report(context, target, report, sinks.progress);
  };
  co_return co_await open_examination(context(timeout, "sync"), std::move(work));
}

void Session::cancel(Ticket ticket) {
  const auto found = examinations_.find(ticket);
  if (found != examinations_.end()) found->second->cancel();
}

Task<Examination::News> Session::next_news(Ticket ticket) {
  const auto found = examinations_.find(ticket);
  if (found == examinations_.end()) co_return fail(Code::cancelled, "the store is being closed");
  co_return co_await found->second->next();
}

Task<RepairReport> Session::examined(Ticket ticket) {
  const auto found = examinations_.find(ticket);
  if (found == examinations_.end()) co_return fail(Code::cancelled, "the store is being closed");
  co_return found->second->result();
}

}  // namespace godwit::api
