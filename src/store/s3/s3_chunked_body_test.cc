#include "store/s3/s3_chunked_body.h"

#include <gtest/gtest.h>

#include "support/fake_world.h"
#include "support/run_task.h"
#include "support/scripted_transport.h"

namespace godwit::s3 {
namespace {

http::ChunkSigner some_signer() {
  return {Sha256Digest{}, "20260101T000000Z", "20260101/r/s3/aws4_request", std::string(64, '0')};
}

Result<std::string> read_whole(Body& body) {
  test::FakeWorld world;
  return test::run_task(world, read_all(body, kGiB));
}

/// The bytes that the chunks carry; fails the test when they are not as announced.
std::string unchunk(std::string_view text, std::string& trailer) {
  std::string data;
  for (;;) {
    const std::size_t line = text.find("\r\n");
    const auto size = std::stoul(std::string(text.substr(0, line)), nullptr, 16);
    text.remove_prefix(line + 2);
    if (size == 0) break;
    data += text.substr(0, size);
    EXPECT_EQ(text.substr(size, 2), "\r\n");
    text.remove_prefix(size + 2);
  }
  trailer = text;
  return data;
}

TEST(ChunkedBody, has_the_announced_size_and_the_same_bytes_once_and_again) {
  for (const std::size_t size : {1UL, 65'535UL, 65'536UL, 65'537UL, 200'000UL}) {
    for (const ChecksumKind kind :
         {ChecksumKind::none, ChecksumKind::crc32c, ChecksumKind::crc64nvme}) {
      for (const bool is_signed : {false, true}) {
        ChunkOptions options{.signer = {}, .checksum = kind};
        if (is_signed) options.signer = some_signer();
        std::string bytes(size, 'x');
        bytes[size / 2] = 'y';
        MemoryBody inner(bytes);
        const auto body = make_chunked_body(inner, size, options);
        const std::string sent = read_whole(*body).value();
        EXPECT_EQ(sent.size(), chunked_size(size, options)) << size;
        std::string trailer;
        EXPECT_EQ(unchunk(sent, trailer), bytes);
        EXPECT_EQ(trailer.find("x-amz-checksum-") == 0, kind != ChecksumKind::none);
        EXPECT_EQ(sent.find(";chunk-signature=") != std::string::npos, is_signed);
        ASSERT_TRUE(body->rewind());
        EXPECT_EQ(read_whole(*body).value(), sent);
      }
    }
  }
}

TEST(ChunkedBody, tells_the_checksum_behind_the_bytes) {
  MemoryBody inner("123456789");
  const ChunkOptions options{.signer = {}, .checksum = ChecksumKind::crc32c};
  EXPECT_EQ(read_whole(*make_chunked_body(inner, 9, options)).value(),
            "9\r\n123456789\r\n0\r\nx-amz-checksum-crc32c:4waSgw==\r\n\r\n");
}

TEST(ChunkedBody, a_body_of_another_length_never_comes_to_its_last_chunk) {
  for (const Bytes announced : {Bytes{8}, Bytes{10}}) {
    MemoryBody inner("123456789");
    const auto sent = read_whole(*make_chunked_body(inner, announced, {}));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().code(), Code::corrupted);
  }
}

TEST(CheckedBody, refuses_at_its_end_bytes_of_another_checksum) {
  for (const auto& [sum, right] : {std::pair("4waSgw==", true), std::pair("4waSgx==", false)}) {
    const auto body =
        make_checked_body(std::make_unique<MemoryBody>("123456789"), ChecksumKind::crc32c, sum);
    const auto bytes = read_whole(*body);
    EXPECT_EQ(bytes.has_value(), right);
    if (!right) {
      EXPECT_EQ(bytes.error().code(), Code::corrupted);
    }
  }
}

}  // namespace
}  // namespace godwit::s3
