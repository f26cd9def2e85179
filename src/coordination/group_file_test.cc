#include "coordination/group_file.h"

#include <gtest/gtest.h>

namespace godwit {
namespace {

using namespace std::chrono_literals;

GroupRecord full_record() {
  GroupRecord record{.group = "backups"};
  record.snapshot.revision = 7;
  record.snapshot.state = {
      .epoch = 4'000'000'000,
      .primary = "sgp1",
      .primary_region = "singapore",
      .fenced = {"ams3", "nyc3"},
      .failovers = {.last = WallTime(123ns), .day = WallTime(-24h), .that_day = 2},
      .watermarks = {{"nyc3", {3, HybridTime{~0ULL}, "singapore"}}, {"ams3", {}}}};
  record.last_token = ~0ULL;
  record.leases["primary"] = {.holder = "node-a", .token = 9, .ttl = 10s};
  return record;
}

TEST(GroupFile, says_what_was_written) {
  EXPECT_EQ(decode_group(encode_group(full_record())).value(), full_record());
  EXPECT_EQ(decode_group(encode_group({})).value(), GroupRecord());
}

TEST(GroupFile, is_refused_when_it_ends_early_or_a_byte_is_another_one) {
  const std::string text = encode_group(full_record());
  for (std::size_t i = 0; i < text.size(); ++i) {
    EXPECT_FALSE(decode_group(std::string_view(text).substr(0, i))) << "cut at " << i;
    for (const int bit : {1, 4, 16, 64}) {
      std::string changed = text;
      changed[i] = static_cast<char>(changed[i] ^ bit);
      EXPECT_FALSE(decode_group(changed)) << "changed at " << i;
    }
  }
  const auto damaged = decode_group(text + " ");
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code(), Code::corrupted);
  EXPECT_NE(damaged.error().hint().find("backup"), std::string::npos);
}

TEST(GroupFile, of_a_newer_format_is_not_judged_by_its_checksum) {
  const auto newer = decode_group("godwit-group 2 whatever comes here\n");
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().code(), Code::unsupported);
  EXPECT_NE(newer.error().message().find("format 2"), std::string::npos);
  EXPECT_EQ(decode_group("godwit-group 0 00000000\n").error().code(), Code::corrupted);
}

}  // namespace
}  // namespace godwit
