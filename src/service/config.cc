#include "service/config.h"

#include <toml++/toml.h>
#include <algorithm>
#include <array>

#include "base/suggest.h"
#include "service/keys.h"
#include "store/coding/coding_spec.h"
#include "world/disk.h"

namespace godwit::service {
namespace {

constexpr Bytes kLargestFile = kMiB;
const std::vector<std::string> kSections = {"node", "api", "log", "stores", "groups"};

template <class T>
std::vector<std::string> names_of(const Keys<T>& keys) {
  std::vector<std::string> names;
  for (const Key<T>& key : keys) names.push_back(key.info.name);
  return names;
}

/// The value of a node, where it is one alone.
std::optional<Value> value_of(World& world, const toml::node& node) {
  if (const auto* text = node.as_string()) return Value{world, text->get()};
  if (const auto* number = node.as_integer()) return Value{world, number->get()};
  if (const auto* fraction = node.as_floating_point()) return Value{world, fraction->get()};
  if (const auto* truth = node.as_boolean()) return Value{world, truth->get()};
  return std::nullopt;
}

/// What a value says, to compare it with another one.
std::string text_of(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value.any)) return *text;
  if (const auto* number = std::get_if<std::int64_t>(&value.any)) return std::to_string(*number);
  if (const auto* number = std::get_if<double>(&value.any)) return std::to_string(*number);
  return std::get<bool>(value.any) ? "true" : "false";
}

/// Reads one file. Every error names the file, the line and the key.
class Reader {
 public:
  Reader(World& world, const std::string& file, Config& config)
      : world_(world), file_(file), config_(config) {}

  [[nodiscard]] Result<void> read(const toml::table& root);
  /// Needs the rest, overrides included.
  [[nodiscard]] Result<void> read_groups(const toml::table& root);

 private:
  [[nodiscard]] std::unexpected<Error> at(const toml::node& node, const Error& error) const {
    const auto line = node.source().begin.line;
    Error placed(Code::invalid_argument,
                 file_ + ":" + std::to_string(line) + ": " + error.message());
    return fail(std::move(placed).with_hint(error.hint()));
  }
  [[nodiscard]] std::unexpected<Error> at(const toml::node& node, const std::string& why,
                                          const std::string& hint) const {
    return at(node, Error(Code::invalid_argument, why).with_hint(hint));
  }

  template <class T>
  Result<void> read_table(const toml::node& node, const Keys<T>& keys, const std::string& what,
                          T& into);
  template <class T>
  Result<void> read_section(const toml::table& root, const char* name, const Keys<T>& keys,
                            T& into);
  Result<void> read_store(const std::string& name, const toml::node& node);
  Result<void> read_group(const std::string& name, const toml::node& node);
  Result<void> read_target(const toml::node& node, const std::string& group,
                           ReplicationConfig& into);
  Result<void> read_detection(const toml::table& table, const StoreSpec& primary,
                              GroupDraft& draft) const;
  Result<const StoreSpec*> find_store(const std::string& name, const toml::node& node,
                                      const std::string& key) const;
  [[nodiscard]] std::unexpected<Error> blame(const toml::table& table, const Error& error) const;

  World& world_;
  const std::string& file_;
  Config& config_;
};

template <class T>
Result<void> Reader::read_table(const toml::node& node, const Keys<T>& keys,
                                const std::string& what, T& into) {
  const toml::table* table = node.as_table();
  if (table == nullptr) return at(node, what + " must be a table", "[" + what + "]");
  for (const auto& [key, value] : *table) {
    const std::string name(key.str());
    const auto known = std::ranges::find(keys, name, [](const Key<T>& k) { return k.info.name; });
    if (known == keys.end()) {
      return at(value, "'" + name + "' is not a key of " + what, suggest(name, names_of(keys)));
    }
    const auto given = value_of(world_, value);
    if (!given && name == kTargets) continue;
    if (!given) return at(value, "'" + name + "' cannot be a table, a list or a date", "");
    auto taken = known->take(into, *given);
    if (!taken) return at(value, std::move(taken).error().because_of("'" + name + "'"));
    config_.settings[what + "." + name] = text_of(*given);
  }
  return {};
}

