#include "service/jobs.h"

#include <functional>
#include <utility>

#include "service/drill.h"
#include "service/groups.h"
#include "service/line_log.h"
#include "service/shapes.h"

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

/// What a job works with.
struct Bench {
  World& world;
  ServedGroup& group;
  const ReplicationConfig& config;  ///< of the group, as it was at the start
  const JobOrder& order;
  std::string name;  ///< in logs: "job-7"
  std::uint64_t seed = 0;
  std::stop_token stop;
  ReplicationManager::FindingSink sink;
  ProgressSink progress;
};

Result<Outcome> verify(const Bench& bench) {
  const VerifyOptions options{.level = bench.order.level,
                              .timeout = bench.order.timeout,
                              .prefix = bench.order.prefix,
                              .stop = bench.stop,
                              .request_id = bench.name,
                              .progress = bench.progress};
  return outcome_of(
      ReplicationManager(*bench.group.store).verify(bench.order.target, options, bench.sink),
      &VerifyReport::is_consistent);
}

Result<Outcome> repair(const Bench& bench) {
  const RepairOptions options{.level = bench.order.level,
                              .extra = bench.order.extra,
                              .timeout = bench.order.timeout,
                              .prefix = bench.order.prefix,
                              .stop = bench.stop,
                              .request_id = bench.name,
                              .progress = bench.progress};
  return outcome_of(
      ReplicationManager(*bench.group.store).repair(bench.order.target, options, bench.sink),
      &RepairReport::is_complete);
}

Result<Outcome> sync(const Bench& bench) {
  const JobOrder& order = bench.order;
  ReplicatedStore& store = *bench.group.store;
  if (order.target.empty()) {
    return outcome_of(ReplicationManager(store).sync_all(order.timeout, bench.stop, bench.progress),
                      &SyncAllReport::is_complete);
  }
  GODWIT_TRY(const SyncReport report,
             store.full_sync(order.target, order.timeout, bench.stop, bench.progress));
  const Json json{
      {"items_synced", report.items_synced},
      {"items_failed", report.items_failed},
      {"duration_ms", std::chrono::duration<double, std::milli>(report.duration).count()}};
  return Outcome{dump(json), report.items_failed == 0};
}

Result<Outcome> drill(const Bench& bench) {
  const auto step = [&bench](std::uint64_t done, std::uint64_t steps) {
    bench.progress({.done = done, .total = steps});
  };
  const DrillOptions options{.seed = bench.seed, .patience = bench.order.timeout, .progress = step};
  ServedGroup& group = bench.group;
  GODWIT_TRY(DrillReport report, run_drill(bench.world, *group.store, options, bench.stop));
  StoreDrill& primary = report.stores.front();
  primary.region = region_of(primary.store, bench.config);
  const bool proven = report.proof() == Proof::proven;
  LogSink& log = *bench.config.log;
  log.write(proven ? LogLevel::info : LogLevel::warning, "a drill has ended",
            {{"result", std::string(to_string(report.proof()))}});
  if (const auto saved = group.drills->save(report); !saved) {
    log.write(LogLevel::error, "the drill's result could not be kept",
              {{"error", saved.error().to_string()}});
  }
  return Outcome{dump(shape(report)), proven};
}

Result<Outcome> work(const Bench& bench) {
  switch (bench.order.kind) {
    case JobKind::sync: return sync(bench);
    case JobKind::verify: return verify(bench);
    case JobKind::repair: return repair(bench);
    case JobKind::drill: return drill(bench);
  }
  std::unreachable();
}

/// Nothing is said of what nobody knows.
void tell_progress(const WorkProgress& progress, Json& json) {
  json["done"] = progress.done;
  if (progress.total) json["total"] = *progress.total;
  if (progress.total_is_estimate) json["total_is_estimate"] = true;
  if (const auto percent = progress.percent()) json["percent"] = *percent;
}

}  // namespace

std::string_view to_string(JobKind kind) {
  switch (kind) {
    case JobKind::sync: return "sync";
    case JobKind::verify: return "verify";
    case JobKind::repair: return "repair";
    case JobKind::drill: return "drill";
  }
  return "";
}

