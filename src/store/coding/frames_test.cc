#include "store/coding/frames.h"

#include <gtest/gtest.h>

#include <random>

namespace godwit::coding {
namespace {

std::string some_text(std::size_t size) {
  std::mt19937 random(static_cast<unsigned>(size));
  std::string text;
  while (text.size() < size) text += "line " + std::to_string(random() % 1000) + " of a log\n";
  text.resize(size);
  return text;
}

/// Frames of `plain`, and their index.
std::string coded(const FrameFormat& format, const std::string& plain, int level = 3) {
  FrameIndex index{.summary = {.plain_size = plain.size(), .md5 = md5(as_bytes(plain))}};
  std::string bytes;
  for (std::size_t at = 0; at < plain.size(); at += kFrameSize) {
    const std::string frame = format.encode(as_bytes(plain.substr(at, kFrameSize)), level);
    index.coded_sizes.push_back(static_cast<std::uint32_t>(frame.size()));
    bytes += frame;
  }
  return bytes + format.encode(index);
}

/// Decodes as bytes come, `step` at a time. What is left at the end goes to `rest`.
Result<std::string> decoded(const FrameFormat& format, std::string_view bytes, std::size_t step,
                            std::string& rest) {
  const auto decoder = format.decoder();
  std::string plain;
  std::string pending;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    pending += bytes.substr(at, step);
    for (;;) {
      const std::size_t before = plain.size();
      GODWIT_TRY(const std::size_t taken, decoder->decode(as_bytes(pending), plain));
      pending.erase(0, taken);
      if (taken == 0 && plain.size() == before) break;
    }
  }
  if (!decoder->ended()) return fail(Code::corrupted, "it does not end");
  rest = pending;
  return plain;
}

class Frames : public testing::TestWithParam<Compression> {
 protected:
  const FrameFormat& format_ = format_of(GetParam());
};
std::string name_of(const testing::TestParamInfo<Compression>& tested) {
  return std::string(to_string(tested.param));
}
INSTANTIATE_TEST_SUITE_P(Both, Frames, testing::Values(Compression::zstd, Compression::gzip),
                         name_of);

TEST_P(Frames, of_every_size_come_back_however_they_arrive) {
  for (const std::size_t size : {0UL, 1UL, 100'000UL, kFrameSize - 1, kFrameSize, kFrameSize + 1,
                                 3 * kFrameSize, 3 * kFrameSize + 7}) {
    const std::string plain = some_text(size);
    const std::string bytes = coded(format_, plain);
    for (const std::size_t step : {977UL, 1UL << 22}) {
      std::string rest;
      const auto back = decoded(format_, bytes, step, rest);
      ASSERT_TRUE(back) << back.error().to_string();
      EXPECT_TRUE(*back == plain) << size;
      const auto index = format_.index(as_bytes(rest));
      ASSERT_TRUE(index) << index.error().to_string();
      EXPECT_EQ(index->summary.plain_size, size);
      EXPECT_EQ(index->summary.md5, md5(as_bytes(plain)));
      EXPECT_EQ(index->size_of(0, frames_of(size)) + rest.size(), bytes.size());
    }
  }
}

TEST_P(Frames, the_index_is_found_from_the_end) {
  const std::string plain = some_text(3 * kFrameSize + 7);
  const std::string bytes = coded(format_, plain);
  const std::uint64_t frames = format_.frames_at_end(as_bytes(bytes).last(kEndSize)).value();
  EXPECT_EQ(frames, 4);
  const ByteSpan index = as_bytes(bytes).last(format_.index_size(frames));
  EXPECT_TRUE(format_.index(index));
  const ByteRange place = format_.summary_place(frames);
  const FrameSummary summary = format_.summary(index.subspan(place.offset, place.size)).value();
  EXPECT_EQ(summary.plain_size, plain.size());
}

TEST_P(Frames, an_index_of_many_frames_comes_back) {
  FrameIndex index{.summary = {.plain_size = 40'000 * kFrameSize - 5}};
  for (std::uint32_t i = 0; i < 40'000; ++i) index.coded_sizes.push_back(1000 + i);
  const std::string bytes = format_.encode(index);
  EXPECT_EQ(bytes.size(), format_.index_size(40'000));
  const FrameIndex back = format_.index(as_bytes(bytes)).value();
  EXPECT_EQ(back.coded_sizes, index.coded_sizes);
  EXPECT_EQ(back.summary, index.summary);
}

TEST_P(Frames, as_they_are_hardly_grow) {
  std::string plain = some_text(kFrameSize);
  std::mt19937 random(1);
  for (char& c : plain) c = static_cast<char>(random());
  const std::string frame = format_.encode(as_bytes(plain), 0);
  EXPECT_GE(frame.size(), plain.size());
  EXPECT_LE(frame.size(), plain.size() + plain.size() / 1000);
}

TEST_P(Frames, no_flipped_bit_yields_other_bytes) {
  const std::string plain = some_text(300);
  const std::string bytes = coded(format_, plain);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    std::string rest;
    const auto back = decoded(format_, flipped, flipped.size(), rest);
    const auto index = back ? format_.index(as_bytes(rest)) : fail(Code::corrupted, "");
    // A bit without meaning, as that of a time stamp, may be another one.
    const bool same = index && *back == plain && index->summary.md5 == md5(as_bytes(plain));
    const bool told = !same && (!back || !index || index->summary.md5 != md5(as_bytes(*back)));
    EXPECT_TRUE(same || told) << bit;
  }
}

TEST_P(Frames, that_are_cut_off_are_never_whole) {
  const std::string bytes = coded(format_, some_text(300));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    std::string rest;
    const auto back = decoded(format_, bytes.substr(0, size), bytes.size(), rest);
    EXPECT_FALSE(back && format_.index(as_bytes(rest))) << size;
  }
}

TEST_P(Frames, one_that_is_too_long_is_refused) {
  std::string plain;
  const std::string frame = format_.encode(as_bytes(std::string(kFrameSize + 1, 'x')), 3);
  const auto taken = format_.decoder()->decode(as_bytes(frame), plain);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code(), Code::corrupted);
}

}  // namespace
}  // namespace godwit::coding
