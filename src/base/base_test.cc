#include <gtest/gtest.h>

#include <array>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/crc.h"
#include "base/duration.h"
#include "base/result.h"
#include "base/suggest.h"

namespace godwit {
namespace {

using namespace std::chrono_literals;

TEST(Error, line_names_store_operation_key_cause_and_hint) {
  const Error error = Error(Code::permission_denied, "AccessDenied")
                          .with_hint("check the credentials")
                          .at({.region = {}, .store = "s3://b", .operation = "put", .key = "k"});
  EXPECT_EQ(error.to_string(), "s3://b: put 'k': AccessDenied (check the credentials)");
}

TEST(Error, innermost_place_wins) {
  const Error error = Error(Code::not_found, "gone")
                          .at({.region = {}, .store = "inner", .operation = "get", .key = {}})
                          .at({.region = "r", .store = "outer", .operation = "copy", .key = "k"});
  EXPECT_EQ(error.where().store, "inner");
  EXPECT_EQ(error.where().operation, "get");
  EXPECT_EQ(error.where().key, "k");
  EXPECT_EQ(error.where().region, "r");
}

TEST(Error, codes_of_the_moment_may_be_retried_and_others_not) {
  EXPECT_EQ(Error(Code::throttled, "").retry(), Retry::later);
  EXPECT_EQ(Error(Code::unavailable, "").retry(), Retry::later);
  EXPECT_EQ(Error(Code::permission_denied, "").retry(), Retry::never);
  EXPECT_EQ(Error(Code::corrupted, "").retry(), Retry::never);
}

Result<int> half(int number) {
  if (number % 2 != 0) return fail(Code::invalid_argument, "odd");
  return number / 2;
}
Result<int> quarter(int number) {
  GODWIT_TRY(const int once, half(number));
  GODWIT_TRY(const int twice, half(once));
  return twice;
}

TEST(Result, try_returns_the_first_error) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().message(), "odd");
}

TEST(Bytes, reads_the_usual_forms) {
  EXPECT_EQ(parse_bytes("512").value(), 512);
  EXPECT_EQ(parse_bytes("64k").value(), 64 * kKiB);
  EXPECT_EQ(parse_bytes("8MiB").value(), 8 * kMiB);
  EXPECT_EQ(parse_bytes("1.5 GiB").value(), kGiB + kGiB / 2);
  EXPECT_EQ(parse_bytes("100MB").value(), 100'000'000);
}

TEST(Bytes, refuses_what_is_not_a_size) {
  for (const char* text : {"", "x", "-1", "1e3", "8MiBs", "1e999", "nan", "99999999TiB"}) {
    EXPECT_FALSE(parse_bytes(text)) << text;
  }
}

TEST(Bytes, prints_for_people) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(8 * kMiB), "8 MiB");
  EXPECT_EQ(format_bytes(1536), "1.50 KiB");
}

TEST(Duration, reads_the_usual_forms) {
  EXPECT_EQ(parse_duration("250ms").value(), 250ms);
  EXPECT_EQ(parse_duration("1h30m").value(), 90min);
  EXPECT_EQ(parse_duration("7d").value(), 168h);
  EXPECT_EQ(parse_duration("0").value(), 0s);
}

TEST(Duration, refuses_what_is_not_a_duration) {
  for (const char* text : {"", "5", "-1s", "s", "1x", "1e9d", "999999d"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Checksum, known_answers) {
  EXPECT_EQ(to_hex(md5(as_bytes("abc"))), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(
      to_hex(hmac_sha256(as_bytes("key"), as_bytes("The quick brown fox jumps over the lazy dog"))),
      "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8");
  EXPECT_EQ(to_base64(as_bytes("hello")), "aGVsbG8=");
  for (const char* bytes : {"", "h", "he", "hel", "hello"}) {
    EXPECT_EQ(from_base64(to_base64(as_bytes(bytes))), bytes);
  }
  for (const char* other : {"aGVsbG8", "aGVsbG9=", " aGVsbG8=", "aGVs\nbG8=", "=", "====", "a"}) {
    EXPECT_FALSE(from_base64(other)) << other;
  }
}

TEST(Checksum, incremental_equals_whole_and_starts_anew) {
  Md5 hasher;
  hasher.update(as_bytes("a"));
  hasher.update(as_bytes("bc"));
  EXPECT_EQ(hasher.finish(), md5(as_bytes("abc")));
  EXPECT_EQ(hasher.finish(), md5({}));
}

TEST(Crc, known_answers_in_one_piece_and_in_any) {
  std::string text = "123456789";
  Crc32c castagnoli;
  Crc64Nvme nvme;
  castagnoli.update(as_bytes(text));
  nvme.update(as_bytes(text));
  EXPECT_EQ(castagnoli.value(), 0xe3069283);
  EXPECT_EQ(nvme.value(), 0xae8b14860a799888);
  EXPECT_EQ(Crc32c().value(), 0);
  EXPECT_EQ(Crc64Nvme().value(), 0);
  for (int i = 0; i < 5; ++i) text += text;
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Crc32c whole32;
    Crc32c pieces32;
    Crc64Nvme whole64;
    Crc64Nvme pieces64;
    whole32.update(as_bytes(text));
    whole64.update(as_bytes(text));
    for (const auto& piece : {text.substr(0, cut), text.substr(cut)}) {
      pieces32.update(as_bytes(piece));
      pieces64.update(as_bytes(piece));
    }
    EXPECT_EQ(pieces32.value(), whole32.value()) << cut;
    EXPECT_EQ(pieces64.value(), whole64.value()) << cut;
  }
}

TEST(Suggest, finds_the_near_word_and_lists_when_none_is_near) {
  const std::array<std::string, 3> known = {"endpoint", "region", "profile"};
  EXPECT_EQ(suggest("endpiont", known), "did you mean 'endpoint'?");
  EXPECT_EQ(suggest("zzz", known), "known: endpoint, region, profile");
}

}  // namespace
}  // namespace godwit
