#include <cstdint>
#include <cstdlib>

#include "cli/config.h"
#include "world/sim/sim_world.h"

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

/// A configuration is read, or refused with the file's name; every remote has a scheme.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace godwit;
  static SimWorld world(1);
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto config = cli::parse_toml(world, text, "godwit.toml");
  if (!config) {
    must(config.error().to_string().find("godwit.toml") != std::string::npos);
  } else {
    for (const auto& [name, spec] : config->remotes) must(!spec.scheme.empty());
  }
  const auto remotes = cli::parse_rclone(text, "rclone.conf");
  if (!remotes) {
    must(remotes.error().to_string().find("rclone.conf") != std::string::npos);
  } else {
    for (const auto& [name, spec] : *remotes) must(spec.scheme == "s3" || spec.scheme == "file");
  }
  return 0;
}
