#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "godwit/config.h"
#include "store/spec.h"
#include "world/world.h"

namespace godwit::service {

/// [node]: this process.
struct NodeConfig {
  std::string name = "godwit";
  std::string region;
  std::string data_dir = "/var/lib/godwit";
  std::string ca_file;
  Duration drain = std::chrono::seconds(20);
  std::size_t event_loops = 0;  ///< 0: as many as there are CPUs
};

/// [api]: the admin API and the metrics.
struct ApiConfig {
  std::string listen = "127.0.0.1:7070";
  std::string read_token;     ///< never printed
  std::string operate_token;  ///< never printed
  Bytes max_body = Bytes{5} << 40;
  std::size_t max_connections = 256;
  Duration request_timeout = std::chrono::seconds(60);
  std::uint32_t rate_limit = 0;  ///< calls a second of each caller; 0: none
  std::uint32_t rate_burst = 0;  ///< at once; 0: two seconds' worth
  std::string metrics_alias;
  std::string certificate_file;
  std::string key_file;
};

enum class LogFormat : std::uint8_t { text, json };

/// [log]: what the daemon tells on standard error.
struct LogConfig {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::text;
  Duration slow = std::chrono::seconds(10);  ///< 0: nothing is
};

/// How a group hears of what others write to its primary.
struct DetectConfig {
  bool webhook = false;
  bool scan = false;
  bool inotify = false;
  Duration scan_interval{};                 ///< 0: as Changes sees fit
  Duration settle{};                        ///< that a file must rest
  std::string hook_secret;                  ///< never printed
  std::map<std::string, StoreSpec> places;  ///< of the group's stores, by their names in it

  [[nodiscard]] bool any() const { return webhook || scan || inotify; }
};

/// All of godwit.toml, with secrets resolved.
struct Config {
  std::string file;  ///< where it was read from; empty: there is none
  NodeConfig node;
  ApiConfig api;
  LogConfig log;
  std::map<std::string, StoreSpec> stores;
  std::vector<ReplicationConfig> groups;       ///< by name; each checked
  std::map<std::string, DetectConfig> detect;  ///< by group
  /// What the file says, by "SECTION.KEY", to tell two of them apart. Holds secrets: never printed.
  std::map<std::string, std::string> settings;
};

/// "SECTION.KEY" of [node], [api] or [log], and its value as text.
using Overrides = std::vector<std::pair<std::string, std::string>>;

/// A key as docs/reference/config.md tells of it.
struct KeyInfo {
  std::string name;
  std::string values;    ///< "duration", "text", ...
  std::string fallback;  ///< empty: none
  std::string help;
};
/// The keys of one table of godwit.toml.
struct SectionInfo {
  std::string name;  ///< "stores.NAME"
  std::vector<KeyInfo> keys;
};
[[nodiscard]] std::vector<SectionInfo> config_sections();
/// The environment variable that sets a key of [node], [api] or [log]: "GODWIT_API_LISTEN".
[[nodiscard]] std::string variable_of(const std::string& section, const std::string& key);

/// Where godwit.toml is looked for when nobody names it, the first that exists; "~" is the home
/// directory, "." the one in which we are.
[[nodiscard]] const std::vector<std::string>& config_places();

/// Reads `named` if it is given, else $GODWIT_CONFIG, else the first of config_places(). A value of
/// the environment holds where the file says nothing, one of `overrides` whatever it says.
/// Failure: invalid_argument with file, line and key; unknown keys with the nearest match.
[[nodiscard]] Result<Config> load_config(World& world, const std::string& named,
                                         const std::string& working_directory,
                                         const Overrides& overrides = {});

/// The same of a text.
[[nodiscard]] Result<Config> parse_config(World& world, const std::string& text,
                                          const std::string& file, const Overrides& overrides = {});

/// What a daemon runs when there is no file: the group `backups` from the variables
/// PRIMARY_REGION, PRIMARY_ENDPOINT, PRIMARY_BUCKET, the same with SECONDARY_, DO_SPACES_KEY,
/// DO_SPACES_SECRET, REPLICATION_MAX_WORKERS, REPLICATION_LAG_THRESHOLD (seconds) and
/// REPLICATION_RETRY_MAX. Changes nothing where `config` has groups, or where neither bucket is
/// set. Failure: invalid_argument naming the variable.
[[nodiscard]] Result<void> add_group_of_environment(World& world, Config& config);

/// The variables of add_group_of_environment, and what each means.
[[nodiscard]] const std::vector<KeyInfo>& group_variables();

}  // namespace godwit::service
