#include <charconv>
#include <utility>

#include "service/api.h"
#include "service/service.h"
#include "service/shapes.h"

namespace godwit::service {
namespace {

template <class T>
using Words = std::vector<std::pair<std::string, T>>;

/// The meaning of a field; `fallback` where it is not there.
template <class T>
Result<T> word_field(const Call& call, const std::string& name, const Words<T>& words, T fallback) {
  const std::string text = field(call, name);
  if (text.empty()) return fallback;
  std::string known;
  for (const auto& [word, meaning] : words) {
    if (word == text) return meaning;
    known += (known.empty() ? "" : ", ") + word;
  }
  return fail(Code::invalid_argument, "'" + name + "' is one of " + known);
}

Result<JobOrder> order_of(const Call& call) {
  const Words<JobKind> kinds = {{"sync", JobKind::sync},
                                {"verify", JobKind::verify},
                                {"repair", JobKind::repair},
                                {"drill", JobKind::drill}};
  const Words<VerifyLevel> levels = {{"listing", VerifyLevel::listing},
                                     {"checksum", VerifyLevel::checksum},
                                     {"content", VerifyLevel::content}};
  const Words<Extra> extras = {{"keep", Extra::keep}, {"remove", Extra::remove}};
  JobOrder order{.target = field(call, "target"), .prefix = field(call, "prefix")};
  GODWIT_TRY(order.kind, word_field(call, "kind", kinds, JobKind::verify));
  GODWIT_TRY(order.level, word_field(call, "level", levels, VerifyLevel::checksum));
  GODWIT_TRY(order.extra, word_field(call, "extra", extras, Extra::keep));
  GODWIT_TRY(const auto timeout, duration_argument("timeout", field(call, "timeout")));
  const bool is_drill = order.kind == JobKind::drill;
  order.timeout = timeout.value_or(is_drill ? DrillOptions().patience : order.timeout);
  const bool compares = order.kind == JobKind::verify || order.kind == JobKind::repair;
  if (compares && order.target.empty()) {
    return fail(Code::invalid_argument, "'target' is missing");
  }
  if (!compares && !order.prefix.empty()) {
    return fail(Code::invalid_argument, "'prefix' is of verify and repair");
  }
  if (is_drill && !order.target.empty()) {
    return fail(Code::invalid_argument, "'target': a drill is of all stores");
  }
  return order;
}

Task<Reply> start_job(Call& call) {
  GODWIT_CO_TRY(ServedGroup * group, call.service.groups().find(call.path["group"]));
  GODWIT_CO_TRY(JobOrder order, order_of(call));
  order.group = group->config->name;
  GODWIT_CO_TRY(const std::uint64_t number, call.service.jobs().start(*group, order));
  Reply reply{.status = 202};
  GODWIT_CO_TRY(reply.body, call.service.jobs().find(number));
  reply.headers.set("Location", "/api/v1/jobs/" + std::to_string(number));
  co_return reply;
}

Task<Reply> list_jobs(Call& call) {
  Reply reply;
  reply.body["jobs"] = call.service.jobs().list();
  co_return reply;
}

Result<std::uint64_t> number_of(const Call& call) {
  const std::string text = call.path.at("job");
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec == std::errc() && read.ptr == text.data() + text.size()) return number;
  return fail(Error(Code::not_found, "there is no job '" + text + "'")
                  .with_hint("a job is named by its number; godwit jobs lists them"));
}

Task<Reply> get_job(Call& call) {
  GODWIT_CO_TRY(const std::uint64_t number, number_of(call));
  Reply reply;
  GODWIT_CO_TRY(reply.body, call.service.jobs().find(number));
  co_return reply;
}

Task<Reply> cancel_job(Call& call) {
  GODWIT_CO_TRY(const std::uint64_t number, number_of(call));
  GODWIT_CO_CHECK(call.service.jobs().cancel(number));
  Reply reply{.status = 202};
  GODWIT_CO_TRY(reply.body, call.service.jobs().find(number));
  co_return reply;
}

}  // namespace

std::vector<Route> job_routes() {
  return {{.method = "POST",
           .path = "/api/v1/groups/{group}/jobs",
           .access = Access::operate,
           .work = start_job,
           .summary = "Begins a sync, a verify, a repair or a drill; follow it at Location",
           .input = Input::json,
           .fields = {{.name = "kind", .required = true, .help = "sync, verify, repair or drill"},
                      {.name = "target", .help = "which (default: all, of a sync only)"},
                      {.name = "prefix", .help = "of the keys that a verify or a repair is about"},
                      {.name = "level", .help = "listing, checksum or content"},
                      {.name = "extra", .help = "of a repair: keep or remove"},
                      {.name = "timeout",
                       .help = "such as 1h, the default; of a drill: that the object has to "
                               "arrive, and its removal again (5m)"}}},
          {.method = "GET",
           .path = "/api/v1/jobs",
           .work = list_jobs,
           .summary = "Jobs, the newest first"},
          {.method = "GET",
           .path = "/api/v1/jobs/{job}",
           .work = get_job,
           .summary = "A job and what it has found; of findings the first 1000"},
          {.method = "DELETE",
           .path = "/api/v1/jobs/{job}",
           .access = Access::operate,
           .work = cancel_job,
           .summary = "Asks a job to end; what it has begun at the stores is finished"}};
}

}  // namespace godwit::service