template <class T>
Result<void> Reader::read_section(const toml::table& root, const char* name, const Keys<T>& keys,
                                  T& into) {
  const toml::node* node = root.get(name);
  if (node == nullptr) return {};
  return read_table(*node, keys, name, into);
}

Result<void> Reader::read(const toml::table& root) {
  for (const auto& [key, node] : root) {
    const std::string section(key.str());
    if (std::ranges::find(kSections, section) == kSections.end()) {
      return at(node, "'" + section + "' is not known here", suggest(section, kSections));
    }
  }
  GODWIT_CHECK(read_section(root, "node", node_keys(), config_.node));
  GODWIT_CHECK(read_section(root, "api", api_keys(), config_.api));
  GODWIT_CHECK(read_section(root, "log", log_keys(), config_.log));
  const toml::node* stores = root.get("stores");
  if (stores == nullptr) return {};
  if (!stores->is_table()) return at(*stores, "'stores' must be a table", "[stores.NAME]");
  for (const auto& [name, store] : *stores->as_table()) {
    GODWIT_CHECK(read_store(std::string(name.str()), store));
  }
  return {};
}

Result<void> Reader::read_store(const std::string& name, const toml::node& node) {
  StoreDraft draft;
  GODWIT_CHECK(read_table(node, store_keys(), "stores." + name, draft));
  if (draft.url.empty()) {
    return at(node, "[stores." + name + "] has no url", "add url = \"s3://BUCKET\"");
  }
  auto spec = parse_store_url(draft.url, "/");
  if (!spec) return at(node, spec.error());
  std::erase_if(draft.secrets, [](const auto& secret) { return secret.second.empty(); });
  spec->secrets = std::move(draft.secrets);
  for (const auto& [option, value] : draft.coding) spec->options[option] = value;
  StoreSpec tried = *spec;
  const auto coding = coding::take_coding(tried);
  if (!coding) return blame(*node.as_table(), coding.error());
  config_.stores[name] = *std::move(spec);
  return {};
}

Result<const StoreSpec*> Reader::find_store(const std::string& name, const toml::node& node,
                                            const std::string& key) const {
  const auto found = config_.stores.find(name);
  if (found != config_.stores.end()) return &found->second;
  std::vector<std::string> known;
  for (const auto& [store, spec] : config_.stores) known.push_back(store);
  if (name.empty()) return at(node, "'" + key + "' is missing", key + " = \"STORE\"");
  return at(node, "'" + key + "': there is no [stores." + name + "]", suggest(name, known));
}

/// "groups.G.targets.NAME": as errors and reloads call a target.
std::string path_of_target(const toml::node& node, const std::string& group) {
  const toml::table* table = node.as_table();
  std::string name;
  if (table != nullptr) name = (*table)["name"].value_or((*table)["store"].value_or(std::string()));
  return "groups." + group + ".targets" + (name.empty() ? "" : "." + name);
}

Result<void> Reader::read_target(const toml::node& node, const std::string& group,
                                 ReplicationConfig& into) {
  TargetDraft draft;
  GODWIT_CHECK(read_table(node, target_keys(), path_of_target(node, group), draft));
  const toml::node* named = node.as_table()->get("store");
  GODWIT_TRY(const StoreSpec* spec,
             find_store(draft.store, named == nullptr ? node : *named, "store"));
  ReplicaTarget& target = draft.target;
  if (target.name.empty()) target.name = draft.store;
  if (target.region.empty()) target.region = draft.store;
  target.url = spec->to_url();
  target.secrets = spec->secrets;
  into.targets.push_back(std::move(target));
  return {};
}

