#include <utility>

#include "service/api.h"
#include "service/doctor.h"
#include "service/request.h"
#include "service/service.h"

namespace godwit::service {
namespace {

enum class Probing : std::uint8_t { no, yes };

NodeFacts node_facts(Service& service) {
  const ApiConfig& api = service.config().api;
  const auto at = parse_listen(api.listen);
  const MonoTime now = service.world().mono_now();
  NodeFacts node{.now = service.world().wall_now(),
                 .reachable = at && !at->is_loopback(),
                 .has_tokens = !api.read_token.empty() || !api.operate_token.empty(),
                 .has_tls = !api.certificate_file.empty(),
                 .up = now - service.began()};
  if (const auto scraped = service.scraped()) node.since_scrape = now - *scraped;
  return node;
}

/// Asks the store. Blocks.
Result<void> fill(const ServedGroup& group, Probing probing, GroupFacts& facts) {
  GODWIT_TRY(facts.status, group.store->status());
  facts.conflicts = count_conflicts(*group.store, facts.status);
  facts.last_drill = group.drills->last();
  if (probing == Probing::no) return {};
  GODWIT_TRY(facts.probes, group.store->probe());
  return {};
}

/// A group, as it was when the question came.
struct Patient {
  const ServedGroup* group;
  std::shared_ptr<const ReplicationConfig> config;
  bool is_open;
};

Task<Reply> answer(Call& call, Probing probing) {
  Service& service = call.service;
  const std::string only = call.argument("group");
  if (!only.empty()) GODWIT_CO_CHECK(service.groups().find(only));
  std::vector<Patient> patients;
  for (const auto& [name, group] : service.groups().all()) {
    if (only.empty() || only == name) patients.push_back({&group, group.config, !!group.store});
  }
  auto gather = [&world = service.world(), data_dir = service.config().node.data_dir, patients,
                 probing, node = node_facts(service)]() -> Result<Json> {
    Facts facts{.node = node};
    if (const auto space = world.disk().space(data_dir)) facts.node.space = *space;
    for (const Patient& patient : patients) {
      GroupFacts& each =
          facts.groups.emplace_back(GroupFacts{.config = *patient.config,
                                               .detects = patient.group->detect.any(),
                                               .open = patient.is_open});
      if (each.open) GODWIT_CHECK(fill(*patient.group, probing, each));
    }
    return shape(examine(facts));
  };
  Reply reply;
  auto told = co_await service.calls().slow(std::move(gather));
  if (!told) co_return std::unexpected(std::move(told).error());
  reply.body = *std::move(told);
  reply.body["probed"] = probing == Probing::yes;
  co_return reply;
}

Task<Reply> look(Call& call) { co_return co_await answer(call, Probing::no); }
Task<Reply> look_and_probe(Call& call) { co_return co_await answer(call, Probing::yes); }

}  // namespace

std::vector<Route> doctor_routes() {
  const std::vector<Argument> query = {{.name = "group", .help = "of this one only"}};
  return {{.method = "GET",
           .path = "/api/v1/doctor",
           .work = look,
           .summary = "What experience says of this setup, and how it stands; the worst first",
           .query = query},
          {.method = "POST",
           .path = "/api/v1/doctor",
           .access = Access::operate,
           .work = look_and_probe,
           .summary = "The same, and every store is tried with a small object under .godwit/",
           .query = query}};
}

}  // namespace godwit::service
