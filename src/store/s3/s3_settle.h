#pragma once

#include <memory>
#include <string>

#include "store/s3/s3_client.h"
#include "store/store.h"

namespace godwit::s3 {

/// What a write whose answer is lost would have left, and since when it may be there.
struct Expected {
  std::string etag;               ///< of our bytes; empty: not known, and nothing can be proven
  std::optional<MonoTime> since;  ///< when the call began; nothing: it may be of a call before
};

/// Looks whether a write that failed with `error` took effect all the same: an object that has our
/// token and was not written before `since`, by the service's own clock, is what was to be written.
/// Yields its token, or `error` as it was when that is not proven: an object that is not there may
/// yet appear, and one of another token may have replaced ours.
/// Two writers of the same bytes at the same time cannot be told apart.
[[nodiscard]] Task<PutResult> settle(Client& client, const Context& context, const std::string& key,
                                     const Expected& expected, Error error);

/// A body that tells the MD5 of what went through it, for writes that may have to be settled.
class Md5Body final : public Body {
 public:
  explicit Md5Body(Body& inner) : inner_(inner) {}
  [[nodiscard]] Task<std::size_t> read(MutableByteSpan into) override;
  [[nodiscard]] Result<void> rewind() override;
  /// In hexadecimal; once, at the end.
  [[nodiscard]] std::string finish() { return to_hex(md5_.finish()); }

 private:
  Body& inner_;
  Md5 md5_;
};

}  // namespace godwit::s3
