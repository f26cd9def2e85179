#include <cstdint>
#include <cstdlib>

#include "base/bytes.h"
#include "http/request_parser.h"

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

/// A request is read to its end or refused; no step takes more than it was given, and steps without
/// progress end.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace godwit;
  http::RequestParser parser(4 * kKiB);
  ByteSpan rest(reinterpret_cast<const std::byte*>(data), size);
  std::string room(64, '\0');
  while (!parser.is_done()) {
    parser.body_into(std::as_writable_bytes(std::span(room)));
    const auto used = parser.put(rest);
    if (!used) return 0;
    must(*used <= rest.size());
    if (parser.has_head()) {
      must(parser.body_count() <= room.size());
      must(!parser.head().method.empty());
    }
    if (*used == 0) return 0;
    rest = rest.subspan(*used);
  }
  return 0;
}
