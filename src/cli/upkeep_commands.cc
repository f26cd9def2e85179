#include "base/duration.h"
#include "cli/doctor_view.h"
#include "cli/job_view.h"
#include "cli/service_command.h"
#include "http/url.h"

namespace godwit::cli {
namespace {

/// Between two looks at a job.
constexpr Duration kLook = std::chrono::milliseconds(200);

struct Arguments {
  ServiceOptions service;
  std::string action = "list";
  std::string job;
  std::string within;
  bool no_probe = false;
};
using Shared = std::shared_ptr<Arguments>;

std::string path_of(const std::string& job) {
  return "/api/v1/jobs/" + http::uri_encode(job, http::Slash::encode);
}

/// The line of a job on a terminal; gone with it.
class JobLine {
 public:
  explicit JobLine(Session& session) : session_(session), draws_(session.wants_progress()) {}
  JobLine(JobLine&&) = delete;
  ~JobLine() {
    if (draws_) session_.streams().err << "\r\x1b[K" << std::flush;
  }
  void draw(const ServiceJson& job) {
    if (!draws_) return;
    const std::size_t width = std::max(session_.streams().terminal_width, kNarrowest);
    session_.streams().err << "\r\x1b[K" << job_line(job, width - 1) << std::flush;
  }

 private:
  static constexpr std::size_t kNarrowest = 20;

  Session& session_;
  bool draws_;
};

Task<ServiceJson> ended(Session& session, ServiceClient& client, const std::string& job) {
  const ServiceCall call{.path = path_of(job)};
  JobLine line(session);
  for (;;) {
    GODWIT_CO_TRY(ServiceJson now, co_await client.call(call));
    if (now.value("state", "") != "running") co_return now;
    line.draw(now);
    auto slept = co_await session.context().sleep(kLook);
    if (slept) continue;
    co_return fail(std::move(slept).error().with_hint("it goes on; godwit jobs cancel " + job));
  }
}

Task<int> run_drill(Session& session, Shared a) {
  GODWIT_CO_TRY(ServiceClient client, ServiceClient::make(session, a->service));
  GODWIT_CO_TRY(const std::string group, co_await client.group());
  ServiceCall call{.method = "POST", .path = group_path(group, "/jobs")};
  call.body["kind"] = "drill";
  if (!a->within.empty()) call.body["timeout"] = a->within;
  GODWIT_CO_TRY(const ServiceJson begun, co_await client.call(call));
  const std::string number = std::to_string(begun.value("id", 0));
  GODWIT_CO_TRY(const ServiceJson job, co_await ended(session, client, number));
  print(session, wants_json(session) ? job.dump() + "\n" : drill_view(job));
  co_return exit_code_of_drill(job);
}

Task<int> run_doctor(Session& session, Shared a) {
  GODWIT_CO_TRY(ServiceClient client, ServiceClient::make(session, a->service));
  ServiceCall call{.method = a->no_probe ? "GET" : "POST", .path = "/api/v1/doctor"};
  if (!a->service.group.empty()) {
    call.path += "?group=" + http::uri_encode(a->service.group, http::Slash::encode);
  }
  auto told = co_await client.call(call);
  if (!told && told.error().code() == Code::permission_denied && !a->no_probe) {
    co_return fail(std::move(told).error().with_hint("with a read token: --no-probe"));
  }
  if (!told) co_return std::unexpected(std::move(told).error());
  print(session, wants_json(session) ? told->dump() + "\n" : doctor_view(*told));
  co_return exit_code_of_doctor(*told);
}

Task<int> run_jobs(Session& session, Shared a) {
  GODWIT_CO_TRY(ServiceClient client, ServiceClient::make(session, a->service));
  if (a->action == "cancel") {
    if (a->job.empty()) {
      co_return fail(Error(Code::invalid_argument, "which job?").with_hint("godwit jobs"));
    }
    const ServiceCall call{.method = "DELETE", .path = path_of(a->job)};
    GODWIT_CO_CHECK(co_await client.call(call));
    co_return kDone;
  }
  const ServiceCall call{.path = "/api/v1/jobs"};
  GODWIT_CO_TRY(const ServiceJson found, co_await client.call(call));
  if (wants_json(session)) {
    for (const ServiceJson& job : found["jobs"]) print(session, job.dump() + "\n");
  } else {
    print(session, jobs_view(found["jobs"]));
  }
  co_return kDone;
}

}  // namespace

void add_upkeep_commands(CLI::App& app, Chosen& chosen) {
  auto a = std::make_shared<Arguments>();
  CLI::App& drill = add_service_command(
      app, chosen, a, "drill", "try a group: write, replicate, read back, remove", &run_drill);
  drill.add_option("GROUP", a->service.group, "which (default: the only one)");
  drill.add_option("--within", a->within,
                   "that the object has to arrive, and its removal again (default: 5m)");
  drill.footer(
      "\nPuts an object under godwit-drill/, reads it back from every store byte for byte, and\n"
      "removes it again, also when something fails. Do it each month; godwit doctor reminds "
      "you.\n\n"
      "Exit codes: 0 every store is proven, 1 one has failed, 3 none has failed but one could not\n"
      "be tried (it is paused or away), 4 nobody could try.\n\n"
      "Examples:\n  godwit drill\n  godwit drill backups --within 30s || page-somebody\n"
      "  godwit drill --json");

  a = std::make_shared<Arguments>();
  CLI::App& doctor = add_service_command(app, chosen, a, "doctor",
                                         "what experience says of a daemon's setup", &run_doctor);
  doctor.add_option("GROUP", a->service.group, "this one only");
  doctor.add_flag("--no-probe", a->no_probe,
                  "leave the stores alone: a read token will do, access and clocks stay unknown");
  doctor.footer(
      "\nCopies, regions, drills, clocks, disk, access to the stores, lag, dead letters, "
      "conflicts,\n"
      "failover, tokens, TLS, alerts: what is not well, why that matters, and what to do.\n\n"
      "Exit codes: 0 well, or advice only, 1 a problem, 3 a warning, 4 nobody could look.\n\n"
      "Examples:\n  godwit doctor\n  godwit doctor backups --json\n"
      "  GODWIT_TOKEN=... godwit doctor --no-probe --api https://node:7070");

  a = std::make_shared<Arguments>();
  CLI::App& jobs = add_service_command(
      app, chosen, a, "jobs", "syncs, verifies, repairs and drills of a daemon", &run_jobs);
  jobs.add_option("ACTION", a->action, "list, cancel")->check(CLI::IsMember({"list", "cancel"}));
  jobs.add_option("JOB", a->job, "with cancel: its number");
  jobs.footer("\nExamples:\n  godwit jobs\n  godwit jobs cancel 3");
}

}  // namespace godwit::cli
