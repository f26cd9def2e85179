#include <cstdint>
#include <cstdlib>

#include "http/response_head.h"

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

/// Whatever a server sends is refused, or understood in one way only.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace godwit::http;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)parse_chunk_size(text);
  for (const HeadRequest request : {HeadRequest::no, HeadRequest::yes}) {
    const auto head = parse_response_head(text, request);
    if (!head) continue;
    must(head->status >= 100 && head->status <= 999 && head->status != 101);
    must(request == HeadRequest::no || head->framing == Framing::none);
    must(head->framing != Framing::chunked || !head->headers.find("Content-Length"));
    must(head->framing != Framing::until_close || !head->keep_alive);
    for (const auto& [name, value] : head->headers.fields()) {
      must(!name.empty() && name.find_first_of("\r\n: ") == std::string::npos);
      must(value.find_first_of("\r\n") == std::string::npos);
    }
  }
  return 0;
}
