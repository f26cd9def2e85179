#include <utility>

#include "base/suggest.h"
#include "service/api.h"
#include "service/service.h"
#include "service/shapes.h"

namespace godwit::service {
namespace {

/// Says in the log what an operator did to the target of the path.
Task<Reply> acted(Call& call, const ServedGroup& group, Result<void> result) {
  if (!result) co_return std::unexpected(std::move(result).error());
  const std::array fields{LogField{"target", call.path["target"]},
                          LogField{"method", call.exchange.head().method},
                          LogField{"path", call.exchange.head().target}, LogField{"id", call.id}};
  call.service.log().line(LogLevel::info, "an operator acted", group.config->name, fields);
  co_return Reply{.status = 204};
}

/// Does `act` to the target of the path.
template <class F>
Task<Reply> act_on(Call& call, F act) {
  GODWIT_CO_TRY(ServedGroup * group, call.service.groups().find(call.path["group"]));
  auto work = [store = group->store.get(), target = call.path["target"], act] {
    return act(*store, target);
  };
  auto result = co_await call.service.calls().slow(std::move(work));
  co_return co_await acted(call, *group, std::move(result));
}

Task<Reply> pause(Call& call) {
  co_return co_await act_on(
      call, [](ReplicatedStore& store, const std::string& target) { return store.pause(target); });
}

Task<Reply> resume(Call& call) {
  co_return co_await act_on(
      call, [](ReplicatedStore& store, const std::string& target) { return store.resume(target); });
}

Task<Reply> remove_target(Call& call) {
  GODWIT_CO_TRY(ServedGroup * group, call.service.groups().find(call.path["group"]));
  auto removed = co_await call.service.groups().remove_target(*group, call.path["target"]);
  co_return co_await acted(call, *group, std::move(removed));
}

Task<Reply> set_workers(Call& call) {
  GODWIT_CO_TRY(ServedGroup * group, call.service.groups().find(call.path["group"]));
  WorkerBounds bounds{.least = call.body["least"].get<std::size_t>()};
  if (call.body.contains("most")) bounds.most = call.body["most"].get<std::size_t>();
  auto set = co_await call.service.groups().set_workers(*group, call.path["target"], bounds);
  co_return co_await acted(call, *group, std::move(set));
}

/// The target that the body describes; its store is one of the config.
Result<ReplicaTarget> target_of(Call& call) {
  const auto& stores = call.service.config().stores;
  const std::string name = field(call, "store");
  const auto store = stores.find(name);
  if (store == stores.end()) {
    std::vector<std::string> known;
    for (const auto& [each, spec] : stores) known.push_back(each);
    return fail(Error(Code::invalid_argument, "'store': there is no [stores." + name + "]")
                    .with_hint(suggest(name, known)));
  }
  ReplicaTarget target{.name = field(call, "name"),
                       .url = store->second.to_url(),
                       .region = field(call, "region"),
                       .secrets = store->second.secrets};
  if (target.name.empty()) target.name = name;
  if (target.region.empty()) target.region = name;
  if (call.body.contains("priority")) target.priority = call.body["priority"].get<int>();
  if (call.body.contains("is_read_replica")) {
    target.is_read_replica = call.body["is_read_replica"].get<bool>();
  }
  return target;
}

Task<Reply> add_target(Call& call) {
  GODWIT_CO_TRY(ServedGroup * group, call.service.groups().find(call.path["group"]));
  GODWIT_CO_TRY(ReplicaTarget target, target_of(call));
  GODWIT_CO_CHECK(co_await call.service.groups().add_target(*group, std::move(target)));
  Reply reply{.status = 201};
  reply.body = {{"note", "name it in the config too, for the next start"}};
  co_return reply;
}

}  // namespace

std::vector<Route> target_routes() {
  const std::string all = "/api/v1/groups/{group}/targets";
  const std::string one = all + "/{target}";
  const auto operate = Access::operate;
  return {
      {.method = "POST",
       .path = all,
       .access = operate,
       .work = add_target,
       .summary = "A target more; it is compared as a whole",
       .input = Input::json,
       .fields = {{.name = "store", .required = true, .help = "of [stores] in the config"},
                  {.name = "name", .help = "default: the store's"},
                  {.name = "region", .help = "default: the store's name"},
                  {.name = "priority", .type = Type::count, .help = "lower first"},
                  {.name = "is_read_replica",
                   .type = Type::truth,
                   .help = "it never becomes primary"}}},
      {.method = "DELETE",
       .path = one,
       .access = operate,
       .work = remove_target,
       .summary = "A target less: what waits for it is forgotten, its objects stay"},
      {.method = "POST",
       .path = one + "/pause",
       .access = operate,
       .work = pause,
       .summary = "Nothing is sent to it; what it misses waits in the journal"},
      {.method = "POST",
       .path = one + "/resume",
       .access = operate,
       .work = resume,
       .summary = "Ends a pause"},
      {.method = "PUT",
       .path = one + "/workers",
       .access = operate,
       .work = set_workers,
       .summary = "So many deliveries at once, until the next start",
       .input = Input::json,
       .fields = {
           {.name = "least", .type = Type::count, .required = true, .help = "always"},
           {.name = "most", .type = Type::count, .help = "where a backlog moves faster by it"}}}};
}

}  // namespace godwit::service
