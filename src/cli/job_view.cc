#include "cli/job_view.h"

#include "base/duration.h"
#include "cli/exit_code.h"
#include "cli/json_fields.h"
#include "cli/output.h"

namespace godwit::cli {
namespace {

constexpr std::uint64_t kBar = 20;  ///< characters

/// "-" where it has not happened.
std::string time_of(const ServiceJson& json, const char* name) {
  return json.contains(name) ? duration_of(json, name) : "-";
}

std::string result_of(const ServiceJson& store) {
  std::string result = text_of(store, "result");
  std::ranges::replace(result, '_', ' ');
  return result;
}

/// "50%, 1200 of about 2400"; "1200 done" where nobody knows of how many; empty where nothing is
/// known.
std::string progress_of(const ServiceJson& job) {
  if (!job.contains("done")) return "";
  const std::string done = shown(count_of(job, "done"));
  if (!job.contains("percent")) return done + " done";
  const char* of = job.value("total_is_estimate", false) ? " of about " : " of ";
  return shown(count_of(job, "percent")) + "%, " + done + of + shown(count_of(job, "total"));
}

std::string state_of(const ServiceJson& job) {
  if (job.value("cancelling", false)) return "cancelling";
  std::string state = text_of(job, "state");
  const std::string far = progress_of(job);
  return state == "running" && !far.empty() ? state + " " + far : state;
}

std::string outcome_of(const ServiceJson& job) {
  std::string error = text_of(job, "error");
  if (!error.empty()) return error;
  const std::uint64_t found = count_of(job, "findings_count");
  if (found > 0) return std::to_string(found) + " found";
  return job.contains("all_well") ? (job.value("all_well", false) ? "all well" : "not all well")
                                  : "";
}

}  // namespace

std::string jobs_view(const ServiceJson& jobs) {
  if (jobs.empty()) return "No job since the daemon was started.\n";
  std::vector<std::vector<std::string>> rows = {
      {"JOB", "KIND", "GROUP", "TARGET", "STATE", "TIME", ""}};
  for (const ServiceJson& job : jobs) {
    rows.push_back({std::to_string(count_of(job, "id")), text_of(job, "kind"),
                    text_of(job, "group"), text_of(job, "target"), state_of(job),
                    duration_of(job, "elapsed_ms"), outcome_of(job)});
  }
  return table(rows);
}

std::string job_line(const ServiceJson& job, std::size_t width) {
  std::string line;
  if (job.contains("percent")) {
    const std::uint64_t full = std::min<std::uint64_t>(count_of(job, "percent"), 100) * kBar / 100;
    line = "[" + std::string(full, '#') + std::string(kBar - full, '.') + "] ";
  }
  line += text_of(job, "kind") + " " + text_of(job, "group") + " " + state_of(job) + ", " +
          duration_of(job, "elapsed_ms");
  return line.substr(0, width);
}

std::string drill_view(const ServiceJson& job) {
  const std::string name = "Drill of " + text_of(job, "group");
  if (!job.contains("report")) return name + " " + outcome_of(job) + "\n";
  const ServiceJson& report = job["report"];
  std::vector<std::vector<std::string>> rows = {
      {"STORE", "REGION", "ROLE", "WRITTEN", "READ BACK", "REMOVED", "RESULT"}};
  std::string trouble;
  for (const ServiceJson& store : list_of(report, "stores")) {
    rows.push_back({text_of(store, "store"), text_of(store, "region"), text_of(store, "role"),
                    time_of(store, "written_ms"), store.value("verified", false) ? "all" : "-",
                    time_of(store, "removed_ms"), result_of(store)});
    const std::string why = text_of(store, "why");
    if (why.empty()) continue;
    const std::string hint = text_of(store, "hint");
    trouble += text_of(store, "store") + ": " + why + "\n";
    if (!hint.empty()) trouble += "  " + hint + "\n";
  }
  std::string text = name + ": " + result_of(report) + ", in " + duration_of(report, "took_ms") +
                     "\n" + table(rows) + trouble;
  if (!report.value("cleaned", false)) {
    text +=
        "The object " + text_of(report, "key") + " is still there: the next drill removes it.\n";
  }
  return text;
}

int exit_code_of_drill(const ServiceJson& job) {
  if (!job.contains("report")) return kFatal;
  const std::string result = text_of(job["report"], "result");
  if (result == "proven") return kDone;
  return result == "not_proven" ? kPartial : kDifferences;
}

}  // namespace godwit::cli
