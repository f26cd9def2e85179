#include <cstdint>
#include <cstdlib>

#include "store/etag.h"
#include "store/spec.h"

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

/// What is accepted is printed as a URL that means the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace godwit;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto etag = ContentEtag::parse(text)) must(etag->md5_hex.size() == 32);
  const auto spec = parse_store_url(text, "/home");
  if (!spec) return 0;
  const auto again = parse_store_url(spec->to_url(), "/elsewhere");
  must(again && again->scheme == spec->scheme && again->name == spec->name &&
       again->prefix == spec->prefix && again->options == spec->options);
  return 0;
}
