#include <cstdint>
#include <cstdlib>

#include "http/response_head.h"
#include "store/s3/s3_headers.h"

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

/// A head that is HTTP tells an object or is refused; names of metadata are in lower case.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace godwit;
  const std::string text =
      "HTTP/1.1 200 OK\r\n" + std::string(reinterpret_cast<const char*>(data), size) + "\r\n\r\n";
  const auto head = http::parse_response_head(text, http::HeadRequest::yes);
  if (!head) return 0;
  (void)s3::tag_count(head->headers);
  const auto info = s3::read_info("k", head->headers);
  if (!info) return 0;
  for (const auto& [name, value] : info->metadata.user) {
    must(name.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos);
  }
  return 0;
}
