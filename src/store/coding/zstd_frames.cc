#include <zstd.h>

#include <algorithm>
#include <new>

#include "store/coding/frames.h"

namespace godwit::coding {
namespace {

constexpr std::uint32_t kFrameMagic = 0xFD2FB528;
/// Skippable frames: the lowest four bits are free.
constexpr std::uint32_t kSkippableMagic = 0x184D2A50;
constexpr std::uint32_t kSummaryMagic = kSkippableMagic + 7;
constexpr std::uint32_t kTableMagic = kSkippableMagic + 0xE;
constexpr std::uint32_t kSeekableMagic = 0x8F92EAB1;
constexpr std::size_t kSkippableHeader = 8;
constexpr std::string_view kOurs = "GW\x01";
constexpr std::size_t kSummaryFrame = kSkippableHeader + kOurs.size() + kSummarySize;
constexpr std::size_t kEntry = 8;   // compressed and plain size
constexpr std::size_t kFooter = 9;  // number of frames, descriptor, magic
/// Of a frame of 1 MiB: what claims more memory is none of ours.
constexpr int kWindowLog = 20;
/// zstd's own name for "hardly any work".
constexpr int kAsTheyAre = -(1 << 17);

static_assert(kSummaryFrame + kSkippableHeader + kFooter == kEndSize);

class Decoder final : public FrameDecoder {
 public:
  Decoder() {
    if (context_ == nullptr) throw std::bad_alloc();
    ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, kWindowLog);
  }
  Decoder(Decoder&&) = delete;
  ~Decoder() override { ZSTD_freeDCtx(context_); }

  bool at_border() const override { return !in_frame_; }
  bool ended() const override { return ended_; }

  Result<std::size_t> decode(ByteSpan coded, std::string& plain) override {
    if (ended_) return 0;
    if (!in_frame_) {
      if (coded.size() < 4) return 0;
      const auto magic = static_cast<std::uint32_t>(number_at(coded, 0, 4));
      ended_ = (magic & ~0xFU) == kSkippableMagic;
      if (ended_) return 0;
      if (magic != kFrameMagic) return bad_frames("there is no zstd frame where one should begin");
      in_frame_ = true;
      given_ = 0;
    }
    return go_on(coded, plain);
  }

 private:
  Result<std::size_t> go_on(ByteSpan coded, std::string& plain) {
    const std::size_t before = plain.size();
    // One more than a frame has, so that one that is too long shows.
    plain.resize(before + kFrameSize + 1 - given_);
    ZSTD_outBuffer out{plain.data(), plain.size(), before};
    ZSTD_inBuffer in{coded.data(), coded.size(), 0};
    const std::size_t left = ZSTD_decompressStream(context_, &out, &in);
    plain.resize(out.pos);
    if (ZSTD_isError(left) != 0) return bad_frames(ZSTD_getErrorName(left));
    given_ += out.pos - before;
    if (given_ > kFrameSize) return bad_frames("a frame is too long");
    in_frame_ = left != 0;
    return in.pos;
  }

  ZSTD_DCtx* context_ = ZSTD_createDCtx();
  std::size_t given_ = 0;  // of this frame
  bool in_frame_ = false;
  bool ended_ = false;
};

class ZstdFrames final : public FrameFormat {
 public:
  std::string encode(ByteSpan plain, int level) const override {
    struct Context {
      ZSTD_CCtx* made = ZSTD_createCCtx();
      ~Context() { ZSTD_freeCCtx(made); }
    };
    // Its tables are large: one for each thread, not for each frame.
    thread_local const Context context;
    if (context.made == nullptr) throw std::bad_alloc();
    ZSTD_CCtx_reset(context.made, ZSTD_reset_session_and_parameters);
    ZSTD_CCtx_setParameter(context.made, ZSTD_c_compressionLevel, level == 0 ? kAsTheyAre : level);
    ZSTD_CCtx_setParameter(context.made, ZSTD_c_checksumFlag, 1);
    std::string coded(ZSTD_compressBound(plain.size()), '\0');
    const std::size_t size =
        ZSTD_compress2(context.made, coded.data(), coded.size(), plain.data(), plain.size());
    if (ZSTD_isError(size) != 0) throw std::bad_alloc();
    coded.resize(size);
    return coded;
  }

  std::unique_ptr<FrameDecoder> decoder() const override { return std::make_unique<Decoder>(); }

  std::string encode(const FrameIndex& index) const override {
    std::string bytes;
    add_number(bytes, kSummaryMagic, 4);
    add_number(bytes, kOurs.size() + kSummarySize, 4);
    bytes += kOurs;
    add_summary(bytes, index.summary);
    add_number(bytes, kTableMagic, 4);
    add_number(bytes, index.coded_sizes.size() * kEntry + kFooter, 4);
    Bytes left = index.summary.plain_size;
    for (const std::uint32_t size : index.coded_sizes) {
      const Bytes plain = std::min(left, kFrameSize);
      add_number(bytes, size, 4);
      add_number(bytes, plain, 4);
      left -= plain;
    }
    add_number(bytes, index.coded_sizes.size(), 4);
    add_number(bytes, 0, 1);  // no checksums: the frames have their own
    add_number(bytes, kSeekableMagic, 4);
    return bytes;
  }

  Bytes index_size(std::uint64_t frames) const override { return kEndSize + frames * kEntry; }
  ByteRange summary_place(std::uint64_t) const override { return {0, kSummaryFrame}; }

  Result<std::uint64_t> frames_at_end(ByteSpan end) const override {
    if (end.size() < kFooter) return bad_frames("its end is missing");
    const ByteSpan footer = end.last(kFooter);
    if (number_at(footer, 4, 1) != 0 || number_at(footer, 5, 4) != kSeekableMagic) {
      return bad_frames("it has no seek table at its end");
    }
    return number_at(footer, 0, 4);
  }

  Result<FrameSummary> summary(ByteSpan bytes) const override {
    const bool ours = bytes.size() == kSummaryFrame && number_at(bytes, 0, 4) == kSummaryMagic &&
                      number_at(bytes, 4, 4) == kOurs.size() + kSummarySize &&
                      as_text(bytes.subspan(kSkippableHeader, kOurs.size())) == kOurs;
    if (!ours) return bad_frames("its summary is missing");
    return read_summary(bytes.last(kSummarySize));
  }

  Result<FrameIndex> index(ByteSpan bytes) const override {
    GODWIT_TRY(const std::uint64_t frames, frames_at_end(bytes));
    if (bytes.size() != index_size(frames)) return bad_frames("its index has another length");
    FrameIndex index;
    GODWIT_TRY(index.summary, summary(bytes.first(kSummaryFrame)));
    const ByteSpan table = bytes.subspan(kSummaryFrame);
    const bool whole = number_at(table, 0, 4) == kTableMagic &&
                       number_at(table, 4, 4) == table.size() - kSkippableHeader &&
                       frames == frames_of(index.summary.plain_size);
    if (!whole) return bad_frames("its index contradicts itself");
    Bytes left = index.summary.plain_size;
    for (std::uint64_t i = 0; i < frames; ++i) {
      const ByteSpan entry = table.subspan(kSkippableHeader + i * kEntry, kEntry);
      const Bytes plain = std::min(left, kFrameSize);
      if (number_at(entry, 4, 4) != plain) return bad_frames("a frame has another length");
      index.coded_sizes.push_back(static_cast<std::uint32_t>(number_at(entry, 0, 4)));
      left -= plain;
    }
    return index;
  }
};

}  // namespace

const FrameFormat& zstd_frames() {
  static const ZstdFrames format;
  return format;
}

}  // namespace godwit::coding
