#include <utility>

#include "api/session.h"

/// What a session does for a ReplicationManager.
namespace godwit::api {
namespace {

asio::awaitable<void> sync_into(const Context& context, replication::Group& group,
                                TargetSync& report) {
  auto synced = co_await group.sync(context, report.target);
  if (synced) {
    report = *std::move(synced);
  } else {
    report.error = std::move(synced).error();
  }
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

Task<std::uint64_t> Session::replicate(const std::string& key, Priority priority) {
  const Context context = this->context({}, "replicate");
  co_return co_await group_->requests().ask(context, key, priority);
}

Task<JobStatus> Session::job(std::uint64_t number) { co_return group_->requests().status(number); }

Task<JobStatus> Session::wait_for_job(std::uint64_t number, Duration timeout) {
  const Context context = this->context(timeout);
  co_return co_await group_->requests().wait(context, number);
}

Task<SyncAllReport> Session::sync_all(Duration timeout, CancelToken cancel) {
  const CancelScope scope(context(timeout, "sync"), cancel);
  const Context& context = scope.context();
  SyncAllReport report;
  for (TargetStatus& target : group_->status()) {
    report.targets.push_back({.target = std::move(target.name)});
  }
  TaskGroup group(world_.executor());
  for (TargetSync& each : report.targets) group.spawn(sync_into(context, *group_, each));
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
  Examination::Work work = [group = group_.get(), target, options](
                               const Context& context, const replication::FindingSink& sink) {
    return verify_only(context, *group, target, options, sink);
  };
  const Context context = this->context(options.timeout, options.request_id);
  co_return co_await open_examination(context, std::move(work));
}

Task<Ticket> Session::open_repair(const std::string& target, const RepairOptions& options) {
  GODWIT_CO_CHECK(check_target(target));
  Examination::Work work = [group = group_.get(), target, options](
                               const Context& context, const replication::FindingSink& sink) {
    return group->repair(context, target, options, sink);
  };
  const Context context = this->context(options.timeout, options.request_id);
  co_return co_await open_examination(context, std::move(work));
}

void Session::cancel(Ticket ticket) {
  const auto found = examinations_.find(ticket);
  if (found != examinations_.end()) found->second->cancel();
}

Task<std::vector<Finding>> Session::next_findings(Ticket ticket) {
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
