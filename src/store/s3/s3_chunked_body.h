#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/crc.h"
#include "http/sigv4.h"
#include "store/s3/s3_config.h"
#include "world/body.h"

namespace godwit::s3 {

/// A checksum of the kind that the configuration names, computed on the way.
class Checksum {
 public:
  explicit Checksum(ChecksumKind kind) : kind_(kind) {}
  void update(ByteSpan bytes);
  /// As S3 writes it: big-endian, in base 64.
  [[nodiscard]] std::string text() const;

 private:
  ChecksumKind kind_;
  Crc32c crc32c_;
  Crc64Nvme crc64_;
};

/// "x-amz-checksum-crc32c".
[[nodiscard]] std::string_view checksum_header(ChecksumKind kind);

/// What goes along with the bytes of a body in S3's own chunks ("aws-chunked").
struct ChunkOptions {
  std::optional<http::ChunkSigner> signer;     ///< each chunk is signed
  ChecksumKind checksum = ChecksumKind::none;  ///< told behind the last chunk
};

/// How many bytes `size` (> 0) bytes become.
[[nodiscard]] Bytes chunked_size(Bytes size, const ChunkOptions& options);

/// Writes the `size` bytes of `inner` in chunks. The last chunk leaves only when `inner` has said
/// that there were no more bytes, and that they were right.
/// Failure: what `inner` failed with; corrupted when it has more or fewer bytes. Rewinds if `inner`
/// does. `inner` must outlive it.
[[nodiscard]] std::unique_ptr<Body> make_chunked_body(Body& inner, Bytes size,
                                                      const ChunkOptions& options);

/// Checks the bytes of `inner` against the checksum that the service told: at the end, corrupted
/// when they differ.
[[nodiscard]] std::unique_ptr<Body> make_checked_body(std::unique_ptr<Body> inner,
                                                      ChecksumKind kind, std::string expected);

}  // namespace godwit::s3
