#include "http/sigv4.h"

#include <gtest/gtest.h>

#include <fstream>

#include "http/url.h"

namespace godwit::http {
namespace {

using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;

/// Text between separators; empty pieces count.
std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> pieces(1);
  for (const char c : text) {
    if (c == separator) {
      pieces.emplace_back();
    } else {
      pieces.back() += c;
    }
  }
  return pieces;
}

/// As a caller sends it: '=' and '&' stand, all else is encoded once.
std::string encode_query(const std::string& raw) {
  std::string encoded;
  for (const std::string& item : split(raw, '&')) {
    const std::size_t equals = item.find('=');
    if (!encoded.empty()) encoded += '&';
    encoded += uri_encode(uri_decode(item.substr(0, equals)).value(), Slash::encode);
    if (equals == std::string::npos) continue;
    encoded += '=' + uri_encode(uri_decode(item.substr(equals + 1)).value(), Slash::encode);
  }
  return encoded;
}

/// The Authorization header for one line of the published vectors.
std::string authorize(Signer& signer, const std::vector<std::string>& vector) {
  const Credentials credentials{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", ""};
  const std::string path = uri_encode(vector[2], Slash::keep);
  const std::string query = encode_query(vector[3]);
  const std::vector<std::string> fields = split(vector[4], '|');
  Pairs headers;
  for (const std::string_view field : fields) {
    const std::size_t colon = field.find(':');
    headers.emplace_back(field.substr(0, colon), field.substr(colon + 1));
  }
  using namespace std::chrono_literals;
  const WallTime time = std::chrono::sys_days{std::chrono::year(2015) / 8 / 30} + 12h + 36min;
  const SigningInput input{.method = vector[1],
                           .path = path,
                           .query = query,
                           .headers = headers,
                           .payload_hash = vector[5],
                           .time = time};
  return signer.authorization(credentials, input);
}

TEST(SigV4, signs_every_published_vector) {
  std::ifstream file(GODWIT_HTTP_TESTDATA "/sigv4_vectors.tsv");
  Signer signer("us-east-1", "service");
  int vectors = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    const std::vector<std::string> vector = split(line, '\t');
    ASSERT_EQ(vector.size(), 7) << line;
    const std::string header = authorize(signer, vector);
    EXPECT_EQ(header.substr(header.rfind('=') + 1), vector[6]) << vector[0];
    ++vectors;
  }
  EXPECT_EQ(vectors, 32);
}

TEST(SigV4, a_cached_key_is_dropped_with_the_day_and_with_the_secret) {
  const Pairs headers = {{"host", "h"}};
  const WallTime day = std::chrono::sys_days{std::chrono::year(2026) / 1 / 1};
  const auto sign = [&headers](Signer& signer, const std::string& secret, WallTime time) {
    const SigningInput input{.method = "GET",
                             .path = "/",
                             .query = "",
                             .headers = headers,
                             .payload_hash = kUnsignedPayload,
                             .time = time};
    return signer.authorization(Credentials{"a", secret, ""}, input);
  };
  const auto fresh = [&sign](const std::string& secret, WallTime time) {
    Signer signer("r", "s3");
    return sign(signer, secret, time);
  };
  Signer kept("r", "s3");
  for (const WallTime time : {day, day + std::chrono::hours(25), day}) {
    for (const char* secret : {"one", "two"}) {
      EXPECT_EQ(sign(kept, secret, time), fresh(secret, time));
    }
  }
  EXPECT_NE(fresh("one", day), fresh("two", day));
  EXPECT_NE(fresh("one", day), fresh("one", day + std::chrono::hours(25)));
}

// The "GET Object" example of docs.aws.amazon.com, "Signature Calculations for the Authorization
// Header: Transferring Payload in a Single Chunk".
TEST(SigV4, signs_the_published_s3_example) {
  const Credentials credentials{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                                ""};
  const std::string empty = to_hex(sha256({}));
  const std::vector<std::pair<std::string_view, std::string_view>> headers = {
      {"host", "examplebucket.s3.amazonaws.com"},
      {"range", "bytes=0-9"},
      {"x-amz-content-sha256", empty},
      {"x-amz-date", "20130524T000000Z"}};
  const WallTime time = std::chrono::sys_days{std::chrono::year(2013) / 5 / 24};
  const SigningInput input{.method = "GET",
                           .path = "/test.txt",
                           .query = "",
                           .headers = headers,
                           .payload_hash = empty,
                           .time = time};
  Signer signer("us-east-1", "s3");
  EXPECT_EQ(signer.authorization(credentials, input),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

// The worked example of the documentation: 65 KiB of 'a' in chunks of 64 KiB.
TEST(ChunkSigner, signs_the_published_example) {
  using namespace std::chrono_literals;
  const Credentials credentials{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                                ""};
  Signer signer("us-east-1", "s3");
  const WallTime time = std::chrono::sys_days{std::chrono::year(2013) / 5 / 24};
  const Pairs headers = {{"content-encoding", "aws-chunked"},
                         {"content-length", "66824"},
                         {"host", "s3.amazonaws.com"},
                         {"x-amz-content-sha256", kSignedChunks},
                         {"x-amz-date", "20130524T000000Z"},
                         {"x-amz-decoded-content-length", "66560"},
                         {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
  const SigningInput input{.method = "PUT",
                           .path = "/examplebucket/chunkObject.txt",
                           .query = "",
                           .headers = headers,
                           .payload_hash = kSignedChunks,
                           .time = time};
  const std::string authorization = signer.authorization(credentials, input);
  EXPECT_TRUE(
      authorization.ends_with("4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"));
  ChunkSigner chunks = signer.chunks(credentials, time, authorization);
  const std::string body(66560, 'a');
  EXPECT_EQ(chunks.sign(as_bytes(body).first(65536)),
            "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648");
  EXPECT_EQ(chunks.sign(as_bytes(body).subspan(65536)),
            "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497");
  EXPECT_EQ(chunks.sign({}), "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9");
}

}  // namespace
}  // namespace godwit::http
