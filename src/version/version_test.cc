#include "version/version.h"

#include <gtest/gtest.h>

#include <random>

#include "version/version_vector.h"

namespace godwit {
namespace {

using namespace std::chrono_literals;

WallTime at(Duration since_epoch) { return WallTime(since_epoch); }

TEST(HybridClock, never_goes_back_when_the_wall_clock_does) {
  HybridClock clock(1min, {});
  HybridTime last;
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; ++i) {
    const Duration wall = 1h + Duration(static_cast<Duration::rep>(random() % 60'000'000'000ULL));
    const HybridTime now = clock.tick(at(wall));
    EXPECT_GT(now, last);
    EXPECT_GE(now.wall() + 1ms, at(std::chrono::floor<std::chrono::milliseconds>(wall)));
    last = now;
  }
}

TEST(HybridClock, counts_within_a_millisecond_and_carries_into_the_next) {
  HybridClock clock(1min, {});
  const HybridTime first = clock.tick(at(1h));
  EXPECT_EQ(first.counter(), 0);
  EXPECT_EQ(clock.tick(at(1h)).counter(), 1);
  for (int i = 0; i < 0x10000; ++i) (void)clock.tick(at(1h));
  EXPECT_EQ(clock.last().wall(), at(1h + 1ms));
  EXPECT_EQ(clock.ahead_of(at(1h)), 1ms);
  EXPECT_EQ(clock.ahead_of(at(2h)), 0ms);
}

TEST(HybridClock, comes_after_what_it_observed_and_after_its_life_before) {
  HybridClock clock(1min, HybridTime::at(at(2h)));
  EXPECT_GT(clock.tick(at(1h)), HybridTime::at(at(2h)));
  ASSERT_TRUE(clock.observe(HybridTime::at(at(3h)), at(3h - 30s)));
  EXPECT_GT(clock.tick(at(3h - 30s)), HybridTime::at(at(3h)));
}

TEST(HybridClock, believes_no_clock_that_is_far_ahead) {
  HybridClock clock(1min, {});
  const HybridTime before = clock.tick(at(1h));
  const auto observed = clock.observe(HybridTime::at(at(1h + 61s)), at(1h));
  ASSERT_FALSE(observed);
  EXPECT_EQ(observed.error().code(), Code::precondition_failed);
  EXPECT_EQ(clock.last(), before);
  EXPECT_TRUE(clock.observe(HybridTime::at(at(1h + 60s)), at(1h)));
}

TEST(HybridClock, times_before_1970_are_1970) { EXPECT_EQ(HybridTime::at(at(-1h)).value, 0); }

TEST(Version, is_ordered_by_epoch_then_time_then_region) {
  const Version base{1, HybridTime{100}, "b"};
  EXPECT_LT(base, (Version{2, HybridTime{1}, "a"}));
  EXPECT_LT(base, (Version{1, HybridTime{101}, "a"}));
  EXPECT_LT(base, (Version{1, HybridTime{100}, "c"}));
  EXPECT_LT(derived_version(at(24h * 365 * 100)), base);
}

TEST(Version, comes_back_from_its_text_and_sorts_as_it) {
  std::mt19937_64 random(2);
  const auto draw = [&random] {
    return Version{static_cast<std::uint32_t>(random()), HybridTime{random()}, "sgp1-a"};
  };
  for (int i = 0; i < 1000; ++i) {
    const Version one = draw();
    const Version two = draw();
    EXPECT_EQ(Version::parse(one.to_text()).value(), one);
    EXPECT_EQ(one < two, one.to_text() < two.to_text());
  }
  const Version derived = derived_version(at(1h));
  EXPECT_EQ(Version::parse(derived.to_text()).value(), derived);
}

TEST(Version, refuses_what_it_did_not_write) {
  const std::string good = Version{1, HybridTime{2}, "r"}.to_text();
  EXPECT_TRUE(Version::parse(good));
  for (const std::string& text :
       {std::string(), std::string("1-2-r"), good.substr(1), good + " ",
        good + std::string(64, 'x'), "0000000G" + good.substr(8), "0000000A" + good.substr(8),
        "+0000001" + good.substr(8), good.substr(0, good.size() - 1) + "R"}) {
    EXPECT_FALSE(Version::parse(text)) << text;
  }
}

TEST(VersionVector, tells_before_from_concurrent) {
  VersionVector a;
  VersionVector b;
  EXPECT_EQ(a.compare(b), Causality::equal);
  EXPECT_EQ(a.add("x"), 1);
  EXPECT_EQ(a.compare(b), Causality::after);
  EXPECT_EQ(b.compare(a), Causality::before);
  b.add("y");
  EXPECT_EQ(a.compare(b), Causality::concurrent);
  b.merge(a);
  EXPECT_EQ(a.compare(b), Causality::before);
  EXPECT_EQ(b.seen("x"), 1);
}

TEST(VersionVector, merging_needs_no_order_and_no_care_for_repetition) {
  std::mt19937_64 random(3);
  const auto draw = [&random] {
    VersionVector vector;
    for (auto n = random() % 8; n > 0; --n) vector.add(std::string(1, "abc"[random() % 3]));
    return vector;
  };
  for (int i = 0; i < 1000; ++i) {
    const VersionVector a = draw();
    const VersionVector b = draw();
    const VersionVector c = draw();
    const auto merged = [](VersionVector one, const VersionVector& two) {
      one.merge(two);
      return one;
    };
    EXPECT_EQ(merged(a, b), merged(b, a));
    EXPECT_EQ(merged(merged(a, b), c), merged(a, merged(b, c)));
    EXPECT_EQ(merged(merged(a, b), b), merged(a, b));
    EXPECT_EQ(VersionVector::parse(a.to_text()).value(), a);
  }
}

TEST(VersionVector, refuses_what_it_did_not_write) {
  for (const char* text : {"x", "x:", ":1", "x:0", "x:01", "x:1,", "y:1,x:1", "x:1,x:2", "x:-1",
                           "X:1", "x:99999999999999999999"}) {
    EXPECT_FALSE(VersionVector::parse(text)) << text;
  }
  std::string many;
  for (int i = 100; i < 165; ++i)
    many += (i > 100 ? "," : "") + std::string("r") + std::to_string(i) + ":1";
  EXPECT_EQ(VersionVector::parse(many).error().code(), Code::limit_exceeded);
}

}  // namespace
}  // namespace godwit
