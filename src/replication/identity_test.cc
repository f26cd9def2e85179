#include "replication/identity.h"

#include "replication/versioned.h"
#include "support/group_fixture.h"

namespace godwit::replication {
namespace {

TEST(MarkerText, is_read_as_it_was_written) {
  const Marker marker{.group = "g", .target = "a", .epoch = 7, .primary = "p"};
  EXPECT_EQ(parse_marker(to_text(marker)).value(), marker);
}

TEST(MarkerText, of_a_newer_format_or_damaged_is_refused_with_what_to_do) {
  EXPECT_EQ(parse_marker(R"({"format": 2})").error().code(), Code::unsupported);
  for (const char* damaged : {"", "x", "[]", "{}", R"({"format": 1, "group": 3})"}) {
    const auto refused = parse_marker(damaged);
    ASSERT_FALSE(refused) << damaged;
    EXPECT_EQ(refused.error().code(), Code::corrupted) << damaged;
    EXPECT_FALSE(refused.error().hint().empty());
  }
}

class Identity : public GroupTest {
 protected:
  GroupStores stores() {
    GroupStores all;
    for (const char* name : {"p", "a", "b"}) all[name] = with_chaos(store(name), &faults_[name]);
    return all;
  }
  Error refusal() {
    auto opened = open(stores());
    if (opened) {
      group_ = *std::move(opened);
      return {Code::internal, "it was opened"};
    }
    return std::move(opened).error();
  }
  void close() {
    ASSERT_TRUE(test::run_task(world_, group_->close()));
    group_.reset();
  }
  /// As if the node's disk had been lost.
  void lose_the_coordinator() {
    ASSERT_TRUE(test::run_task(world_, coordinator_->close()));
    agreed_ += "again";
    coordinator_ = test::run_task(world_, LocalCoordinator::open(Context(world_), agreed_)).value();
  }
  void TearDown() override {
    if (coordinator_ && !group_) {
      ASSERT_TRUE(test::run_task(world_, coordinator_->close()));
    }
    GroupTest::TearDown();
  }
  std::string agreed_ = "/agreed";
};

TEST_F(Identity, every_store_says_whose_it_is) {
  start();
  for (const std::string name : {"p", "a", "b"}) {
    const Marker expected{.group = "g", .target = name, .epoch = 1, .primary = "p"};
    EXPECT_EQ(parse_marker(held(name, ".godwit/group")).value(), expected);
  }
  ASSERT_TRUE(move({.to = "a"}));
  const Marker expected{.group = "g", .target = "a", .epoch = 2, .primary = "a"};
  EXPECT_EQ(parse_marker(held("a", ".godwit/group")).value(), expected) << "at once";
  wait(1min);
  EXPECT_EQ(parse_marker(held("b", ".godwit/group"))->epoch, 2U) << "by a probe";
}

TEST_F(Identity, a_store_of_another_group_is_refused) {
  start();
  close();
  config_.name = "h";
  const Error error = refusal();
  EXPECT_EQ(error.code(), Code::precondition_failed);
  EXPECT_NE(error.message().find("belongs to the group 'g', as 'a'"), std::string::npos)
      << error.to_string();
}

TEST_F(Identity, two_targets_that_changed_places_are_refused) {
  start();
  close();
  GroupStores swapped = stores();
  std::swap(swapped["a"], swapped["b"]);
  const auto refused = open(std::move(swapped));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("is 'b' of this group already"), std::string::npos);
}

TEST_F(Identity, an_emptied_primary_is_refused_and_nothing_is_removed) {
  start();
  ASSERT_TRUE(put("k", "1"));
  wait();
  close();
  auto primary = store("p");
  const std::vector<std::string> all{"k", ".godwit/group"};
  const Context context(world_);
  ASSERT_TRUE(test::run_task(world_, primary->remove(context, all)));
  EXPECT_NE(refusal().message().find("it was emptied"), std::string::npos);
  EXPECT_EQ(held("a", "k"), "1");
}

TEST_F(Identity, a_primary_that_is_emptied_while_we_live_is_not_compared_with) {
  start();
  ASSERT_TRUE(put("k", "1"));
  wait();
  auto primary = store("p");
  const std::vector<std::string> all{"k", ".godwit/group"};
  const Context context(world_);
  ASSERT_TRUE(test::run_task(world_, primary->remove(context, all)));
  ASSERT_TRUE(group_->compare_anew("a"));
  wait(5min);
  EXPECT_EQ(held("a", "k"), "1");
  EXPECT_FALSE(status("a").caught_up);
}

TEST_F(Identity, a_target_that_is_emptied_while_we_live_is_filled_again) {
  start();
  ASSERT_TRUE(put("k", "1"));
  wait();
  auto target = store("a");
  const std::vector<std::string> all{"k", ".godwit/group"};
  const Context context(world_);
  ASSERT_TRUE(test::run_task(world_, target->remove(context, all)));
  wait(2min);
  EXPECT_EQ(held("a", "k"), "1");
}

TEST_F(Identity, a_target_that_is_set_back_to_an_old_copy_is_compared) {
  start();
  const std::string old_marker = held("a", ".godwit/group");
  ASSERT_TRUE(move({.to = "b"}));
  ASSERT_TRUE(put("k", "1"));
  wait(2min);
  EXPECT_EQ(parse_marker(held("a", ".godwit/group"))->epoch, 2U);
  const std::vector<std::string> lost{"k"};
  ASSERT_TRUE(test::run_task(world_, store("a")->remove(Context(world_), lost)));
  behind_our_back("a", ".godwit/group", old_marker);
  wait(2min);
  EXPECT_EQ(held("a", "k"), "1");
}

TEST_F(Identity, a_target_that_another_group_takes_is_left_alone) {
  start();
  behind_our_back("a", ".godwit/group",
                  to_text({.group = "other", .target = "x", .epoch = 1, .primary = "x"}));
  wait(1min);
  EXPECT_EQ(status("a").state, State::failed);
  EXPECT_NE(status("a").why_failed.find("belongs to the group 'other'"), std::string::npos);
  ASSERT_TRUE(put("k", "1"));
  wait(1min);
  EXPECT_EQ(held("a", "k"), "(nothing)");
  EXPECT_EQ(held("b", "k"), "1");
  behind_our_back("a", ".godwit/group",
                  to_text({.group = "g", .target = "a", .epoch = 1, .primary = "p"}));
  wait(2min);
  EXPECT_EQ(held("a", "k"), "1") << "it is ours again";
  EXPECT_EQ(status("a").state, State::active);
}

TEST_F(Identity, when_the_nodes_disk_is_lost_the_stores_tell_the_epoch) {
  start();
  ASSERT_TRUE(move({.to = "a"}));
  wait(1min);
  close();
  lose_the_coordinator();
  const Error error = refusal();
  EXPECT_EQ(error.code(), Code::precondition_failed);
  EXPECT_EQ(error.hint(), R"(set primary = "a", and move it later)");
  config_.primary = "a";
  config_.primary_region = "a";
  config_.targets[0] = {.name = "p", .region = "p"};
  start();
  EXPECT_EQ(group_->epoch(), 3U);
  EXPECT_EQ(group_->primary(), "a");
}

TEST_F(Identity, a_primary_that_was_away_at_the_start_is_claimed_when_it_answers) {
  take_away("p");
  start();
  EXPECT_EQ(held("a", ".godwit/group"), "(nothing)") << "not before the primary";
  bring_back("p");
  wait(1min);
  EXPECT_EQ(parse_marker(held("p", ".godwit/group"))->target, "p");
  EXPECT_EQ(parse_marker(held("a", ".godwit/group"))->target, "a");
}

TEST_F(Identity, a_target_is_marked_before_it_can_become_primary) {
  start();
  const std::vector<std::string> mark{".godwit/group"};
  ASSERT_TRUE(test::run_task(world_, store("a")->remove(Context(world_), mark)));
  faults_["a"].lost_answer = 1;  // its marker is written, and nobody hears of it
  EXPECT_FALSE(move({.kind = MoveKind::failover, .to = "a"}));
  EXPECT_EQ(group_->primary(), "p");
  bring_back("a");
  ASSERT_TRUE(test::run_task(world_, store("a")->remove(Context(world_), mark)));
  ASSERT_TRUE(move({.kind = MoveKind::failover, .to = "a"}));
  EXPECT_EQ(parse_marker(held("a", ".godwit/group"))->epoch, 2U);
}

class Members : public GroupTest {
 protected:
  Result<void> add(const std::string& name, const std::string& at) {
    const Context context(world_);
    return test::run_task(world_, group_->add_target(context, {.name = name, .region = name},
                                                     with_chaos(store(at), &faults_[name])));
  }
};

TEST_F(Members, a_target_that_is_added_gets_all_while_writes_go_on) {
  start();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(put("k" + std::to_string(i), "1"));
  ASSERT_TRUE(add("c", "c"));
  EXPECT_EQ(status("c").state, State::syncing);
  for (int i = 10; i < 30; ++i) ASSERT_TRUE(put("k" + std::to_string(i), "2"));
  wait(1min);
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(held("c", "k" + std::to_string(i)), i < 10 ? "1" : "2") << i;
  }
  EXPECT_EQ(status("c").state, State::active);
  EXPECT_TRUE(status("c").caught_up);
}

