#include <utility>

#include "godwit/replication_manager.h"
#include "service/api.h"
#include "service/service.h"
#include "service/shapes.h"

namespace godwit::service {
namespace {

/// What a blocking call of the library tells as JSON, of the group of the path.
template <class F>
Task<Reply> told(Call& call, F ask) {
  GODWIT_CO_TRY(ServedGroup * group, call.service.groups().find(call.path["group"]));
  auto work = [store = group->store.get(), ask] { return ask(*store); };
  auto result = co_await call.service.calls().quick(std::move(work));
  if (!result) co_return std::unexpected(std::move(result).error());
  Reply reply;
  reply.body = Json::parse(to_json(*result));
  co_return reply;
}

Task<Json> json_of(Call& call, const ServedGroup& group) {
  auto ask = [&group, config = group.config]() -> Result<Json> {
    GODWIT_TRY(const GroupStatus status, group.store->status());
    Json json = shape(status, *config, count_conflicts(*group.store, status));
    json["last_drill"] = group.drills->last();
    return json;
  };
  co_return co_await call.service.calls().quick(std::move(ask));
}

Task<Reply> list_groups(Call& call) {
  Reply reply;
  reply.body["groups"] = Json::array();
  for (const auto& [name, group] : call.service.groups().all()) {
    Json json{{"name", name}, {"open", group.store != nullptr}};
    if (group.store) {
      GODWIT_CO_TRY(const Json status, co_await json_of(call, group));
      json.update(status);
    } else {
      json["attention"] = Json::array({{{"kind", "opening"}, {"message", "not open yet"}}});
    }
    reply.body["groups"].push_back(std::move(json));
  }
  co_return reply;
}

Task<Reply> group_status(Call& call) {
  GODWIT_CO_TRY(ServedGroup * group, call.service.groups().find(call.path["group"]));
  Reply reply;
  GODWIT_CO_TRY(reply.body, co_await json_of(call, *group));
  co_return reply;
}

Task<Reply> group_history(Call& call) {
  GODWIT_CO_TRY(ServedGroup * group, call.service.groups().find(call.path["group"]));
  World& world = call.service.world();
  Reply reply;
  reply.body =
      group->history.tell(count_argument(call, "after", 0), world.wall_now(), world.mono_now());
  co_return reply;
}

Task<Reply> group_metrics(Call& call) {
  co_return co_await told(call, [](ReplicatedStore& store) { return store.metrics(); });
}

Task<Reply> group_replication(Call& call) {
  co_return co_await told(
      call, [](ReplicatedStore& store) { return ReplicationManager(store).status(); });
}

Task<Reply> group_kpis(Call& call) {
  co_return co_await told(call,
                          [](ReplicatedStore& store) { return ReplicationManager(store).kpis(); });
}

Task<Reply> group_events(Call& call) {
  GODWIT_CO_TRY(ServedGroup * group, call.service.groups().find(call.path["group"]));
  auto work = [store = group->store.get()] { return store->events(); };
  const auto events = co_await call.service.calls().quick(std::move(work));
  if (!events) co_return std::unexpected(events.error());
  const std::uint64_t after = count_argument(call, "after", 0);
  const bool writes = call.argument("writes") != "false";
  Reply reply;
  reply.body["events"] = Json::array();
  for (const Event& event : *events) {
    const bool wanted = writes || event.type != EventType::write_replicated;
    if (wanted && event.number > after) {
      reply.body["events"].push_back(Json::parse(to_json(event)));
    }
  }
  co_return reply;
}

/// What all moves take. `to` is the path's, or empty: the best.
Result<MoveOptions> move_options(const Call& call, MoveKind kind) {
  MoveOptions options{
      .kind = kind, .to = field(call, "to"), .dry_run = true, .request_id = call.id};
  const auto dry_run = call.body.find("dry_run");
  if (dry_run != call.body.end()) options.dry_run = dry_run->get<bool>();
  GODWIT_TRY(const auto patience, duration_argument("patience", field(call, "patience")));
  if (patience) options.patience = *patience;
  return options;
}

Task<Reply> move(Call& call, MoveOptions options) {
  GODWIT_CO_TRY(ServedGroup * group, call.service.groups().find(call.path["group"]));
  if (!options.dry_run) {
    const std::array fields{LogField{"to", options.to}, LogField{"request_id", call.id}};
    call.service.log().line(LogLevel::warning, "a move of the primary was asked for",
                            group->config->name, fields);
  }
  auto work = [store = group->store.get(), options] { return store->move_primary(options); };
  const auto report = co_await call.service.calls().slow(std::move(work));
  if (!report) co_return std::unexpected(report.error());
  Reply reply;
  reply.body = shape(*report);
  reply.body["dry_run"] = options.dry_run;
  co_return reply;
}

Task<Reply> failover(Call& call) {
  GODWIT_CO_TRY(MoveOptions options, move_options(call, MoveKind::failover));
  co_return co_await move(call, std::move(options));
}

Task<Reply> switchover(Call& call) {
  GODWIT_CO_TRY(MoveOptions options, move_options(call, MoveKind::switchover));
  co_return co_await move(call, std::move(options));
}

/// Back to the primary that the config names.
Task<Reply> failback(Call& call) {
  GODWIT_CO_TRY(ServedGroup * group, call.service.groups().find(call.path["group"]));
  GODWIT_CO_TRY(MoveOptions options, move_options(call, MoveKind::switchover));
  options.to = group->config->primary.name;
  co_return co_await move(call, std::move(options));
}

Task<Reply> replicate(Call& call) {
  GODWIT_CO_TRY(ServedGroup * group, call.service.groups().find(call.path["group"]));
  const std::string priority = field(call, "priority");
  if (!priority.empty() && priority != "urgent" && priority != "normal" && priority != "bulk") {
    co_return fail(Code::invalid_argument, "'priority' is one of urgent, normal, bulk");
  }
  const Priority rank = priority == "urgent" ? Priority::urgent
                        : priority == "bulk" ? Priority::bulk
                                             : Priority::normal;
  auto work = [store = group->store.get(), key = field(call, "key"), rank]() -> Result<JobStatus> {
    GODWIT_TRY(const ReplicationJob job, ReplicationManager(*store).replicate(key, rank));
    return job.status();
  };
  const auto status = co_await call.service.calls().slow(std::move(work));
  if (!status) co_return std::unexpected(status.error());
  Reply reply{.status = 202};
  reply.body = Json::parse(to_json(*status));
  co_return reply;
}

std::vector<Argument> move_fields(const char* to) {
  std::vector<Argument> fields;
  if (to != nullptr) fields.push_back({.name = "to", .help = to});
  fields.push_back({.name = "dry_run",
                    .type = Type::truth,
                    .help = "true, which is the default: change nothing, say what would happen"});
  fields.push_back({.name = "patience", .help = "that it waits for the new primary, such as 30s"});
  return fields;
}

}  // namespace

std::vector<Route> group_routes() {
  const std::string base = "/api/v1/groups/{group}";
  const char* to = "the target that becomes primary (default: the best)";
  const Argument key{.name = "key", .required = true, .help = "of the primary's object"};
  const Argument priority{.name = "priority", .help = "urgent, normal or bulk"};
  const Argument after{.name = "after", .type = Type::count, .help = "the last number known"};
  const Argument writes{.name = "writes",
                        .type = Type::truth,
                        .help = "false: all but write_replicated, which comes for each write"};
  return {{.method = "GET",
           .path = "/api/v1/groups",
           .work = list_groups,
           .summary = "All groups and how they stand"},
          {.method = "GET", .path = base, .work = group_status, .summary = "How a group stands"},
          {.method = "GET",
           .path = base + "/metrics",
           .work = group_metrics,
           .summary = "What a group has done since it was opened"},
          {.method = "GET",
           .path = base + "/replication",
           .work = group_replication,
           .summary = "Queue, workers and lag of all targets together"},
          {.method = "GET",
           .path = base + "/kpis",
           .work = group_kpis,
           .summary = "Lag, success, queue and throughput against their limits"},
          {.method = "GET",
           .path = base + "/history",
           .work = group_history,
           .summary = "Lag, queue and throughput of each target, every 5 s of the last hour",
           .query = {after}},
          {.method = "GET",
           .path = base + "/events",
           .work = group_events,
           .summary = "The last events",
           .query = {after, writes}},
          {.method = "POST",
           .path = base + "/failover",
           .access = Access::operate,
           .work = failover,
           .summary = "Makes a target primary though the primary does not answer",
           .input = Input::json,
           .fields = move_fields(to)},
          {.method = "POST",
           .path = base + "/switchover",
           .access = Access::operate,
           .work = switchover,
           .summary = "Makes a target primary once it has everything",
           .input = Input::json,
           .fields = move_fields(to)},
          {.method = "POST",
           .path = base + "/failback",
           .access = Access::operate,
           .work = failback,
           .summary = "Switches back to the primary that the config names",
           .input = Input::json,
           .fields = move_fields(nullptr)},
          {.method = "POST",
           .path = base + "/replicate",
           .access = Access::operate,
           .work = replicate,
           .summary = "Brings an object of the primary to all targets, whoever wrote it",
           .input = Input::json,
           .fields = {key, priority}}};
}

}  // namespace godwit::service
