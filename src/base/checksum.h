#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace godwit {

using Md5Digest = std::array<std::byte, 16>;
using Sha256Digest = std::array<std::byte, 32>;
using Xxh128Digest = std::array<std::byte, 16>;

/// An incremental MD5 (RFC 1321): what S3 ETags are made of. Not for security.
/// Cost: about 1.6 CPU-s per GiB; hash only what no ETag can prove.
class Md5 {
 public:
  Md5();
  Md5(Md5&&) noexcept;
  Md5& operator=(Md5&&) noexcept;
  ~Md5();
  void update(ByteSpan bytes);
  /// The digest of all updates; the hasher starts anew.
  [[nodiscard]] Md5Digest finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// An incremental XXH3-128: to compare contents when nobody else must read the hash.
/// Cost: about 0.05 CPU-s per GiB.
class Xxh128 {
 public:
  Xxh128();
  Xxh128(Xxh128&&) noexcept;
  Xxh128& operator=(Xxh128&&) noexcept;
  ~Xxh128();
  void update(ByteSpan bytes);
  [[nodiscard]] Xxh128Digest finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

[[nodiscard]] Md5Digest md5(ByteSpan bytes);
/// FIPS 180-4.
[[nodiscard]] Sha256Digest sha256(ByteSpan bytes);
/// RFC 2104 with SHA-256.
[[nodiscard]] Sha256Digest hmac_sha256(ByteSpan key, ByteSpan message);

/// Lower-case hexadecimal.
[[nodiscard]] std::string to_hex(ByteSpan bytes);
/// RFC 4648 §4, padded.
[[nodiscard]] std::string to_base64(ByteSpan bytes);
/// What `to_base64` made of some bytes; nothing for any other text.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace godwit
