#include <cstdint>
#include <cstdlib>

#include "store/coding/frames.h"

namespace {

using namespace godwit;
using namespace godwit::coding;

void must(bool holds) {
  if (!holds) std::abort();
}

/// What is read as an index says what is written as it.
void read_index(const FrameFormat& format, ByteSpan bytes) {
  const auto index = format.index(bytes);
  if (!index) return;
  must(index->coded_sizes.size() == frames_of(index->summary.plain_size));
  must(format.index(as_bytes(format.encode(*index)))->coded_sizes == index->coded_sizes);
}

/// Frames come to an end, and none grows beyond its size.
void decode(const FrameFormat& format, ByteSpan bytes) {
  const auto decoder = format.decoder();
  for (;;) {
    std::string plain;
    const auto taken = decoder->decode(bytes, plain);
    if (!taken) return;
    must(*taken <= bytes.size() && plain.size() <= kFrameSize);
    if (*taken == 0 && plain.empty()) return;
    bytes = bytes.subspan(*taken);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteSpan bytes = std::as_bytes(std::span(data, size));
  for (const Compression compression : {Compression::zstd, Compression::gzip}) {
    read_index(format_of(compression), bytes);
    decode(format_of(compression), bytes);
  }
  return 0;
}
