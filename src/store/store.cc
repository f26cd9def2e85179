#include "store/store.h"

namespace godwit {

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
