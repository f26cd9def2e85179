#include "http/url.h"

#include <cstdint>
#include <cstdlib>

#include "http/proxy.h"

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

/// What is accepted reads back as the same; what is encoded decodes to the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace godwit::http;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  must(uri_decode(uri_encode(text, Slash::encode)).value() == text);
  must(uri_decode(uri_encode(text, Slash::keep)).value() == text);
  (void)uri_decode(text);
  const auto url = parse_url(text);
  if (!url) return 0;
  const auto again = parse_url(url->endpoint.to_string() + url->target);
  must(again && again->endpoint == url->endpoint && again->target == url->target);
  (void)bypasses_proxy(url->target, url->endpoint);
  return 0;
}
