#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/checksum.h"
#include "godwit/object.h"

/// Compressed bodies as files that others can read: frames of 1 MiB of plain bytes, each by itself
/// and with a checksum of its own, and behind them an index, by which a range is found.
///
/// zstd: the seekable format (facebook/zstd, contrib/seekable_format/zstd_seekable_compression_
/// format.md), before whose seek table stands one more skippable frame, our summary. gzip: members
/// (RFC 1952), and the index in the extra fields of empty members at the end, in the manner of
/// dictzip. `zstd -d` and `gunzip` read the one and the other, and check the checksums.
namespace godwit::coding {

enum class Compression : std::uint8_t { none, zstd, gzip };
[[nodiscard]] std::string_view to_string(Compression compression);

/// Plain bytes of every frame but the last, which has at least one.
inline constexpr Bytes kFrameSize = kMiB;
[[nodiscard]] constexpr std::uint64_t frames_of(Bytes plain_size) {
  return plain_size / kFrameSize + (plain_size % kFrameSize == 0 ? 0 : 1);
}

/// What an index says of the whole body.
struct FrameSummary {
  Bytes plain_size = 0;
  Md5Digest md5{};  ///< of the plain bytes

  bool operator==(const FrameSummary&) const = default;
};

struct FrameIndex {
  FrameSummary summary;
  std::vector<std::uint32_t> coded_sizes;  ///< of each frame, in order

  /// Of the coded frames from `first` up to before `end`.
  [[nodiscard]] Bytes size_of(std::uint64_t first, std::uint64_t end) const;
};

/// Turns frames back, as they come.
class FrameDecoder {
 public:
  virtual ~FrameDecoder() = default;
  /// Takes bytes from the front of `coded`, appends what they stand for to `plain`, about a frame
  /// at most, and says how many it took. Took and gave none: it needs more of them, or `ended`.
  /// Failure: corrupted.
  [[nodiscard]] virtual Result<std::size_t> decode(ByteSpan coded, std::string& plain) = 0;
  /// Between two frames.
  [[nodiscard]] virtual bool at_border() const = 0;
  /// The frames are over: what comes now is the index.
  [[nodiscard]] virtual bool ended() const = 0;
};

/// One of the two formats. Pure; the calls may run side by side.
class FrameFormat {
 public:
  virtual ~FrameFormat() = default;

  /// One frame of 1 to kFrameSize bytes. Level 0: as they are, in the form of a frame.
  [[nodiscard]] virtual std::string encode(ByteSpan plain, int level) const = 0;
  [[nodiscard]] virtual std::unique_ptr<FrameDecoder> decoder() const = 0;

  [[nodiscard]] virtual std::string encode(const FrameIndex& index) const = 0;
  /// Of the index of so many frames.
  [[nodiscard]] virtual Bytes index_size(std::uint64_t frames) const = 0;
  /// Where in it the summary stands.
  [[nodiscard]] virtual ByteRange summary_place(std::uint64_t frames) const = 0;
  /// Reads the number of frames from the last kEndSize bytes of a body. Failure: corrupted.
  [[nodiscard]] virtual Result<std::uint64_t> frames_at_end(ByteSpan end) const = 0;
  /// Reads the bytes of `summary_place`. Failure: corrupted.
  [[nodiscard]] virtual Result<FrameSummary> summary(ByteSpan bytes) const = 0;
  /// Reads an index as a whole. Failure: corrupted, also where it contradicts itself.
  [[nodiscard]] virtual Result<FrameIndex> index(ByteSpan bytes) const = 0;
};

/// No body of a format is shorter.
inline constexpr Bytes kEndSize = 60;

/// Precondition: not `none`.
[[nodiscard]] const FrameFormat& format_of(Compression compression);

// What formats share.

[[nodiscard]] const FrameFormat& zstd_frames();
[[nodiscard]] const FrameFormat& gzip_frames();
[[nodiscard]] std::unexpected<Error> bad_frames(const std::string& what);

/// Numbers as formats have them: the lowest byte first.
void add_number(std::string& to, std::uint64_t number, std::size_t bytes);
[[nodiscard]] std::uint64_t number_at(ByteSpan bytes, std::size_t at, std::size_t count);

/// Number of frames, plain size, MD5.
inline constexpr std::size_t kSummarySize = 8 + 8 + 16;
void add_summary(std::string& to, const FrameSummary& summary);
/// Of kSummarySize bytes. Failure: corrupted where the number of frames is not that of the size.
[[nodiscard]] Result<FrameSummary> read_summary(ByteSpan bytes);

}  // namespace godwit::coding
