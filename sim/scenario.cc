#include "sim/scenario.h"

#include <toml++/toml.h>

#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "base/suggest.h"

namespace godwit::sim {
namespace {

using Taker = std::function<Result<void>(const toml::node&)>;
using Takers = std::map<std::string, Taker>;

std::unexpected<Error> wrong(const std::string& what) { return fail(Code::invalid_argument, what); }

Taker share(double& into) {
  return [&into](const toml::node& node) -> Result<void> {
    const auto value = node.value<double>();
    if (!value || *value < 0 || *value > 1) return wrong("must be a share between 0 and 1");
    into = *value;
    return {};
  };
}

Taker count(std::uint64_t& into) {
  return [&into](const toml::node& node) -> Result<void> {
    const auto value = node.value_exact<std::int64_t>();
    if (!value || *value < 1) return wrong("must be a number from 1 on");
    into = static_cast<std::uint64_t>(*value);
    return {};
  };
}

Taker yes_or_no(bool& into) {
  return [&into](const toml::node& node) -> Result<void> {
    const auto value = node.value_exact<bool>();
    if (!value) return wrong("must be true or false");
    into = *value;
    return {};
  };
}

Taker text(std::string& into) {
  return [&into](const toml::node& node) -> Result<void> {
    const auto value = node.value_exact<std::string>();
    if (!value) return wrong("must be text");
    into = *value;
    return {};
  };
}

Taker bytes(Bytes& into) {
  return [&into](const toml::node& node) -> Result<void> {
    GODWIT_TRY(into, parse_bytes(node.value<std::string>().value_or("")));
    return {};
  };
}

Taker duration(Duration& into) {
  return [&into](const toml::node& node) -> Result<void> {
    GODWIT_TRY(into, parse_duration(node.value<std::string>().value_or("")));
    return {};
  };
}

template <class T, class Into = T>
Taker choice(Into& into, std::vector<std::pair<std::string, T>> choices) {
  return [&into, choices = std::move(choices)](const toml::node& node) -> Result<void> {
    const std::string word = node.value<std::string>().value_or("");
    std::vector<std::string> words;
    for (const auto& [name, value] : choices) {
      words.push_back(name);
      if (name == word) {
        into = value;
        return {};
      }
    }
    return fail(Error(Code::invalid_argument, "'" + word + "' is none of its values")
                    .with_hint(suggest(word, words)));
  };
}

/// Gives each key of a table to who takes it.
Result<void> take(const toml::table& table, const Takers& takers, const std::string& file) {
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    const std::string place = file + ":" + std::to_string(node.source().begin.line) + ": ";
    const auto taker = takers.find(name);
    if (taker == takers.end()) {
      std::vector<std::string> known;
      for (const auto& [other, unused] : takers) known.push_back(other);
      return fail(Error(Code::invalid_argument, place + "'" + name + "' is not a key here")
                      .with_hint(suggest(name, known)));
    }
    const Result<void> taken = taker->second(node);
    // A table below has told its place already.
    if (!taken && node.is_table()) return taken;
    if (!taken) {
      return fail(Error(taken.error()).because_of(place + "'" + name + "'"));
    }
  }
  return {};
}

Taker table(Takers takers, const std::string& file) {
  return [takers = std::move(takers), file](const toml::node& node) -> Result<void> {
    const toml::table* inner = node.as_table();
    if (inner == nullptr) return wrong("must be a table");
    return take(*inner, takers, file);
  };
}

Taker calls(Faults& faults, const std::string& file) {
  return table({{"unavailable", share(faults.unavailable)},
                {"lost_answer", share(faults.lost_answer)},
                {"throttled", share(faults.throttled)},
                {"broken_listing", share(faults.broken_listing)},
                {"cut_body", share(faults.cut_body)},
                {"flipped_bit", share(faults.flipped_bit)},
                {"longest_delay", duration(faults.longest_delay)}},
               file);
}

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

Taker crash(CrashPlan& into, const std::string& file) {
  using sim_storage::Losses;
  return table({{"share", share(into.share)},
                {"kind", choice<std::optional<Crash>>(into.kind, {{"process", Crash::process},
                                                                  {"power", Crash::power},
                                                                  {"any", std::nullopt}})},
                {"losses", choice<Losses>(into.losses, {{"any_subset", Losses::any_subset},
                                                        {"in_order", Losses::in_order}})}},
               file);
}

}  // namespace

Result<Scenario> parse_scenario(const std::string& toml, const std::string& file) {
  toml::table root;
  try {
    root = toml::parse(toml, file);
  } catch (const toml::parse_error& error) {
    const auto line = std::to_string(error.source().begin.line);
    return wrong(file + ":" + line + ": " + std::string(error.description()));
  }
  Scenario scenario;
  const std::size_t slash = file.find_last_of('/');
  scenario.name = file.substr(slash == std::string::npos ? 0 : slash + 1);
  if (scenario.name.ends_with(".toml")) scenario.name.resize(scenario.name.size() - 5);
  const Takers takers = {{"about", text(scenario.about)},
                         {"workload", workload(scenario.workload, file)},
                         {"sync", call(scenario.call, file)},
                         {"source", trouble(scenario.source, file)},
                         {"target", trouble(scenario.target, file)},
                         {"state", trouble(scenario.state, file)},
                         {"crash", crash(scenario.crash, file)},
                         {"cancel", table({{"share", share(scenario.cancel_share)}}, file)},
                         {"expect", table({{"resume", yes_or_no(scenario.expect.resume)}}, file)}};
  GODWIT_CHECK(take(root, takers, file));
  const bool hidden_writer = scenario.workload.writer == Writer::between_calls;
  if (hidden_writer && scenario.workload.source != Kind::file) {
    return wrong(file + ": a writer between calls needs a source of files");
  }
  return scenario;
}

}  // namespace godwit::sim
