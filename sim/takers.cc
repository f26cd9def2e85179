#include "sim/takers.h"

namespace godwit::sim {

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

namespace {

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

}  // namespace

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

Result<void> take_all(const std::string& toml, const Takers& takers, const std::string& file) {
  toml::table root;
  try {
    root = toml::parse(toml, file);
  } catch (const toml::parse_error& error) {
    const auto line = std::to_string(error.source().begin.line);
    return wrong(file + ":" + line + ": " + std::string(error.description()));
  }
  return take(root, takers, file);
}

std::string scenario_name(const std::string& file) {
  const std::size_t slash = file.find_last_of('/');
  std::string name = file.substr(slash == std::string::npos ? 0 : slash + 1);
  if (name.ends_with(".toml")) name.resize(name.size() - 5);
  return name;
}

}  // namespace godwit::sim