/// Under the lock.
Result<void> Jobs::check_start(const JobOrder& order) const {
  std::size_t running = 0;
  for (const auto& [number, job] : jobs_) {
    if (job.state != State::running) continue;
    ++running;
    if (order.kind != JobKind::drill || job.order.kind != JobKind::drill) continue;
    if (order.group != job.order.group) continue;
    return fail(Error(Code::precondition_failed,
                      "drill " + std::to_string(number) + " of the group runs already")
                    .with_hint("wait for it, or godwit jobs cancel " + std::to_string(number)));
  }
  if (running < kMostRunning) return {};
  return fail(Error(Code::limit_exceeded, std::to_string(kMostRunning) + " jobs run already")
                  .with(Retry::later));
}

Result<std::uint64_t> Jobs::start(ServedGroup& group, const JobOrder& order) {
  const std::lock_guard lock(mutex_);
  GODWIT_CHECK(check_start(order));
  forget_old();
  const std::uint64_t number = ++last_;
  Job& job = jobs_[number];
  job.order = order;
  job.began = world_.wall_now();
  job.group = &group;
  job.config = group.config;
  job.seed = world_.random();
  job.thread = RealThread([this, number] { run(number); });
  return number;
}

Result<void> Jobs::cancel(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  const auto found = jobs_.find(number);
  if (found == jobs_.end()) {
    return fail(Code::not_found, "there is no job " + std::to_string(number));
  }
  if (found->second.state != State::running) {
    return fail(Code::precondition_failed, "job " + std::to_string(number) + " has ended");
  }
  found->second.stop.request_stop();
  return {};
}

void Jobs::cancel_all() {
  const std::lock_guard lock(mutex_);
  for (auto& [number, job] : jobs_) job.stop.request_stop();
}

void Jobs::run(std::uint64_t number) {
  std::unique_lock lock(mutex_);
  // It stays where it is until it has ended.
  Job& job = jobs_.at(number);
  Bench bench{.world = world_,
              .group = *job.group,
              .config = *job.config,
              .order = job.order,
              .name = "job-" + std::to_string(number),
              .seed = job.seed,
              .stop = job.stop.get_token()};
  lock.unlock();
  bench.sink = [this, number](const Finding& finding) {
    note(number, finding);
    return Result<void>();
  };
  bench.progress = [this, number](const WorkProgress& progress) {
    note_progress(number, progress);
  };
  auto outcome = work(bench);
  lock.lock();
  job.ended = world_.wall_now();
  job.state = outcome ? State::completed : State::failed;
  if (outcome) {
    job.report = std::move(outcome->report);
    job.complete = outcome->complete;
  } else {
    job.error = outcome.error().to_string();
  }
  // One that was done before it heard of it has just ended.
  if (bench.stop.stop_requested() && !job.complete) job.state = State::cancelled;
}

void Jobs::note(std::uint64_t number, const Finding& finding) {
  const std::lock_guard lock(mutex_);
  Job& job = jobs_.at(number);
  ++job.found;
  if (job.findings.size() < kMostFindings) job.findings.push_back(to_json(finding));
}

void Jobs::note_progress(std::uint64_t number, const WorkProgress& progress) {
  const std::lock_guard lock(mutex_);
  jobs_.at(number).progress = progress;
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

std::string_view Jobs::name_of(State state) {
  switch (state) {
    case State::running: return "running";
    case State::completed: return "completed";
    case State::failed: return "failed";
    case State::cancelled: return "cancelled";
  }
  return "";
}

Json Jobs::tell(std::uint64_t number, const Job& job) const {
  const WallTime until = job.state == State::running ? world_.wall_now() : job.ended;
  Json json{{"id", number},
            {"kind", to_string(job.order.kind)},
            {"group", job.order.group},
            {"target", job.order.target},
            {"state", name_of(job.state)},
            {"began", timestamp(job.began)},
            {"elapsed_ms", std::chrono::duration<double, std::milli>(until - job.began).count()},
            {"findings_count", job.found}};
  if (!job.order.prefix.empty()) json["prefix"] = job.order.prefix;
  if (job.progress) tell_progress(*job.progress, json);
  const bool asked = job.stop.stop_requested();
  if (job.state == State::running && asked) json["cancelling"] = true;
  if (job.state == State::completed) json["all_well"] = job.complete;
  if (!job.report.empty()) json["report"] = Json::parse(job.report);
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
