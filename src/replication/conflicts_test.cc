#include "replication/conflicts.h"
#include "replication/versioned.h"
#include "support/group_fixture.h"

namespace godwit::replication {
namespace {

TEST_F(GroupTest, the_newest_write_wins_a_conflict_and_the_loser_is_kept) {
  start();
  behind_our_back("a", "k", "theirs");
  ASSERT_TRUE(put("k", "ours"));
  wait();
  EXPECT_EQ(held("a", "k"), "ours");
  EXPECT_EQ(rescued("a"), std::vector<std::string>{"theirs"});
  EXPECT_EQ(status("a").counts.conflicts, 1U);
  EXPECT_EQ(status("b").counts.conflicts, 0U);
}

TEST_F(GroupTest, merging_makes_one_of_both_everywhere) {
  config_.conflict_resolution = ConflictPolicy::merge;
  config_.merger = "set";
  start();
  behind_our_back("a", "k", R"(["x"])");
  ASSERT_TRUE(put("k", R"(["y"])"));
  wait(2min);
  EXPECT_EQ(held("p", "k"), R"(["x","y"])");
  EXPECT_EQ(held("a", "k"), R"(["x","y"])");
  EXPECT_EQ(held("b", "k"), R"(["x","y"])");
  EXPECT_TRUE(status("a").caught_up);
}

class Manual : public GroupTest {
 protected:
  void conflict() {
    config_.conflict_resolution = ConflictPolicy::manual;
    start();
    behind_our_back("a", "k", "theirs");
    ASSERT_TRUE(put("k", "ours"));
    wait();
    EXPECT_EQ(held("a", "k"), "theirs");
    EXPECT_EQ(status("a").dead_letters, 1U);
    EXPECT_EQ(status("a").counts.conflicts, 1U);
    EXPECT_EQ(status("a").health, Health::healthy);
    EXPECT_FALSE(status("a").caught_up);
    const ReadOptions options{.preference = ReadPreference::nearest, .region = "a"};
    EXPECT_EQ(test::run_task(world_, get_through(Context(world_), *group_, "k", options)).value(),
              "ours");
  }
  void resolve(Standing keep) {
    const Context context(world_);
    ASSERT_TRUE(test::run_task(world_, group_->resolve(context, "a", "k", keep)));
    wait();
  }
};

TEST_F(Manual, a_conflict_waits_for_a_person_who_chooses_the_primarys) {
  conflict();
  resolve(Standing::primary);
  EXPECT_EQ(held("a", "k"), "ours");
  EXPECT_EQ(rescued("a"), std::vector<std::string>{"theirs"});
  EXPECT_TRUE(status("a").caught_up);
}

TEST_F(Manual, a_conflict_waits_for_a_person_who_chooses_the_targets) {
  conflict();
  resolve(Standing::other);
  for (const char* name : {"p", "a", "b"}) EXPECT_EQ(held(name, "k"), "theirs") << name;
  EXPECT_TRUE(status("a").caught_up);
}

/// What stands where once a conflict is settled, with "theirs" put behind our back.
class Policies : public GroupTest {
 protected:
  void everywhere(const std::string& key, const std::string& body) {
    for (const char* name : {"p", "a", "b"}) EXPECT_EQ(held(name, key), body) << name;
    EXPECT_TRUE(status("a").caught_up);
    EXPECT_EQ(status("a").counts.conflicts, 1U);
  }
};

TEST_F(Policies, the_first_write_wins_though_it_was_not_ours_and_the_later_is_kept) {
  config_.conflict_resolution = ConflictPolicy::first_write_wins;
  start();
  behind_our_back("a", "k", "theirs");
  ASSERT_TRUE(put("k", "ours"));
  wait(1min);
  everywhere("k", "theirs");
  EXPECT_EQ(rescued("p"), std::vector<std::string>{"ours"});
}

TEST_F(Policies, a_later_object_of_others_loses_to_the_first_write) {
  config_.conflict_resolution = ConflictPolicy::first_write_wins;
  start();
  ASSERT_TRUE(group_->pause("a"));
  ASSERT_TRUE(put("k", "ours"));
  wait();
  behind_our_back("a", "k", "theirs");
  ASSERT_TRUE(group_->resume("a"));
  wait(1min);
  everywhere("k", "ours");
  EXPECT_EQ(rescued("a"), std::vector<std::string>{"theirs"});
}

TEST_F(Policies, a_removal_loses_to_an_earlier_object_of_others) {
  config_.conflict_resolution = ConflictPolicy::first_write_wins;
  start();
  behind_our_back("a", "k", "theirs");
  ASSERT_TRUE(remove("k"));
  wait(1min);
  everywhere("k", "theirs");
}

TEST_F(Policies, the_primary_wins_and_the_others_object_is_kept) {
  config_.conflict_resolution = ConflictPolicy::primary_wins;
  start();
  behind_our_back("a", "k", "theirs");
  ASSERT_TRUE(put("k", "ours"));
  wait(1min);
  everywhere("k", "ours");
  EXPECT_EQ(rescued("a"), std::vector<std::string>{"theirs"});
}

TEST_F(Policies, a_removal_by_the_primary_wins_and_the_others_object_is_kept) {
  config_.conflict_resolution = ConflictPolicy::primary_wins;
  start();
  behind_our_back("a", "k", "theirs");
  ASSERT_TRUE(remove("k"));
  wait(1min);
  everywhere("k", "(nothing)");
  EXPECT_EQ(rescued("a"), std::vector<std::string>{"theirs"});
}

TEST_F(Policies, equal_content_is_no_conflict_and_gets_our_version) {
  config_.conflict_resolution = ConflictPolicy::first_write_wins;
  start();
  behind_our_back("a", "k", "same");
  ASSERT_TRUE(put("k", "same"));
  wait(1min);
  EXPECT_EQ(status("a").counts.conflicts, 0U);
  const auto there = store("a");
  const std::string key = "k";
  EXPECT_TRUE(carries_version(test::run_task(world_, there->head(Context(world_), key)).value()));
}

TEST_F(Policies, the_loser_under_the_longest_key_is_kept_too) {
  std::string key;
  while (key.size() < kLongestKey) key += "\u00e9";  // two bytes, so that a cut must be in between
  start();
  behind_our_back("a", key, "theirs");
  ASSERT_TRUE(put(key, "ours"));
  wait(1min);
  everywhere(key, "ours");
  EXPECT_EQ(rescued("a"), std::vector<std::string>{"theirs"});
  const ObjectInfo loser{.key = key};
  const std::string aside = rescue_key(key, loser);
  EXPECT_LE(aside.size(), kLongestKey);
  EXPECT_TRUE(check_key(aside)) << "it is UTF-8";
}

TEST_F(Policies, a_conflict_that_takes_several_tries_is_counted_once) {
  start();
  faults_["a"].lost_answer = 0.9;
  behind_our_back("a", "k", "theirs");
  ASSERT_TRUE(put("k", "ours"));
  wait(1min);
  bring_back("a");
  wait(5min);
  everywhere("k", "ours");
  EXPECT_GT(status("a").counts.attempts, 1U);
}

TEST_F(GroupTest, bodies_that_cannot_be_merged_wait_for_a_person) {
  config_.conflict_resolution = ConflictPolicy::merge;
  start();
  behind_our_back("a", "k", "no json");
  ASSERT_TRUE(put("k", R"({"a": 1})"));
  wait(1min);
  EXPECT_EQ(held("a", "k"), "no json");
  EXPECT_EQ(held("p", "k"), R"({"a": 1})");
  EXPECT_EQ(status("a").dead_letters, 1U);
  EXPECT_EQ(status("a").health, Health::healthy);
}

}  // namespace
}  // namespace godwit::replication
