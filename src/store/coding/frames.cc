#include "store/coding/frames.h"

#include <algorithm>
#include <numeric>

namespace godwit::coding {

std::string_view to_string(Compression compression) {
  switch (compression) {
    case Compression::none: return "none";
    case Compression::zstd: return "zstd";
    case Compression::gzip: return "gzip";
  }
  return "none";
}

Bytes FrameIndex::size_of(std::uint64_t first, std::uint64_t end) const {
  const auto begin = coded_sizes.begin();
  return std::accumulate(begin + static_cast<std::ptrdiff_t>(first),
                         begin + static_cast<std::ptrdiff_t>(end), Bytes{0});
}

const FrameFormat& format_of(Compression compression) {
  return compression == Compression::gzip ? gzip_frames() : zstd_frames();
}

std::unexpected<Error> bad_frames(const std::string& what) {
  return fail(Error(Code::corrupted, "the compressed body is damaged: " + what));
}

void add_number(std::string& to, std::uint64_t number, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) to += static_cast<char>(number >> (8 * i));
}

std::uint64_t number_at(ByteSpan bytes, std::size_t at, std::size_t count) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < count; ++i) {
    number |= std::to_integer<std::uint64_t>(bytes[at + i]) << (8 * i);
  }
  return number;
}

void add_summary(std::string& to, const FrameSummary& summary) {
  add_number(to, frames_of(summary.plain_size), 8);
  add_number(to, summary.plain_size, 8);
  to += as_text(summary.md5);
}

Result<FrameSummary> read_summary(ByteSpan bytes) {
  FrameSummary summary{.plain_size = number_at(bytes, 8, 8)};
  std::ranges::copy(bytes.subspan(16, summary.md5.size()), summary.md5.begin());
  if (number_at(bytes, 0, 8) != frames_of(summary.plain_size)) {
    return bad_frames("its index contradicts itself");
  }
  return summary;
}

}  // namespace godwit::coding
