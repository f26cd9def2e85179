#include <zlib.h>

#include <algorithm>
#include <new>

#include "store/coding/frames.h"

namespace godwit::coding {
namespace {

/// Of inflateInit2 and deflateInit2: a window of 32 KiB, with gzip's header and end.
constexpr int kGzip = 15 + 16;
constexpr int kMemory = 8;
/// An empty member with one extra field: header with its flag, no time, no system.
constexpr std::string_view kHeader("\x1f\x8b\x08\x04\0\0\0\0\0\xff", 10);
constexpr std::size_t kFlags = 3;  // in the header
constexpr std::byte kExtra{4};
/// An empty last block, a CRC and a size of nothing.
constexpr std::string_view kNothing("\x03\0\0\0\0\0\0\0\0\0", 10);
constexpr std::string_view kOurs = "GW";
constexpr std::size_t kAround = kHeader.size() + 2 + kOurs.size() + 2 + kNothing.size();
constexpr std::size_t kEntry = 4;
/// So that the field stays below 64 KiB.
constexpr std::uint64_t kMostEntries = 16'000;
constexpr std::string_view kVersion("\x01\0", 2);
constexpr std::size_t kSummaryMember = kAround + kVersion.size() + kSummarySize;

static_assert(kSummaryMember == kEndSize);

std::string member_around(const std::string& field) {
  std::string bytes(kHeader);
  add_number(bytes, kOurs.size() + 2 + field.size(), 2);
  bytes += kOurs;
  add_number(bytes, field.size(), 2);
  bytes += field;
  bytes += kNothing;
  return bytes;
}

/// The field of a member that has one of `size` bytes, and nothing else.
Result<ByteSpan> field_of(ByteSpan bytes, std::size_t size) {
  const auto field = [&] { return bytes.subspan(kAround - kNothing.size(), size); };
  if (bytes.size() != kAround + size ||
      as_text(bytes) != member_around(std::string(as_text(field())))) {
    return bad_frames("its index is damaged");
  }
  return field();
}

class Decoder final : public FrameDecoder {
 public:
  Decoder() {
    if (inflateInit2(&stream_, kGzip) != Z_OK) throw std::bad_alloc();
  }
  Decoder(Decoder&&) = delete;
  ~Decoder() override { inflateEnd(&stream_); }

  bool at_border() const override { return !in_frame_; }
  bool ended() const override { return ended_; }

  Result<std::size_t> decode(ByteSpan coded, std::string& plain) override {
    if (ended_) return 0;
    if (!in_frame_) {
      if (coded.size() <= kFlags) return 0;
      if (as_text(coded.first(kFlags)) != kHeader.substr(0, kFlags)) {
        return bad_frames("there is no gzip member where one should begin");
      }
      // Only members of the index have extra fields.
      ended_ = (coded[kFlags] & kExtra) != std::byte{};
      if (ended_) return 0;
      in_frame_ = true;
      given_ = 0;
      inflateReset(&stream_);
    }
    return go_on(coded, plain);
  }

 private:
  Result<std::size_t> go_on(ByteSpan coded, std::string& plain) {
    const std::size_t before = plain.size();
    const std::size_t room = kFrameSize + 1 - given_;
    plain.resize(before + room);
    // zlib does not write there; its interface is older than const.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(coded.data()));
    stream_.avail_in = static_cast<uInt>(coded.size());
    stream_.next_out = reinterpret_cast<Bytef*>(plain.data() + before);
    stream_.avail_out = static_cast<uInt>(room);
    const int outcome = inflate(&stream_, Z_NO_FLUSH);
    const std::size_t taken = coded.size() - stream_.avail_in;
    given_ += room - stream_.avail_out;
    plain.resize(before + room - stream_.avail_out);
    if (outcome != Z_OK && outcome != Z_STREAM_END && outcome != Z_BUF_ERROR) {
      return bad_frames(stream_.msg == nullptr ? "gzip cannot read it" : stream_.msg);
    }
    if (given_ > kFrameSize) return bad_frames("a member is too long");
    in_frame_ = outcome != Z_STREAM_END;
    return taken;
  }

  z_stream stream_{};
  std::size_t given_ = 0;  // of this member
  bool in_frame_ = false;
  bool ended_ = false;
};

class GzipFrames final : public FrameFormat {
 public:
  std::string encode(ByteSpan plain, int level) const override {
    z_stream stream{};
    if (deflateInit2(&stream, level, Z_DEFLATED, kGzip, kMemory, Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();
    }
    std::string coded(deflateBound(&stream, plain.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(plain.data()));
    stream.avail_in = static_cast<uInt>(plain.size());
    stream.next_out = reinterpret_cast<Bytef*>(coded.data());
    stream.avail_out = static_cast<uInt>(coded.size());
    const int outcome = deflate(&stream, Z_FINISH);
    coded.resize(stream.total_out);
    deflateEnd(&stream);
    if (outcome != Z_STREAM_END) throw std::bad_alloc();
    return coded;
  }

  std::unique_ptr<FrameDecoder> decoder() const override { return std::make_unique<Decoder>(); }

  std::string encode(const FrameIndex& index) const override {
    std::string bytes;
    for (std::size_t at = 0; at < index.coded_sizes.size(); at += kMostEntries) {
      std::string field;
      const std::size_t end = std::min<std::size_t>(at + kMostEntries, index.coded_sizes.size());
      for (std::size_t i = at; i < end; ++i) add_number(field, index.coded_sizes[i], kEntry);
      bytes += member_around(field);
    }
    std::string last(kVersion);
    add_summary(last, index.summary);
    return bytes + member_around(last);
  }

  Bytes index_size(std::uint64_t frames) const override {
    const std::uint64_t members = (frames + kMostEntries - 1) / kMostEntries;
    return members * kAround + frames * kEntry + kSummaryMember;
  }
  ByteRange summary_place(std::uint64_t frames) const override {
    return {index_size(frames) - kSummaryMember, kSummaryMember};
  }

  Result<std::uint64_t> frames_at_end(ByteSpan end) const override {
    if (end.size() < kSummaryMember) return bad_frames("its end is missing");
    GODWIT_TRY(const FrameSummary found, summary(end.last(kSummaryMember)));
    return frames_of(found.plain_size);
  }

  Result<FrameSummary> summary(ByteSpan bytes) const override {
    GODWIT_TRY(const ByteSpan field, field_of(bytes, kVersion.size() + kSummarySize));
    if (as_text(field.first(kVersion.size())) != kVersion) {
      return bad_frames("its index is of another version");
    }
    return read_summary(field.last(kSummarySize));
  }

  Result<FrameIndex> index(ByteSpan bytes) const override {
    GODWIT_TRY(std::uint64_t left, frames_at_end(bytes));
    if (bytes.size() != index_size(left)) return bad_frames("its index has another length");
    FrameIndex index;
    GODWIT_TRY(index.summary, summary(bytes.last(kSummaryMember)));
    for (std::size_t at = 0; left > 0;) {
      const std::uint64_t entries = std::min(left, kMostEntries);
      const std::size_t size = kAround + entries * kEntry;
      GODWIT_TRY(const ByteSpan field, field_of(bytes.subspan(at, size), entries * kEntry));
      for (std::size_t i = 0; i < entries; ++i) {
        index.coded_sizes.push_back(
            static_cast<std::uint32_t>(number_at(field, i * kEntry, kEntry)));
      }
      at += size;
      left -= entries;
    }
    return index;
  }
};

}  // namespace

const FrameFormat& gzip_frames() {
  static const GzipFrames format;
  return format;
}

}  // namespace godwit::coding
