#include "world/body.h"

#include <algorithm>
#include <cstring>

namespace godwit {
namespace {

// Most bodies that are read whole are small: answers, records, small objects.
constexpr std::size_t kReadAllFirst = 4 * kKiB;
constexpr std::size_t kReadAllStep = 64 * kKiB;

std::size_t take(ByteSpan from, std::size_t& position, MutableByteSpan into) {
  const std::size_t count = std::min(into.size(), from.size() - position);
  std::memcpy(into.data(), from.data() + position, count);
  position += count;
  return count;
}

}  // namespace

Result<void> Body::rewind() {
  return fail(Code::unsupported, "this stream cannot be read a second time");
}

Task<std::size_t> MemoryBody::read(MutableByteSpan into) {
  co_return take(as_bytes(bytes_), position_, into);
}

Result<void> MemoryBody::rewind() {
  position_ = 0;
  return {};
}

Task<std::size_t> ViewBody::read(MutableByteSpan into) { co_return take(bytes_, position_, into); }

Result<void> ViewBody::rewind() {
  position_ = 0;
  return {};
}

Task<std::string> read_all(Body& body, Bytes most) {
  std::string all;
  for (;;) {
    const std::size_t before = all.size();
    all.resize(before + std::clamp(before, kReadAllFirst, kReadAllStep));
    const MutableByteSpan space = std::as_writable_bytes(std::span(all)).subspan(before);
    GODWIT_CO_TRY(const std::size_t count, co_await body.read(space));
    all.resize(before + count);
    if (count == 0) break;
    if (all.size() > most) {
      co_return fail(Code::limit_exceeded, "a body is larger than " + format_bytes(most));
    }
  }
  // Who keeps a small body for long must not keep the room that reading it took.
  all.shrink_to_fit();
  co_return all;
}

Task<std::string> read_up_to(Body& body, std::string begun, Bytes most) {
  constexpr Bytes kPiece = 256 * kKiB;
  while (begun.size() < most) {
    const std::size_t there = begun.size();
    begun.resize(there + std::min(kPiece, most - there));
    const MutableByteSpan room = std::as_writable_bytes(std::span(begun)).subspan(there);
    GODWIT_CO_TRY(const std::size_t got, co_await read_full(body, room));
    begun.resize(there + got);
    if (got < room.size()) break;
  }
  co_return begun;
}

Task<std::size_t> read_full(Body& body, MutableByteSpan into) {
  std::size_t filled = 0;
  while (filled < into.size()) {
    GODWIT_CO_TRY(const std::size_t count, co_await body.read(into.subspan(filled)));
    if (count == 0) break;
    filled += count;
  }
  co_return filled;
}

}  // namespace godwit