TEST_F(Members, a_target_of_a_name_or_a_place_that_is_taken_is_refused) {
  start();
  EXPECT_EQ(add("a", "c").error().message(), "targets.name 'a' is there twice");
  EXPECT_NE(add("c", "b").error().message().find("is the place of 'b' already"), std::string::npos);
  EXPECT_EQ(group_->status().size(), 2U);
}

TEST_F(Members, a_target_that_is_removed_gets_nothing_more_and_may_come_back) {
  start();
  ASSERT_TRUE(put("k", "1"));
  wait();
  ASSERT_TRUE(test::run_task(world_, group_->remove_target("a")));
  EXPECT_EQ(test::run_task(world_, group_->remove_target("a")).error().code(), Code::not_found);
  ASSERT_TRUE(put("k", "2"));
  ASSERT_TRUE(put("new", "1"));
  wait(5min);
  EXPECT_EQ(held("a", "k"), "1");
  EXPECT_EQ(held("a", "new"), "(nothing)");
  EXPECT_EQ(group_->status().size(), 1U);
  ASSERT_TRUE(add("a", "a"));
  wait(1min);
  EXPECT_EQ(held("a", "k"), "2");
  EXPECT_EQ(held("a", "new"), "1");
}

TEST_F(Members, a_target_that_is_needed_for_acknowledgements_is_not_removed) {
  config_.mode = Mode::semi_sync;
  config_.min_sync_replicas = 2;
  start();
  const auto removed = test::run_task(world_, group_->remove_target("a"));
  EXPECT_EQ(removed.error().code(), Code::invalid_argument);
  EXPECT_EQ(group_->status().size(), 2U);
  EXPECT_TRUE(put("k", "1"));
}

}  // namespace
}  // namespace godwit::replication
