// What may still land at a target, in the life of one process and over its end.
#include <string>
#include <vector>

#include "journal/journal.h"
#include "support/journal_fixture.h"

namespace godwit::journal {
namespace {

TEST_F(JournalTest, what_may_be_overwritten_by_a_late_write_is_delivered_again_after_it) {
  finish_resync();
  write(put_of("k", 1));
  ASSERT_TRUE(queue("b").take());
  const MonoTime until = world_.mono_now() + 10 * kSecond;
  queue("b").doubt("k", until);
  queue("b").retry("k", world_.mono_now());
  settle();
  ASSERT_TRUE(queue("b").take());
  queue("b").done("k", version_of(1));
  EXPECT_FALSE(queue("b").take());
  const Backlog backlog = queue("b").backlog();
  EXPECT_EQ(backlog.tasks, 0U);
  EXPECT_EQ(backlog.in_doubt, 1U);
  EXPECT_FALSE(backlog.oldest) << "it does not lag";
  EXPECT_FALSE(backlog.caught_up());
  EXPECT_TRUE(lacks("k")) << "nobody may read it there";
  ASSERT_TRUE(test::run_task(world_, Context(world_).sleep(10 * kSecond)));
  const auto again = queue("b").take();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->write.version, version_of(1));
  queue("b").done("k", version_of(1));
  EXPECT_TRUE(queue("b").backlog().caught_up());
}

TEST_F(JournalTest, a_new_write_need_not_wait_for_the_end_of_a_doubt) {
  finish_resync();
  write(put_of("k", 1));
  ASSERT_TRUE(queue("b").take());
  queue("b").doubt("k", world_.mono_now() + 10 * kSecond);
  queue("b").done("k", version_of(1));
  write(put_of("k", 2));
  const auto newer = queue("b").take();
  ASSERT_TRUE(newer);
  EXPECT_EQ(newer->write.version, version_of(2));
  queue("b").done("k", version_of(2));
  EXPECT_EQ(queue("b").backlog().in_doubt, 1U);
}

TEST_F(JournalTest, what_a_process_before_had_under_way_may_land_after_a_restart) {
  finish_resync();
  write({.key = "k", .version = version_of(1), .change = Change::remove});
  settle();
  options_.late_write_window = 10 * kSecond;
  crash(Crash::process);
  commit_unsettled();
  ASSERT_TRUE(queue("b").take());
  queue("b").done("k", version_of(1));
  write(put_of("other", 2));
  ASSERT_TRUE(queue("b").take());
  queue("b").done("other", version_of(2));
  EXPECT_EQ(queue("b").backlog().in_doubt, 1U) << "the removal only";
  ASSERT_TRUE(test::run_task(world_, Context(world_).sleep(options_.late_write_window)));
  EXPECT_EQ(queue("b").take()->write.change, Change::remove);
}

TEST_F(JournalTest, that_it_may_land_is_known_also_of_what_does_not_fit_in_memory) {
  options_.most_in_memory = 2;
  close();
  open();
  finish_resync();
  for (std::uint64_t i = 1; i <= 6; ++i) write(put_of("k" + std::to_string(i), i));
  begin(put_of("late", 7));
  settle();
  options_.late_write_window = 10 * kSecond;
  crash(Crash::process);
  settle();
  commit_unsettled();
  settle();
  write(put_of("new", 8));
  EXPECT_TRUE(queue("b").is_doubted("late"));
  EXPECT_FALSE(queue("b").is_doubted("new"));
}

TEST_F(JournalTest, after_an_orderly_end_nothing_is_in_doubt_that_was_not_before) {
  finish_resync();
  options_.late_write_window = 10 * kSecond;
  write(put_of("k", 1));
  close();
  open();
  ASSERT_TRUE(queue("b").take());
  queue("b").done("k", version_of(1));
  EXPECT_EQ(queue("b").backlog().in_doubt, 0U);
  ASSERT_TRUE(queue("c").take());
  queue("c").doubt("k", world_.mono_now() + 10 * kSecond);
  queue("c").put_back("k");
  close();
  open();
  ASSERT_TRUE(queue("c").take());
  queue("c").done("k", version_of(1));
  EXPECT_EQ(queue("c").backlog().in_doubt, 1U);
}

TEST_F(JournalTest, after_an_orderly_end_a_backlog_on_disk_puts_nothing_in_doubt) {
  finish_resync();
  for (std::uint64_t i = 100; i < 150; ++i) write(put_of("k" + std::to_string(i), i));
  settle();
  options_.late_write_window = 1000 * kSecond;
  close();
  open();
  EXPECT_EQ(drain().size(), 50U);
  EXPECT_TRUE(queue().backlog().caught_up());
}

TEST_F(JournalTest, after_a_crash_only_what_was_given_out_of_a_backlog_on_disk_is_in_doubt) {
  finish_resync();
  for (std::uint64_t i = 100; i < 150; ++i) write(put_of("k" + std::to_string(i), i));
  settle();
  options_.late_write_window = 1000 * kSecond;
  crash(Crash::process);
  commit_unsettled();
  const std::vector<std::string> delivered = drain();
  ASSERT_EQ(delivered.size(), 50U) << "nothing waits for the end of the window";
  EXPECT_EQ(queue().backlog().in_doubt, 8U) << "those that were in memory";
}

TEST_F(JournalTest, what_came_from_disk_before_a_crash_is_in_doubt_after_it) {
  finish_resync();
  for (std::uint64_t i = 100; i < 150; ++i) write(put_of("k" + std::to_string(i), i));
  settle();
  std::string last;
  for (int i = 0; i < 20; ++i) {
    last = queue().take().value().write.key;
    if (i < 19) queue().done(last, version_of(200));
    settle();
  }
  options_.late_write_window = 1000 * kSecond;
  crash(Crash::power);
  EXPECT_EQ(drain().size(), 39U) << "those too that another target lacks, and nobody wrote down";
  EXPECT_TRUE(queue().is_in_doubt(last));
  EXPECT_FALSE(queue().is_in_doubt("k149"));
}

TEST_F(JournalTest, what_a_comparison_brought_from_disk_before_a_crash_is_in_doubt_after_it) {
  finish_resync();
  for (std::uint64_t i = 100; i < 150; ++i) write(put_of("k" + std::to_string(i), i));
  settle();
  const Context context(world_);
  ASSERT_TRUE(test::run_task(world_, journal_->push_compare(context, "b", "k149")));
  options_.late_write_window = 1000 * kSecond;
  crash(Crash::power);
  EXPECT_EQ(drain().size(), 50U);
  EXPECT_TRUE(queue().is_in_doubt("k149"));
  EXPECT_FALSE(queue().is_in_doubt("k148"));
}

TEST_F(JournalTest, a_doubt_goes_to_disk_with_its_task) {
  close();
  options_.targets = {"b"};
  options_.late_write_window = 1000 * kSecond;
  open();
  finish_resync();
  write(put_of("k", 1));
  crash(Crash::process);
  commit_unsettled();
  queue().collapse();
  queue().resynced(queue().collapses());
  for (std::uint64_t i = 200; i < 250; ++i) write(put_of("k" + std::to_string(i), i));
  write(put_of("k", 300));
  settle();
  crash(Crash::process);
  commit_unsettled();
  EXPECT_EQ(drain().size(), 51U);
  EXPECT_TRUE(queue().is_in_doubt("k"));
  EXPECT_FALSE(queue().is_in_doubt("k249"));
}

}  // namespace
}  // namespace godwit::journal
