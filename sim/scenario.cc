#include "sim/scenario.h"

#include <utility>
#include <vector>

#include "sim/takers.h"

namespace godwit::sim {
namespace {

Taker disk(DiskFaults& faults, const std::string& file) {
  return table({{"read_error", share(faults.read_error)},
                {"write_error", share(faults.write_error)},
                {"sync_error", share(faults.sync_error)},
                {"list_error", share(faults.list_error)},
                {"attribute_error", share(faults.attribute_error)},
                {"no_descriptors", share(faults.no_descriptors)},
                {"no_space", share(faults.no_space)},
                {"longest_delay", duration(faults.longest_delay)},
                {"capacity", bytes(faults.capacity)},
                {"attributes", yes_or_no(faults.attributes)}},
               file);
}

Taker trouble(Trouble& into, const std::string& file) {
  return table({{"calls", calls(into.calls, file)}, {"disk", disk(into.disk, file)}}, file);
}

Taker workload(Workload& into, const std::string& file) {
  const std::vector<std::pair<std::string, Kind>> kinds = {{"memory", Kind::memory},
                                                           {"file", Kind::file}};
  return table({{"source", choice(into.source, kinds)},
                {"target", choice(into.target, kinds)},
                {"keys", count(into.keys)},
                {"largest", bytes(into.largest)},
                {"runs", count(into.runs)},
                {"writer", choice<Writer>(into.writer, {{"nobody", Writer::nobody},
                                                        {"beside", Writer::beside},
                                                        {"between_calls", Writer::between_calls}})},
                {"removals", share(into.removals)},
                {"edits", share(into.edits)},
                {"in_parts", share(into.in_parts)}},
               file);
}

Taker call(Call& into, const std::string& file) {
  return table(
      {{"fsync", choice<std::string>(
                     into.fsync, {{"always", "always"}, {"batch", "batch"}, {"never", "never"}})},
       {"removes_extras", choice<Often>(into.removes_extras, {{"never", Often::never},
                                                              {"sometimes", Often::sometimes},
                                                              {"always", Often::always}})},
       {"attempts", count(into.attempts)},
       {"multipart_threshold", bytes(into.multipart_threshold)},
       {"part_size", bytes(into.part_size)},
       {"keeps_state", yes_or_no(into.keeps_state)}},
      file);
}

Taker audits(Audits& into, const std::string& file) {
  return table({{"damage", share(into.damage)},
                {"verify", share(into.verify)},
                {"repair", share(into.repair)},
                {"gc", share(into.gc)},
                {"longest_pause", duration(into.longest_pause)}},
               file);
}

}  // namespace

Result<Scenario> parse_scenario(const std::string& toml, const std::string& file) {
  Scenario scenario;
  scenario.name = scenario_name(file);
  const Takers takers = {{"about", text(scenario.about)},
                         {"workload", workload(scenario.workload, file)},
                         {"sync", call(scenario.call, file)},
                         {"source", trouble(scenario.source, file)},
                         {"target", trouble(scenario.target, file)},
                         {"state", trouble(scenario.state, file)},
                         {"crash", crash(scenario.crash, file)},
                         {"cancel", table({{"share", share(scenario.cancel_share)}}, file)},
                         {"audits", audits(scenario.audits, file)},
                         {"expect", table({{"resume", yes_or_no(scenario.expect.resume)}}, file)}};
  GODWIT_CHECK(take_all(toml, takers, file));
  const bool hidden_writer = scenario.workload.writer == Writer::between_calls;
  if (hidden_writer && scenario.workload.source != Kind::file) {
    return wrong(file + ": a writer between calls needs a source of files");
  }
  return scenario;
}

}  // namespace godwit::sim