/// Puts an error of a group as a whole to the line of the key that it names first, if it is there.
std::unexpected<Error> Reader::blame(const toml::table& table, const Error& error) const {
  std::string field = error.message().substr(0, error.message().find_first_of(" :."));
  std::erase(field, '\'');
  for (const auto& [key, node] : table) {
    if (!field.empty() && key.str().starts_with(field)) return at(node, error);
  }
  return at(table, error);
}

Result<void> Reader::read_group(const std::string& name, const toml::node& node) {
  GroupDraft draft;
  GODWIT_CHECK(read_table(node, group_keys(), "groups." + name, draft));
  const toml::table& table = *node.as_table();
  ReplicationConfig& group = draft.config;
  const toml::node* primary = table.get("primary");
  GODWIT_TRY(const StoreSpec* spec,
             find_store(draft.primary, primary == nullptr ? node : *primary, "primary"));
  group.name = name;
  group.region = config_.node.region;
  group.data_dir = config_.node.data_dir + "/" + name;
  group.ca_file = config_.node.ca_file;
  group.slow_call = config_.log.slow;
  group.primary = {.name = draft.primary,
                   .url = spec->to_url(),
                   .region = draft.primary_region.empty() ? draft.primary : draft.primary_region,
                   .secrets = spec->secrets};
  if (const toml::node* targets = table.get(kTargets)) {
    const toml::array* array = targets->as_array();
    if (array == nullptr) return at(*targets, "'targets' must be an array of tables", "[{ ... }]");
    for (const toml::node& target : *array) GODWIT_CHECK(read_target(target, name, group));
  }
  GODWIT_CHECK(read_detection(table, *spec, draft));
  auto valid = group.validate();
  if (!valid) return blame(table, valid.error());
  config_.detect[name] = std::move(draft.detect);
  config_.groups.push_back(std::move(group));
  return {};
}

/// What the kinds of stores mean for how changes are found.
Result<void> Reader::read_detection(const toml::table& table, const StoreSpec& primary,
                                    GroupDraft& draft) const {
  DetectConfig& detect = draft.detect;
  ReplicationConfig& group = draft.config;
  const toml::node* named = table.get("detect_changes");
  const toml::node& node = named == nullptr ? table : *named;
  if (detect.inotify && primary.scheme != "file") {
    return at(node, "'detect_changes': inotify is for directories", "webhook, scan");
  }
  detect.places[group.primary.name] = primary;
  for (const ReplicaTarget& target : group.targets) {
    GODWIT_TRY(detect.places[target.name], parse_store_url(target.url, "/"));
  }
  group.detection.others_write = detect.any();
  if (primary.scheme == "file") detect.settle = std::chrono::seconds(1);
  group.detection.settle = detect.settle;
  return {};
}

Result<void> Reader::read_groups(const toml::table& root) {
  const toml::node* groups = root.get("groups");
  if (groups == nullptr) return {};
  if (!groups->is_table()) return at(*groups, "'groups' must be a table", "[groups.NAME]");
  for (const auto& [name, group] : *groups->as_table()) {
    GODWIT_CHECK(read_group(std::string(name.str()), group));
  }
  return {};
}

/// Sets what the environment says of one section.
template <class T>
Result<void> take_environment(World& world, const std::string& section, const Keys<T>& keys,
                              T& into) {
  for (const Key<T>& key : keys) {
    const std::string variable = variable_of(section, key.info.name);
    auto found = world.environment(variable);
    if (!found) continue;
    auto taken = key.take(into, Value{world, *std::move(found), true});
    if (!taken) return fail(std::move(taken).error().because_of("$" + variable));
  }
  return {};
}

template <class T>
std::vector<std::string> full_names(const std::string& section, const Keys<T>& keys) {
  std::vector<std::string> names = names_of(keys);
  for (std::string& name : names) name.insert(0, section + ".");
  return names;
}

