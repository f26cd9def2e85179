#pragma once

#include <map>
#include <optional>
#include <string>

#include "store/spec.h"
#include "world/world.h"

namespace godwit::cli {

/// Remotes by name, as godwit.toml and rclone.conf define them.
struct Config {
  std::map<std::string, StoreSpec> remotes;
  std::string file;  ///< where godwit.toml was read from; empty: there is none
};

/// Reads `named` if it is given, else $GODWIT_CONFIG, ./godwit.toml, ~/.config/godwit/godwit.toml,
/// /etc/godwit/godwit.toml, the first that exists; then remotes of rclone.conf ($RCLONE_CONFIG or
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
