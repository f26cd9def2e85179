#include <utility>

#include "base/version.h"
#include "service/api.h"
#include "service/metrics_text.h"
#include "service/request.h"
#include "service/service.h"
#include "service/shapes.h"

namespace godwit::service {
namespace {

/// Between lines that only say that the stream still lives.
constexpr Duration kStillHere = std::chrono::seconds(15);

Task<void> respond(Call& call, const char* type, std::string text) {
  http::Answer answer{.body = std::move(text)};
  answer.headers.set("Content-Type", type);
  answer.headers.set("X-Request-Id", call.id);
  co_return co_await call.exchange.respond(std::move(answer));
}

Task<Reply> healthz(Call&) {
  Reply reply;
  reply.body = {{"status", "ok"}, {"version", kVersion}};
  co_return reply;
}

Task<Reply> readyz(Call& call) {
  Reply reply{.status = call.service.is_ready() ? 200U : 503U};
  Json groups = Json::object();
  for (const auto& [name, group] : call.service.groups().all()) {
    groups[name] = group.store ? "open" : "opening";
  }
  reply.body = {{"ready", call.service.is_ready()}, {"groups", std::move(groups)}};
  co_return reply;
}

Task<Reply> role(Call& call) {
  const ApiConfig& api = call.service.config().api;
  const auto given = call.exchange.head().headers.find("Authorization").value_or("");
  const auto access = access_of(given, api.read_token, api.operate_token);
  Reply reply;
  reply.body = {{"role", access == Access::operate ? "operate" : "read"}};
  co_return reply;
}

Task<Reply> metrics(Call& call) {
  Service& service = call.service;
  service.note_scrape();
  std::vector<const ServedGroup*> open;
  for (const auto& [name, group] : service.groups().all()) {
    if (group.store) open.push_back(&group);
  }
  auto collect = [open]() -> Result<std::vector<GroupFigures>> {
    std::vector<GroupFigures> figures;
    for (const ServedGroup* group : open) {
      GODWIT_TRY(GroupStatus status, group->store->status());
      GODWIT_TRY(ReplicationMetrics counts, group->store->metrics());
      figures.push_back({.status = std::move(status),
                         .metrics = std::move(counts),
                         .last_drill = group->drills->last()});
    }
    return figures;
  };
  const auto figures = co_await service.calls().quick(std::move(collect));
  if (!figures) co_return std::unexpected(figures.error());
  const ProcessFigures process{.ready = service.is_ready(),
                               .connections = service.connections(),
                               .jobs_running = service.jobs().running()};
  std::string text = metrics_text(*figures, process, service.config().api.metrics_alias);
  GODWIT_CO_CHECK(
      co_await respond(call, "text/plain; version=0.0.4; charset=utf-8", std::move(text)));
  Reply reply{.sent = true};
  co_return reply;
}

Task<Reply> openapi_document(Call& call) {
  std::string text = openapi();
  GODWIT_CO_CHECK(co_await respond(call, "application/json", std::move(text)));
  Reply reply{.sent = true};
  co_return reply;
}

/// Events as they happen, until the client goes or the service stops.
Task<Reply> follow_events(Call& call) {
  const std::string group = call.argument("group");
  if (!group.empty()) GODWIT_CO_CHECK(call.service.groups().find(group));
  const bool writes = call.argument("writes") != "false";
  const auto subscription = call.service.events().subscribe(
      {.group = group, .writes = writes ? Writes::each : Writes::none});
  http::Answer answer;
  answer.headers.set("Content-Type", "text/event-stream");
  answer.headers.set("Cache-Control", "no-cache");
  answer.headers.set("X-Request-Id", call.id);
  GODWIT_CO_CHECK(co_await call.exchange.begin(std::move(answer), {}));
  GODWIT_CO_CHECK(co_await call.exchange.send(as_bytes(": following\n\n")));
  const CancelToken& stopping = call.exchange.stopping();
  while (!stopping.cancelled()) {
    co_await subscription->wait(call.service.world(), kStillHere, stopping);
    std::string lines = subscription->take();
    if (lines.empty() && !stopping.cancelled()) lines = ": still here\n\n";
    GODWIT_CO_CHECK(co_await call.exchange.send(as_bytes(lines)));
  }
  GODWIT_CO_CHECK(co_await call.exchange.end());
  Reply reply{.sent = true, .follows = true};
  co_return reply;
}

Task<Reply> reload(Call& call) {
  const Result<ReloadReport> report = co_await call.service.reload();
  if (!report) co_return std::unexpected(report.error());
  Reply reply;
  reply.body = {{"applied", report->applied}, {"refused", Json::array()}};
  for (const ReloadReport::Refused& refused : report->refused) {
    reply.body["refused"].push_back({{"key", refused.key}, {"why", refused.why}});
  }
  co_return reply;
}

}  // namespace

std::vector<Route> system_routes() {
  const Argument group{.name = "group", .help = "of this one only"};
  const Argument writes{.name = "writes",
                        .type = Type::truth,
                        .help = "false: all but write_replicated, which comes for each write"};
  return {{.method = "GET",
           .path = "/healthz",
           .access = Access::open,
           .work = healthz,
           .summary = "The process answers"},
          {.method = "GET",
           .path = "/readyz",
           .access = Access::open,
           .work = readyz,
           .summary = "All groups are open (200), or not yet (503)"},
          {.method = "GET",
           .path = "/api/v1/role",
           .work = role,
           .summary = "What the caller's token allows: read or operate"},
          {.method = "GET",
           .path = "/metrics",
           .work = metrics,
           .summary = "All figures in the text format of Prometheus"},
          {.method = "GET",
           .path = "/api/v1/openapi.json",
           .access = Access::open,
           .work = openapi_document,
           .summary = "This document"},
          {.method = "GET",
           .path = "/api/v1/events",
           .work = follow_events,
           .summary = "Events as they happen (server-sent events)",
           .query = {group, writes}},
          {.method = "POST",
           .path = "/api/v1/reload",
           .access = Access::operate,
           .work = reload,
           .summary = "Reads the config anew and takes what can change; says what cannot"}};
}

}  // namespace godwit::service
