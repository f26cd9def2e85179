#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "store/spec.h"
#include "world/world.h"

namespace godwit::cli {

/// Remotes by name, as godwit.toml and rclone.conf define them.
struct Config {
  std::map<std::string, StoreSpec> remotes;
  std::string file;  ///< where godwit.toml was read from; empty: there is none
};

/// A key of [stores.NAME] in godwit.toml; docs/reference/config.md is made from these.
struct StoreKey {
  enum class Value : std::uint8_t { url, secret, variable, file };

  std::string name;
  std::string help;
  Value value;         ///< the secret itself, or what holds it
  std::string secret;  ///< its name in StoreSpec::secrets
};
[[nodiscard]] const std::vector<StoreKey>& store_keys();
/// Where godwit.toml is looked for when nobody names it, the first that exists; "~" is the home
/// directory, "." the one in which we are.
[[nodiscard]] const std::vector<std::string>& config_places();

/// Reads `named` if it is given, else $GODWIT_CONFIG, else the first of config_places(); then
/// remotes of rclone.conf ($RCLONE_CONFIG or
/// ~/.config/rclone/rclone.conf), which never hide ours.
/// Failure: invalid_argument with file, line and key; unknown keys with the nearest match.
[[nodiscard]] Result<Config> load_config(World& world, const std::string& named,
                                         const std::string& working_directory);

/// The parts that need no disk, for tests.
[[nodiscard]] Result<Config> parse_toml(World& world, const std::string& text,
                                        const std::string& file);
[[nodiscard]] Result<std::map<std::string, StoreSpec>> parse_rclone(const std::string& text,
                                                                    const std::string& file);

}  // namespace godwit::cli
