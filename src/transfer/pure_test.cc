#include <gtest/gtest.h>

#include "store/etag.h"
#include "transfer/bandwidth.h"
#include "transfer/comparison.h"
#include "transfer/filter.h"
#include "transfer/key_range.h"
#include "transfer/part_layout.h"

namespace godwit::transfer {
namespace {

using namespace std::chrono_literals;

bool matches(std::string_view pattern, std::string_view key) {
  return Glob::parse(pattern).value().matches(key);
}

TEST(Glob, matches_at_the_end_of_a_key_unless_anchored) {
  EXPECT_TRUE(matches("*.tmp", "a/b.tmp"));
  EXPECT_TRUE(matches("b.tmp", "a/b.tmp"));
  EXPECT_FALSE(matches("b.tmp", "a/xb.tmp"));
  EXPECT_FALSE(matches("/b.tmp", "a/b.tmp"));
  EXPECT_TRUE(matches("/a/*", "a/b.tmp"));
}

TEST(Glob, one_star_stops_at_a_slash_and_two_do_not) {
  EXPECT_FALSE(matches("/a/*", "a/b/c"));
  EXPECT_TRUE(matches("/a/**", "a/b/c"));
  EXPECT_TRUE(matches("/**/c", "a/b/c"));
  EXPECT_TRUE(matches("/a*z/**/*.x", "abz/q/r/s.x"));
  EXPECT_FALSE(matches("/a*z/**/*.x", "abz/q/r/s.y"));
}

TEST(Glob, classes_braces_escapes_and_unicode) {
  EXPECT_TRUE(matches("[a-c]x", "bx"));
  EXPECT_FALSE(matches("[!a-c]x", "bx"));
  EXPECT_TRUE(matches("*.{jpg,p{n,in}g}", "a.ping"));
  EXPECT_TRUE(matches("\\*x", "*x"));
  EXPECT_TRUE(matches("a?c",
                      "a\xc3\xa4"
                      "c"));
}

TEST(Glob, refuses_what_cannot_be_meant) {
  for (const char* pattern : {"", "/", "{a", "a}", "[a", "{a,{b}"}) {
    EXPECT_FALSE(Glob::parse(pattern)) << pattern;
  }
}

TEST(Filter, the_first_rule_that_matches_decides) {
  Filter filter;
  filter.rules = {{FilterAction::exclude, Glob::parse("*.tmp").value()},
                  {FilterAction::include, Glob::parse("/keep/**").value()},
                  {FilterAction::exclude, Glob::parse("**").value()}};
  EXPECT_FALSE(filter.takes_key("keep/a.tmp"));
  EXPECT_TRUE(filter.takes_key("keep/a"));
  EXPECT_FALSE(filter.takes_key("other"));
}

TEST(Filter, only_includes_leave_the_rest_out) {
  Filter filter;
  filter.rules = {{FilterAction::include, Glob::parse("*.a").value()}};
  EXPECT_TRUE(filter.takes_key("x.a"));
  EXPECT_FALSE(filter.takes_key("x.b"));
}

TEST(Filter, ages_count_from_the_start_of_the_run) {
  Filter filter;
  filter.min_age = 1min;
  ListEntry entry;
  const WallTime now{1h};
  entry.modified = now - 59s;
  EXPECT_FALSE(filter.takes(entry, now));
  entry.modified = now - 61s;
  EXPECT_TRUE(filter.takes(entry, now));
}

TEST(Bandwidth, a_timetable_reaches_over_midnight) {
  const auto table = BandwidthTimetable::parse("08:00,1MiB 23:00,off").value();
  EXPECT_EQ(table.at(WallTime(7h)), std::nullopt);
  EXPECT_EQ(table.at(WallTime(8h)), kMiB);
  EXPECT_EQ(table.at(WallTime(24h * 365 + 23h)), std::nullopt);
  EXPECT_EQ(BandwidthTimetable::parse("10MiB")->at(WallTime(5h)), 10 * kMiB);
  EXPECT_TRUE(BandwidthTimetable::parse("off")->unlimited());
}

TEST(Bandwidth, refuses_what_is_no_limit) {
  for (const char* text : {"", "0", "8:00,1M", "25:00,1M", "08:00,1M 08:00,2M", "x", "08:00,"}) {
    EXPECT_FALSE(BandwidthTimetable::parse(text)) << text;
  }
}

TEST(KeyBetween, lies_strictly_between) {
  const std::vector<std::pair<std::string, std::string>> ranges = {{"", ""},
                                                                   {"a", ""},
                                                                   {"a", "b"},
                                                                   {"k/000000000999", ""},
                                                                   {"k/000000000999", "k/1"},
                                                                   {"a", "aa"},
                                                                   {"abc", "abd"},
                                                                   {"\xff\xfe", ""},
                                                                   {"~~~~~~~~~~~~", ""}};
  for (const auto& [low, high] : ranges) {
    const auto middle = key_between(low, high);
    if (!middle) continue;
    EXPECT_LT(low, *middle);
    if (!high.empty()) {
      EXPECT_LT(*middle, high);
    }
  }
  EXPECT_TRUE(key_between("a", "b"));
  EXPECT_TRUE(key_between("k/000000000999", "k/1"));
  EXPECT_FALSE(key_between("a", just_after("a")));
}

TEST(KeyBetween, bisection_finds_the_end_of_numbered_keys) {
  const std::string last = "k/000000999999";
  std::string high;
  int probes = 0;
  for (;; ++probes) {
    const auto middle = key_between("k/000000001000", high);
    ASSERT_TRUE(middle);
    if (*middle < last) break;
    high = *middle;
  }
  EXPECT_LT(probes, 120);
}

TEST(PartLayout, cuts_all_but_the_last_part_alike) {
  const PartLayout layout{.size = 10 * kMiB + 1, .part_size = 5 * kMiB};
  EXPECT_EQ(layout.count(), 3);
  EXPECT_EQ(layout.part(1), 5 * kMiB);
  EXPECT_EQ(layout.part(3), 1);
  EXPECT_EQ(layout.offset(3), 10 * kMiB);
  EXPECT_EQ((PartLayout{.size = 0, .part_size = 5}).count(), 1);
}

TEST(PartLayout, guesses_the_sizes_that_clients_use) {
  EXPECT_EQ(guess_part_sizes(256 * kMiB, 52), std::vector<Bytes>{5 * kMiB});
  EXPECT_EQ(guess_part_sizes(256 * kMiB, 32).front(), 8 * kMiB);
  EXPECT_EQ(guess_part_sizes(20 * kMiB, 2).front(), 15 * kMiB);
  EXPECT_EQ(guess_part_sizes(7, 1), std::vector<Bytes>{7});
  EXPECT_TRUE(guess_part_sizes(10, 3).empty());
}

TEST(PartLayout, grows_parts_to_fit_and_says_when_nothing_fits) {
  Capabilities target;
  target.max_parts = 10'000;
  target.min_part_size = 5 * kMiB;
  target.max_part_size = 5 * kGiB;
  EXPECT_EQ(choose_layout(5 * kTiB, 16 * kMiB, target)->part_size, 525 * kMiB);
  EXPECT_EQ(choose_layout(kMiB, 16 * kMiB, target)->count(), 1);
  EXPECT_FALSE(choose_layout(60 * kTiB, 16 * kMiB, target));
}

const std::string kMd5A(32, 'a');
const std::string kMd5B(32, 'b');

TEST(Comparison, tokens_prove_what_they_can) {
  EXPECT_EQ(compare_tokens(kMd5A, kMd5A, 9), Verdict::same);
  EXPECT_EQ(compare_tokens(kMd5A, kMd5B, 9), Verdict::different);
  EXPECT_EQ(compare_tokens(kMd5A + "-2", kMd5A, 9), Verdict::unproven);
  EXPECT_EQ(compare_tokens(kMd5A + "-52", kMd5B + "-52", 256 * kMiB), Verdict::different);
  EXPECT_EQ(compare_tokens(kMd5A + "-2", kMd5B + "-2", 20 * kMiB), Verdict::unproven);
  EXPECT_EQ(compare_tokens("opaque", kMd5B, 9), Verdict::unproven);
}

TEST(Comparison, unproven_pairs_are_decided_by_time) {
  const Capabilities opaque;
  const Comparison comparison(opaque, opaque);
  ListEntry source;
  source.size = 5;
  source.modified = WallTime(100s);
  ListEntry target = source;
  EXPECT_FALSE(comparison.needs_copy(source, target, Compare::automatic));
  target.modified = WallTime(99s);
  EXPECT_TRUE(comparison.needs_copy(source, target, Compare::automatic));
  EXPECT_FALSE(comparison.needs_copy(source, target, Compare::size_only));
  target.modified = WallTime(101s);
  EXPECT_FALSE(comparison.needs_copy(source, target, Compare::automatic));
}

TEST(Comparison, what_is_in_doubt_is_copied_again_whatever_else_is_equal) {
  Capabilities tokens;
  tokens.list_has_etag = tokens.etag_is_md5 = true;
  const Comparison comparison(tokens, tokens);
  for (const Bytes size : {Bytes{0}, Bytes{5}}) {
    ListEntry source;
    source.size = size;
    source.etag = kMd5A;
    ListEntry target = source;
    EXPECT_EQ(comparison.content(source, target), Verdict::same);
    target.etag = std::string(kDoubtful) + "x";
    EXPECT_EQ(comparison.content(source, target), Verdict::unproven);
    EXPECT_EQ(comparison.content(target, source), Verdict::unproven);
    for (const Compare mode :
         {Compare::automatic, Compare::size_only, Compare::time, Compare::checksum}) {
      EXPECT_TRUE(comparison.needs_copy(source, target, mode));
    }
  }
}

TEST(Comparison, stores_that_keep_times_must_agree_on_them) {
  Capabilities keeps;
  keeps.keeps_modified = true;
  const Comparison comparison(keeps, keeps);
  ListEntry source;
  source.size = 5;
  source.modified = WallTime(100s);
  ListEntry target = source;
  EXPECT_FALSE(comparison.needs_copy(source, target, Compare::automatic));
  target.modified = WallTime(101s);
  EXPECT_TRUE(comparison.needs_copy(source, target, Compare::automatic));
}

}  // namespace
}  // namespace godwit::transfer
