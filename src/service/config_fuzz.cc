#include <cstdint>
#include <cstdlib>

#include "service/config.h"
#include "world/sim/sim_world.h"

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

/// A configuration is read, or refused with the file's name; every store has a scheme, every group
/// holds together.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace godwit;
  static SimWorld world(1);
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto config = service::parse_config(world, text, "godwit.toml");
  if (!config) {
    must(config.error().to_string().find("godwit.toml") != std::string::npos);
    return 0;
  }
  for (const auto& [name, spec] : config->stores) must(!spec.scheme.empty());
  for (const ReplicationConfig& group : config->groups) must(group.validate().has_value());
  return 0;
}
