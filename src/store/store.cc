#include "store/store.h"

#include <algorithm>
#include <functional>

#include "base/utf8.h"

namespace godwit {
namespace {

std::unexpected<Error> no_key(const char* why) {
  return fail(Code::invalid_argument, std::string("this cannot be a key: ") + why);
}

}  // namespace

Result<void> check_key(std::string_view key) {
  if (key.empty() || key.size() > kLongestKey) return no_key("it must have 1 to 1024 bytes");
  if (!is_utf8(key)) return no_key("it is not UTF-8");
  if (key.find('\0') != std::string_view::npos) return no_key("it has a NUL in it");
  return {};
}

Result<void> check_parts(std::span<const PartInfo> parts) {
  const bool rising = std::ranges::is_sorted(parts, std::ranges::less_equal(), &PartInfo::number);
  if (!parts.empty() && rising) return {};
  return fail(Code::invalid_argument, "an upload is completed of parts, each once and in order");
}

Where place_of(const Store& store, std::string operation, std::string key) {
  return {.region = {},
          .store = store.identity().url,
          .operation = std::move(operation),
          .key = std::move(key)};
}

std::unexpected<Error> no_such_object() { return fail(Code::not_found, "there is no such object"); }

Result<ByteRange> resolve_range(const GetOptions& options, Bytes size) {
  if (!options.range) return ByteRange{0, size};
  const ByteRange range = *options.range;
  if (range.size == 0 || range.offset >= size) {
    return fail(Code::invalid_argument, "the range begins behind the object's end");
  }
  return ByteRange{range.offset, std::min(range.size, size - range.offset)};
}

}  // namespace godwit
