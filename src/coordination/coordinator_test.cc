#include "coordination/coordinator.h"

#include <gtest/gtest.h>

namespace godwit {
namespace {

using namespace std::chrono_literals;

GroupState state(std::uint32_t epoch, std::string primary) {
  GroupState made;
  made.epoch = epoch;
  made.primary = std::move(primary);
  return made;
}

TEST(Succession, never_takes_an_epoch_back_nor_a_new_primary_into_an_old_one) {
  EXPECT_TRUE(check_succession({}, state(1, "sgp1")));
  EXPECT_TRUE(check_succession(state(1, "sgp1"), state(1, "sgp1")));
  EXPECT_TRUE(check_succession(state(1, "sgp1"), state(7, "nyc3")));
  EXPECT_FALSE(check_succession(state(2, "sgp1"), state(1, "sgp1")));
  EXPECT_FALSE(check_succession(state(2, "sgp1"), state(2, "nyc3")));
  EXPECT_FALSE(check_succession({}, state(0, "sgp1")));
}

TEST(Succession, refuses_names_that_are_none_and_too_many_targets) {
  EXPECT_FALSE(check_succession({}, state(1, "../sgp1")));
  GroupState bad = state(1, "sgp1");
  bad.fenced = {"A"};
  EXPECT_FALSE(check_succession({}, bad));
  bad.fenced = {};
  bad.watermarks[""] = {};
  EXPECT_FALSE(check_succession({}, bad));
  GroupState many = state(1, "sgp1");
  for (std::size_t i = 0; i < kMostTargets; ++i) many.fenced.insert("t" + std::to_string(i));
  EXPECT_TRUE(check_succession({}, many));
  many.fenced.insert("one-more");
  EXPECT_FALSE(check_succession({}, many));
}

TEST(LeaseTerms, are_legal_names_and_a_bounded_time) {
  EXPECT_TRUE(check_terms({"g", "primary", "node-a", 10s}));
  EXPECT_FALSE(check_terms({"g", "primary", "", 10s}));
  EXPECT_FALSE(check_terms({"g", "a/b", "node-a", 10s}));
  EXPECT_FALSE(check_terms({"", "primary", "node-a", 10s}));
  EXPECT_FALSE(check_terms({"g", "primary", "node-a", 999ms}));
  EXPECT_FALSE(check_terms({"g", "primary", "node-a", 2h}));
}

TEST(Lease, is_valid_for_its_holder_for_less_than_others_wait) {
  EXPECT_EQ(lease_valid_until(MonoTime(5s), 10s), MonoTime(14s));
}

TEST(Votes, need_more_than_half_of_all_that_could_vote) {
  const Vote dead{"a", "sgp1", 1, Sight::dead, 10s};
  Vote second = dead;
  second.observer = "b";
  Vote alive = dead;
  alive.observer = "c";
  alive.sight = Sight::alive;
  EXPECT_FALSE(majority_sees_dead({dead}, "sgp1", 2));
  EXPECT_FALSE(majority_sees_dead({dead, dead}, "sgp1", 3)) << "one observer, twice";
  EXPECT_TRUE(majority_sees_dead({dead, second, alive}, "sgp1", 3));
  EXPECT_FALSE(majority_sees_dead({dead, second, alive}, "nyc3", 3));
  EXPECT_FALSE(majority_sees_dead({dead, second}, "sgp1", 4));
}

}  // namespace
}  // namespace godwit
