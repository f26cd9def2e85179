#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/checksum.h"
#include "transfer/bandwidth.h"
#include "world/body.h"
#include "world/context.h"

namespace godwit::transfer {

/// Counts what passes and holds it to the bandwidth limit.
class MeteredBody final : public Body {
 public:
  MeteredBody(Body& inner, const Context& context, BandwidthLimiter& limiter, Bytes& counter)
      : inner_(inner), context_(context), limiter_(limiter), counter_(counter) {}
  [[nodiscard]] Task<std::size_t> read(MutableByteSpan into) override;

 private:
  Body& inner_;
  const Context& context_;
  BandwidthLimiter& limiter_;
  Bytes& counter_;
};

/// Takes the content token of what passes, and refuses to end when it is not the expected one,
/// so that a store that commits at the end of the body never commits other bytes.
class HashingBody final : public Body {
 public:
  /// `part_size`: the token is that of parts cut there; nullopt: of one body.
  /// `expected`: empty to hash only.
  HashingBody(Body& inner, std::optional<Bytes> part_size, std::string expected);
  [[nodiscard]] Task<std::size_t> read(MutableByteSpan into) override;
  /// The token; valid once `read` has returned 0.
  [[nodiscard]] const std::string& etag() const { return etag_; }

 private:
  void update(ByteSpan bytes);
  void finish();

  Body& inner_;
  std::optional<Bytes> part_size_;
  std::string expected_;
  Md5 md5_;
  Bytes in_part_ = 0;
  std::vector<std::string> parts_;
  std::string etag_;
};

}  // namespace godwit::transfer
