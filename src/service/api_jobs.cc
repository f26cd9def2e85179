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
  const Words<JobKind> kinds = {
      {"sync", JobKind::sync}, {"verify", JobKind::verify}, {"repair", JobKind::repair}};
  const Words<VerifyLevel> levels = {{"listing", VerifyLevel::listing},
                                     {"checksum", VerifyLevel::checksum},
                                     {"content", VerifyLevel::content}};
  const Words<Extra> extras = {{"keep", Extra::keep}, {"remove", Extra::remove}};
  JobOrder order{.target = field(call, "target")};
  GODWIT_TRY(order.kind, word_field(call, "kind", kinds, JobKind::verify));
  GODWIT_TRY(order.level, word_field(call, "level", levels, VerifyLevel::checksum));
  GODWIT_TRY(order.extra, word_field(call, "extra", extras, Extra::keep));
  GODWIT_TRY(const auto timeout, duration_argument("timeout", field(call, "timeout")));
  if (timeout) order.timeout = *timeout;
  if (order.target.empty() && order.kind != JobKind::sync) {
    return fail(Code::invalid_argument, "'target' is missing");
  }
  return order;
}

Task<Reply> start_job(Call& call) {
  GODWIT_CO_TRY(ServedGroup * group, call.service.groups().find(call.path["group"]));
  GODWIT_CO_TRY(JobOrder order, order_of(call));
  order.group = group->config.name;
  GODWIT_CO_TRY(const std::uint64_t number, call.service.jobs().start(*group->store, order));
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

Task<Reply> get_job(Call& call) {
  const std::string text = call.path["job"];
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) {
    co_return fail(Code::not_found, "there is no job '" + text + "'");
  }
  Reply reply;
  GODWIT_CO_TRY(reply.body, call.service.jobs().find(number));
  co_return reply;
}

}  // namespace

std::vector<Route> job_routes() {
  return {{.method = "POST",
           .path = "/api/v1/groups/{group}/jobs",
           .access = Access::operate,
           .work = start_job,
           .summary = "Begins a sync, a verify or a repair; follow it at Location",
           .input = Input::json,
           .fields = {{.name = "kind", .required = true, .help = "sync, verify or repair"},
                      {.name = "target", .help = "which (default: all, of a sync only)"},
                      {.name = "level", .help = "listing, checksum or content"},
                      {.name = "extra", .help = "of a repair: keep or remove"},
                      {.name = "timeout", .help = "such as 1h"}}},
          {.method = "GET",
           .path = "/api/v1/jobs",
           .work = list_jobs,
           .summary = "Jobs, the newest first"},
          {.method = "GET",
           .path = "/api/v1/jobs/{job}",
           .work = get_job,
           .summary = "A job and what it has found; of findings the first 1000"}};
}

}  // namespace godwit::service
