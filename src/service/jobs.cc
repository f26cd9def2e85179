#include "service/jobs.h"

#include <utility>

#include "service/line_log.h"

namespace godwit::service {
namespace {

/// What a job yields: the report as JSON, and whether all is well now.
struct Outcome {
  std::string report;
  bool complete = false;
};

template <class Report>
Result<Outcome> outcome_of(Result<Report> report, bool (Report::*is_complete)() const) {
  if (!report) return std::unexpected(std::move(report).error());
  return Outcome{to_json(*report), ((*report).*is_complete)()};
}

Result<Outcome> work(ReplicatedStore& store, const JobOrder& order,
                     const ReplicationManager::FindingSink& sink) {
  ReplicationManager manager(store);
  if (order.kind == JobKind::verify) {
    const VerifyOptions options{.level = order.level, .timeout = order.timeout};
    return outcome_of(manager.verify(order.target, options, sink), &VerifyReport::is_consistent);
  }
  if (order.kind == JobKind::repair) {
    const RepairOptions options{
        .level = order.level, .extra = order.extra, .timeout = order.timeout};
    return outcome_of(manager.repair(order.target, options, sink), &RepairReport::is_complete);
  }
  if (order.target.empty()) {
    return outcome_of(manager.sync_all(order.timeout), &SyncAllReport::is_complete);
  }
  GODWIT_TRY(const SyncReport report, store.full_sync(order.target, order.timeout));
  const Json json{
      {"items_synced", report.items_synced},
      {"items_failed", report.items_failed},
      {"duration_ms", std::chrono::duration<double, std::milli>(report.duration).count()}};
  return Outcome{dump(json), report.items_failed == 0};
}

}  // namespace

std::string_view to_string(JobKind kind) {
  switch (kind) {
    case JobKind::sync: return "sync";
    case JobKind::verify: return "verify";
    case JobKind::repair: return "repair";
  }
  return "";
}

Result<std::uint64_t> Jobs::start(ReplicatedStore& store, const JobOrder& order) {
  if (running() >= kMostRunning) {
    return fail(Error(Code::limit_exceeded, std::to_string(kMostRunning) + " jobs run already")
                    .with(Retry::later));
  }
  const std::lock_guard lock(mutex_);
  forget_old();
  const std::uint64_t number = ++last_;
  Job& job = jobs_[number];
  job.order = order;
  job.began = world_.wall_now();
  job.thread = RealThread([this, number, &store, order] { run(number, store, order); });
  return number;
}

void Jobs::run(std::uint64_t number, ReplicatedStore& store, const JobOrder& order) {
  auto outcome = work(store, order, [this, number](const Finding& finding) {
    note(number, finding);
    return Result<void>();
  });
  const std::lock_guard lock(mutex_);
  Job& job = jobs_.at(number);
  job.ended = world_.wall_now();
  job.state = outcome ? State::completed : State::failed;
  if (outcome) {
    job.report = std::move(outcome->report);
    job.complete = outcome->complete;
  } else {
    job.error = outcome.error().to_string();
  }
}

void Jobs::note(std::uint64_t number, const Finding& finding) {
  const std::lock_guard lock(mutex_);
  Job& job = jobs_.at(number);
  ++job.found;
  if (job.findings.size() < kMostFindings) job.findings.push_back(to_json(finding));
}

/// Ended ones beyond the limit. Under the lock.
void Jobs::forget_old() {
  auto ended = std::ranges::count_if(
      jobs_, [](const auto& job) { return job.second.state != State::running; });
  for (auto job = jobs_.begin(); job != jobs_.end() && std::cmp_greater_equal(ended, kMostKept);) {
    const bool over = job->second.state != State::running;
    job = over ? jobs_.erase(job) : std::next(job);
    if (over) --ended;
  }
}

Json Jobs::tell(std::uint64_t number, const Job& job) const {
  const WallTime until = job.state == State::running ? world_.wall_now() : job.ended;
  const char* state = job.state == State::running     ? "running"
                      : job.state == State::completed ? "completed"
                                                      : "failed";
  Json json{{"id", number},
            {"kind", to_string(job.order.kind)},
            {"group", job.order.group},
            {"target", job.order.target},
            {"state", state},
            {"began", timestamp(job.began)},
            {"elapsed_ms", std::chrono::duration<double, std::milli>(until - job.began).count()},
            {"findings_count", job.found}};
  if (job.state == State::completed) {
    json["all_well"] = job.complete;
    json["report"] = Json::parse(job.report);
  }
  if (!job.error.empty()) json["error"] = job.error;
  return json;
}

Result<Json> Jobs::find(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  const auto found = jobs_.find(number);
  if (found == jobs_.end()) {
    return fail(Code::not_found, "there is no job " + std::to_string(number));
  }
  Json json = tell(number, found->second);
  json["findings"] = Json::array();
  for (const std::string& finding : found->second.findings) {
    json["findings"].push_back(Json::parse(finding));
  }
  return json;
}

Json Jobs::list() {
  const std::lock_guard lock(mutex_);
  Json all = Json::array();
  for (auto job = jobs_.rbegin(); job != jobs_.rend(); ++job) {
    all.push_back(tell(job->first, job->second));
  }
  return all;
}

std::size_t Jobs::running() {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::ranges::count_if(
      jobs_, [](const auto& job) { return job.second.state == State::running; }));
}

void Jobs::join() {
  std::vector<RealThread> threads;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [number, job] : jobs_) threads.push_back(std::move(job.thread));
  }
  for (RealThread& thread : threads) thread.join();
}

}  // namespace godwit::service
