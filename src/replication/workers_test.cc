#include "replication/redelivery.h"
#include "support/group_fixture.h"

namespace godwit::replication {
namespace {

class WorkersTest : public GroupTest {
 protected:
  /// A backlog of target "a", which is paused.
  void pile_up(int from, int to) {
    for (int i = from; i < to; ++i) ASSERT_TRUE(put("k" + std::to_string(i), "body"));
  }
};

TEST_F(WorkersTest, they_grow_while_a_backlog_moves_faster_and_shrink_when_asked_to_slow_down) {
  config_.targets[0].workers = 2;
  config_.targets[0].most_workers = 16;
  start();
  EXPECT_EQ(status("a").workers, 2U);
  ASSERT_TRUE(group_->pause("a"));
  pile_up(0, 500);
  EXPECT_EQ(status("a").workers, 2U);
  faults_["a"].longest_delay = 200ms;
  ASSERT_TRUE(group_->resume("a"));
  std::uint64_t most = 0;
  for (int i = 0; i < 300 && !status("a").caught_up; ++i) {
    wait(100ms);
    most = std::max(most, status("a").workers);
  }
  EXPECT_GE(most, 8U);
  EXPECT_LE(most, 16U);
  EXPECT_TRUE(status("a").caught_up);
  faults_["a"] = {.throttled = 0.5};
  pile_up(0, 40);
  wait(1s);
  EXPECT_EQ(status("a").workers, 2U) << "as few as it may";
  bring_back("a");
  wait(5min);
  EXPECT_TRUE(status("a").caught_up);
}

TEST_F(WorkersTest, who_delivers_goes_on_when_there_are_too_many) {
  config_.targets[0].workers = 10;
  start();
  faults_["a"].longest_delay = 10s;
  pile_up(0, 10);
  EXPECT_EQ(status("a").active, 10U);
  ASSERT_TRUE(group_->set_workers("a", {.least = 3}));
  EXPECT_EQ(status("a").workers, 10U) << "all of them deliver";
  wait(1min);
  EXPECT_EQ(status("a").workers, 3U);
  EXPECT_EQ(status("a").counts.attempts, 10U);
  EXPECT_EQ(status("a").counts.replicated, 10U);
  ASSERT_TRUE(group_->set_workers("a", {.least = 10}));
  wait(1ms);
  EXPECT_EQ(status("a").workers, 10U);
  ASSERT_TRUE(group_->set_workers("a", {.least = 1}));
  wait(1s);
  EXPECT_EQ(status("a").workers, 1U) << "who waits goes at once";
  ASSERT_TRUE(put("k", "1"));
  wait(1min);
  EXPECT_EQ(held("a", "k"), "1");
}

TEST_F(WorkersTest, what_others_wrote_the_same_at_both_sides_is_no_conflict) {
  behind_our_back("p", "k", "same");
  behind_our_back("a", "k", "same");
  start();
  wait(1min);
  const auto synced =
      test::run_task(world_, group_->sync(Context(world_).with_timeout(1min), "a", {}));
  ASSERT_TRUE(synced);
  EXPECT_EQ(synced->skipped, 1U);
  EXPECT_EQ(group_->metrics().conflicts_detected, 0U);
  EXPECT_EQ(status("a").counts.replicated, 0U);
}

TEST_F(WorkersTest, a_sync_ends_when_its_target_stops_to_answer_and_goes_on_by_itself) {
  start();
  for (int i = 0; i < 20; ++i) behind_our_back("p", "k" + std::to_string(i), "x");
  wait(1min);
  take_away("a");
  const Context context = Context(world_).with_timeout(10min);
  const auto synced = test::run_task(world_, group_->sync(context, "a", {}));
  ASSERT_TRUE(synced);
  ASSERT_TRUE(synced->error);
  EXPECT_EQ(synced->replicated + synced->skipped + synced->failed + synced->pending, synced->total);
}

}  // namespace
}  // namespace godwit::replication
