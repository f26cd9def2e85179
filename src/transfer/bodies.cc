#include "transfer/bodies.h"

#include <algorithm>
#include <utility>

#include "store/etag.h"

namespace godwit::transfer {

Task<std::size_t> MeteredBody::read(MutableByteSpan into) {
  GODWIT_CO_TRY(const std::size_t count, co_await inner_.read(into));
  if (count > 0 && !limiter_.unlimited()) {
    GODWIT_CO_CHECK(co_await limiter_.take(context_, count));
  }
  counter_ += count;
  co_return count;
}

HashingBody::HashingBody(Body& inner, std::optional<Bytes> part_size, std::string expected)
    : inner_(inner), part_size_(part_size), expected_(std::move(expected)) {}

Task<std::size_t> HashingBody::read(MutableByteSpan into) {
  GODWIT_CO_TRY(const std::size_t count, co_await inner_.read(into));
  if (count > 0) {
    update(into.first(count));
    co_return count;
  }
  finish();
  if (!expected_.empty() && etag_ != expected_) {
    co_return fail(Error(Code::corrupted, "the bytes that arrived have the checksum " + etag_ +
                                              ", the source promised " + expected_)
                       .with(Retry::later));
  }
  co_return std::size_t{0};
}

void HashingBody::update(ByteSpan bytes) {
  while (!bytes.empty()) {
    const Bytes room = part_size_ ? *part_size_ - in_part_ : bytes.size();
    const auto now = static_cast<std::size_t>(std::min<Bytes>(room, bytes.size()));
    md5_.update(bytes.first(now));
    bytes = bytes.subspan(now);
    in_part_ += now;
    if (part_size_ && in_part_ == *part_size_) {
      parts_.push_back(to_hex(md5_.finish()));
      in_part_ = 0;
    }
  }
}

void HashingBody::finish() {
  if (!etag_.empty()) return;
  if (!part_size_) {
    etag_ = to_hex(md5_.finish());
    return;
  }
  if (in_part_ > 0 || parts_.empty()) parts_.push_back(to_hex(md5_.finish()));
  etag_ = compose_etag(parts_).value();
}

}  // namespace godwit::transfer
