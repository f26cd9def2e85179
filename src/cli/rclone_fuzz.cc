#include <cstdint>
#include <cstdlib>

#include "cli/config.h"

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

/// Remotes of rclone are read, or refused with the file's name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace godwit;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto remotes = cli::parse_rclone(text, "rclone.conf");
  if (!remotes) {
    must(remotes.error().to_string().find("rclone.conf") != std::string::npos);
  } else {
    for (const auto& [name, spec] : *remotes) must(spec.scheme == "s3" || spec.scheme == "file");
  }
  return 0;
}
