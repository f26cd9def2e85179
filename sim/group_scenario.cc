#include "sim/group_life.h"
#include "sim/takers.h"

namespace godwit::sim {
namespace {

Taker group(GroupScenario& into, const std::string& file) {
  using replication::Mode;
  using Coded = GroupScenario::Coded;
  return table(
      {{"mode", choice<Mode>(into.mode, {{"sync", Mode::sync},
                                         {"semi_sync", Mode::semi_sync},
                                         {"async", Mode::async}})},
       {"min_sync_replicas", count(into.min_sync_replicas)},
       {"targets", count(into.targets)},
       {"in_memory", count(into.in_memory)},
       {"part_size", count(into.part_size)},
       {"exclusive", yes_or_no(into.exclusive)},
       {"coded",
        choice<Coded>(into.coded,
                      {{"none", Coded::none}, {"targets", Coded::targets}, {"all", Coded::all}})},
       {"payload", choice<JournalPayload>(into.payload, {{"none", JournalPayload::none},
                                                         {"inline", JournalPayload::inlined}})},
       {"max_attempts", count(into.max_attempts)}},
      file);
}

Taker workload(GroupScenario& into, const std::string& file) {
  return table({{"keys", count(into.keys)},
                {"clients", count(into.clients)},
                {"calls", count(into.calls)},
                {"processes", count(into.processes)},
                {"longest_idle", duration(into.longest_idle)},
                {"slow_bodies", share(into.slow_bodies)},
                {"removals", share(into.removals)},
                {"reads", share(into.reads)},
                {"pauses", share(into.pauses)},
                {"outages", share(into.outages)},
                {"primary_outages", share(into.primary_outages)},
                {"moves", share(into.moves)},
                {"collapses", share(into.collapses)},
                {"foreign", share(into.foreign)},
                {"outsiders", share(into.outsiders)},
                {"rivals", share(into.rivals)},
                {"redrives", share(into.redrives)}},
               file);
}

Taker late(LateWrites& into, const std::string& file) {
  return table({{"primary", share(into.primary)},
                {"target", share(into.target)},
                {"longest", duration(into.longest)}},
               file);
}

Taker clock(ClockJumps& into, const std::string& file) {
  return table({{"share", share(into.share)}, {"longest", duration(into.longest)}}, file);
}

Taker journal(kv::EngineFaults& into, Duration& delay, const std::string& file) {
  return table({{"write_error", share(into.write_error)},
                {"no_space", share(into.no_space)},
                {"read_error", share(into.read_error)},
                {"longest_delay", duration(delay)}},
               file);
}

}  // namespace

Result<GroupScenario> parse_group_scenario(const std::string& toml, const std::string& file) {
  GroupScenario scenario;
  scenario.name = scenario_name(file);
  const Takers takers = {{"about", text(scenario.about)},
                         {"group", group(scenario, file)},
                         {"workload", workload(scenario, file)},
                         {"primary", calls(scenario.primary, file)},
                         {"target", calls(scenario.target, file)},
                         {"journal", journal(scenario.journal, scenario.journal_delay, file)},
                         {"late", late(scenario.late, file)},
                         {"clock", clock(scenario.clock, file)},
                         {"crash", crash(scenario.crash, file)}};
  GODWIT_CHECK(take_all(toml, takers, file));
  return scenario;
}

}  // namespace godwit::sim
