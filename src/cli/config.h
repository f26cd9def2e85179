#pragma once

#include <map>
#include <string>

#include "store/spec.h"
#include "world/world.h"

namespace godwit::cli {

/// Remotes by name, as godwit.toml and rclone.conf define them.
struct Config {
  std::map<std::string, StoreSpec> remotes;
  std::string file;  ///< where godwit.toml was read from; empty: there is none
};

/// Reads godwit.toml as service::load_config does; then remotes of rclone.conf ($RCLONE_CONFIG or
/// ~/.config/rclone/rclone.conf), which never hide ours.
/// Failure: invalid_argument with file, line and key; unknown keys with the nearest match.
[[nodiscard]] Result<Config> load_config(World& world, const std::string& named,
                                         const std::string& working_directory);

/// The part that needs no disk, for tests.
[[nodiscard]] Result<std::map<std::string, StoreSpec>> parse_rclone(const std::string& text,
                                                                    const std::string& file);

}  // namespace godwit::cli