/// Whether `name` is of this section; then it is set.
template <class T>
Result<bool> take_override(World& world, const std::string& section, const Keys<T>& keys,
                           const Overrides::value_type& given, T& into) {
  for (const Key<T>& key : keys) {
    if (section + "." + key.info.name != given.first) continue;
    auto taken = key.take(into, Value{world, given.second, true});
    if (!taken) return fail(std::move(taken).error().because_of("'" + given.first + "'"));
    return true;
  }
  return false;
}

Result<void> take_overrides(World& world, const Overrides& overrides, Config& config) {
  for (const auto& given : overrides) {
    GODWIT_TRY(bool known, take_override(world, "node", node_keys(), given, config.node));
    if (known) continue;
    GODWIT_TRY(known, take_override(world, "api", api_keys(), given, config.api));
    if (known) continue;
    GODWIT_TRY(known, take_override(world, "log", log_keys(), given, config.log));
    if (known) continue;
    std::vector<std::string> names = full_names("node", node_keys());
    for (const auto& more : {full_names("api", api_keys()), full_names("log", log_keys())}) {
      names.insert(names.end(), more.begin(), more.end());
    }
    return fail(Error(Code::invalid_argument, "'" + given.first + "' cannot be set")
                    .with_hint(suggest(given.first, names)));
  }
  return {};
}

std::string expand(const std::string& place, const std::string& home,
                   const std::string& working_directory) {
  if (place.starts_with("~/")) return home + place.substr(1);
  if (place.starts_with("./")) return working_directory + place.substr(1);
  return place;
}

template <class T>
SectionInfo info_of(std::string name, const Keys<T>& keys) {
  SectionInfo section{.name = std::move(name)};
  for (const Key<T>& key : keys) section.keys.push_back(key.info);
  return section;
}

}  // namespace

std::vector<SectionInfo> config_sections() {
  return {info_of("node", node_keys()),         info_of("api", api_keys()),
          info_of("log", log_keys()),           info_of("stores.NAME", store_keys()),
          info_of("groups.NAME", group_keys()), info_of("groups.NAME.targets", target_keys())};
}

std::string variable_of(const std::string& section, const std::string& key) {
  std::string name = "GODWIT_" + section + "_" + key;
  std::ranges::transform(name, name.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return name;
}

const std::vector<std::string>& config_places() {
  static const std::vector<std::string> places = {"./godwit.toml", "~/.config/godwit/godwit.toml",
                                                  "/etc/godwit/godwit.toml"};
  return places;
}

Result<Config> parse_config(World& world, const std::string& text, const std::string& file,
                            const Overrides& overrides) {
  Config config;
  config.file = file;
  toml::table root;
  try {
    root = toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    return fail(Code::invalid_argument, file + ":" + std::to_string(error.source().begin.line) +
                                            ": " + std::string(error.description()));
  }
  Reader reader(world, file, config);
  GODWIT_CHECK(take_environment(world, "node", node_keys(), config.node));
  GODWIT_CHECK(take_environment(world, "api", api_keys(), config.api));
  GODWIT_CHECK(take_environment(world, "log", log_keys(), config.log));
  GODWIT_CHECK(reader.read(root));
  GODWIT_CHECK(take_overrides(world, overrides, config));
  GODWIT_CHECK(reader.read_groups(root));
  return config;
}

Result<Config> load_config(World& world, const std::string& named,
                           const std::string& working_directory, const Overrides& overrides) {
  const std::string home = world.environment("HOME").value_or("");
  std::vector<std::string> places;
  for (const std::string& place : config_places()) {
    places.push_back(expand(place, home, working_directory));
  }
  const std::string wanted =
      named.empty() ? world.environment("GODWIT_CONFIG").value_or("") : named;
  if (!wanted.empty()) places = {wanted};
  for (const std::string& place : places) {
    GODWIT_TRY(const auto text, read_file_if_there(world.disk(), place, kLargestFile));
    if (text) return parse_config(world, *text, place, overrides);
  }
  if (!wanted.empty()) return fail(Code::invalid_argument, "config " + wanted + " does not exist");
  return parse_config(world, "", "", overrides);
}

}  // namespace godwit::service
