#include <array>
#include <cstdint>
#include <cstdlib>

#include "store/s3/s3_metadata_service.h"
#include "store/s3/s3_profile.h"

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

/// Keys come whole or not at all, from files and from services.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace godwit::s3;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::array<std::string, 2> titles = {"default", "profile b"};
  const auto settings = parse_section(text, titles);
  if (settings && *settings) {
    const auto keys = keys_of(**settings, "default");
    if (keys && *keys) must(!(*keys)->access_key.empty() && !(*keys)->secret_key.empty());
  }
  const auto found = parse_keys(text);
  if (found) must(!found->keys.access_key.empty() && !found->keys.secret_key.empty());
  return 0;
}
