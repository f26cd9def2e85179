#include "cli/config.h"

#include <utility>

#include "service/config.h"
#include "world/disk.h"

namespace godwit::cli {
namespace {

constexpr Bytes kLargestFile = kMiB;

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

}  // namespace

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
  GODWIT_TRY(service::Config read, service::load_config(world, named, working_directory));
  Config config{.remotes = std::move(read.stores), .file = std::move(read.file)};
  const std::string home = world.environment("HOME").value_or("");
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
