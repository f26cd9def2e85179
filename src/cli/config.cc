#include "cli/config.h"

#include <toml++/toml.h>
#include <array>
#include <vector>

#include "base/suggest.h"
#include "world/disk.h"

namespace godwit::cli {
namespace {

constexpr Bytes kLargestFile = kMiB;
const std::vector<std::string> kSections = {"stores"};
std::unexpected<Error> at_line(const std::string& file, const toml::node& node,
                               const std::string& why, const std::string& hint) {
  const auto line = node.source().begin.line;
  return fail(Error(Code::invalid_argument, file + ":" + std::to_string(line) + ": " + why)
                  .with_hint(hint));
}

std::string strip_line_end(std::string text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

/// The secret that a key of [stores.NAME] holds, or leads to.
Result<std::string> read_secret(World& world, const std::string& file, const StoreKey& key,
                                const std::string& value, const toml::node& node) {
  if (key.value == StoreKey::Value::variable) {
    auto found = world.environment(value);
    if (found) return *std::move(found);
    return at_line(file, node, "$" + value + " is not set", "set it, or change " + key.name);
  }
  if (key.value == StoreKey::Value::file) {
    GODWIT_TRY(auto text, read_file_if_there(world.disk(), value, kLargestFile));
    if (text) return strip_line_end(*std::move(text));
    return at_line(file, node, value + " does not exist", "check the path");
  }
  return value;
}

/// Takes one key of [stores.NAME] into the spec.
Result<void> take_store_key(World& world, const std::string& file, const StoreKey& key,
                            const toml::node& node, StoreSpec& spec) {
  const auto value = node.value<std::string>();
  if (!value) return at_line(file, node, "'" + key.name + "' must be text", "write it in quotes");
  if (key.value == StoreKey::Value::url) return {};
  GODWIT_TRY(spec.secrets[key.secret], read_secret(world, file, key, *value, node));
  return {};
}

std::string suggest_key(const std::string& mistyped) {
  std::vector<std::string> names;
  for (const StoreKey& key : store_keys()) names.push_back(key.name);
  return suggest(mistyped, names);
}

Result<StoreSpec> read_store(World& world, const std::string& file, const std::string& name,
                             const toml::node& node) {
  const toml::table* table = node.as_table();
  const auto url =
      table == nullptr ? std::optional<std::string>() : (*table)["url"].value<std::string>();
  if (!url) {
    return at_line(file, node, "[stores." + name + "] has no url", "add url = \"s3://BUCKET\"");
  }
  auto spec = parse_store_url(*url, "/");
  if (!spec) return at_line(file, node, spec.error().message(), spec.error().hint());
  for (const auto& [key, value] : *table) {
    const std::string text(key.str());
    const auto known = std::ranges::find(store_keys(), text, &StoreKey::name);
    if (known == store_keys().end()) {
      return at_line(file, value, "'" + text + "' is not a key of a store", suggest_key(text));
    }
    GODWIT_CHECK(take_store_key(world, file, *known, value, *spec));
  }
  return spec;
}

/// The endpoint that a provider of rclone stands for, and the rest of a section.
Result<StoreSpec> rclone_remote(const std::string& file, const std::string& name,
                                const std::map<std::string, std::string>& section) {
  const auto get = [&section](const char* key) {
    const auto found = section.find(key);
    return found == section.end() ? std::string() : found->second;
  };
  StoreSpec spec;
  const std::string type = get("type");
  if (type == "local") {
    spec.scheme = "file";
    return spec;
  }
  if (type != "s3") {
    return fail(Error(Code::unsupported, file + ": remote '" + name + "' is of type '" + type + "'")
                    .with_hint("of rclone's remotes, godwit reads those of type s3 and local"));
  }
  spec.scheme = "s3";
  std::string endpoint = get("endpoint");
  if (!endpoint.empty() && endpoint.find("://") == std::string::npos)
    endpoint.insert(0, "https://");
  if (!endpoint.empty()) spec.options["endpoint"] = endpoint;
  if (!get("region").empty()) spec.options["region"] = get("region");
  if (!get("profile").empty()) spec.options["profile"] = get("profile");
  if (!get("storage_class").empty()) spec.options["storage_class"] = get("storage_class");
  if (get("force_path_style") == "false") spec.options["addressing"] = "virtual";
  if (!get("access_key_id").empty()) {
    spec.secrets["access_key"] = get("access_key_id");
    spec.secrets["secret_key"] = get("secret_access_key");
    spec.secrets["session_token"] = get("session_token");
  }
  return spec;
}

std::string trim(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::string expand(const std::string& place, const std::string& home,
                   const std::string& working_directory) {
  if (place.starts_with("~/")) return home + place.substr(1);
  if (place.starts_with("./")) return working_directory + place.substr(1);
  return place;
}

}  // namespace

const std::vector<StoreKey>& store_keys() {
  using enum StoreKey::Value;
  static const std::vector<StoreKey> keys = {
      {"url", "required; any [store URL](stores.md)", url, ""},
      {"access_key_env", "name of the environment variable that holds the access key", variable,
       "access_key"},
      {"secret_key_env", "name of the environment variable that holds the secret key", variable,
       "secret_key"},
      {"session_token_env", "name of the environment variable that holds the session token",
       variable, "session_token"},
      {"secret_key_file", "a file that holds the secret key", file, "secret_key"},
      {"access_key", "the access key itself; keep the file private", secret, "access_key"},
      {"secret_key", "the secret key itself; keep the file private", secret, "secret_key"},
      {"session_token", "the session token itself; keep the file private", secret,
       "session_token"}};
  return keys;
}

const std::vector<std::string>& config_places() {
  static const std::vector<std::string> places = {"./godwit.toml", "~/.config/godwit/godwit.toml",
                                                  "/etc/godwit/godwit.toml"};
  return places;
}

Result<Config> parse_toml(World& world, const std::string& text, const std::string& file) {
  Config config;
  config.file = file;
  toml::table root;
  try {
    root = toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    return fail(Code::invalid_argument, file + ":" + std::to_string(error.source().begin.line) +
                                            ": " + std::string(error.description()));
  }
  for (const auto& [key, node] : root) {
    const std::string section(key.str());
    if (section != "stores") {
      return at_line(file, node, "'" + section + "' is not known here",
                     suggest(section, kSections));
    }
    if (!node.is_table()) return at_line(file, node, "'stores' must be a table", "[stores.NAME]");
    for (const auto& [name, store] : *node.as_table()) {
      GODWIT_TRY(config.remotes[std::string(name.str())],
                 read_store(world, file, std::string(name.str()), store));
    }
  }
  return config;
}

Result<std::map<std::string, StoreSpec>> parse_rclone(const std::string& text,
                                                      const std::string& file) {
  std::map<std::string, std::map<std::string, std::string>> sections;
  std::string section;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = trim(text.substr(at, end - at));
    at = end + 1;
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    if (line.front() == '[' && line.back() == ']') {
      section = line.substr(1, line.size() - 2);
      sections[section];
      continue;
    }
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos || section.empty()) {
      return fail(Code::invalid_argument, file + ": '" + line + "' is no setting");
    }
    sections[section][trim(line.substr(0, equals))] = trim(line.substr(equals + 1));
  }
  std::map<std::string, StoreSpec> remotes;
  for (const auto& [name, values] : sections) {
    auto spec = rclone_remote(file, name, values);
    // A remote of another kind is an error only for who names it.
    if (spec) remotes[name] = *std::move(spec);
  }
  return remotes;
}

Result<Config> load_config(World& world, const std::string& named,
                           const std::string& working_directory) {
  const std::string home = world.environment("HOME").value_or("");
  std::vector<std::string> places;
  for (const std::string& place : config_places()) {
    places.push_back(expand(place, home, working_directory));
  }
  const std::string wanted =
      named.empty() ? world.environment("GODWIT_CONFIG").value_or("") : named;
  if (!wanted.empty()) places = {wanted};
  Config config;
  for (const std::string& place : places) {
    GODWIT_TRY(const auto text, read_file_if_there(world.disk(), place, kLargestFile));
    if (text) {
      GODWIT_TRY(config, parse_toml(world, *text, place));
      break;
    }
    if (!wanted.empty())
      return fail(Code::invalid_argument, "config " + wanted + " does not exist");
  }
  const std::string rclone =
      world.environment("RCLONE_CONFIG").value_or(home + "/.config/rclone/rclone.conf");
  GODWIT_TRY(const auto text, read_file_if_there(world.disk(), rclone, kLargestFile));
  if (text) {
    GODWIT_TRY(auto remotes, parse_rclone(*text, rclone));
    config.remotes.merge(remotes);
  }
  return config;
}

}  // namespace godwit::cli
