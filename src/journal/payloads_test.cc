#include "journal/payloads.h"

#include "support/journal_fixture.h"

namespace godwit::journal {
namespace {

TEST_F(JournalTest, a_payload_is_there_until_every_target_has_its_write) {
  finish_resync();
  write(put_of("k", 1), "one");
  crash(Crash::power);
  commit_unsettled();
  EXPECT_EQ(payload("k", 1), "one");
  EXPECT_EQ(payload("k", 2), std::nullopt);
  (void)drain("b");
  settle();
  EXPECT_EQ(payload("k", 1), "one") << "c lacks it";
  (void)drain("c");
  settle();
  EXPECT_FALSE(journal_->has_payload(put_of("k", 1)));
  EXPECT_EQ(journal_->payloads().bytes(), 0U);
  close();
  const auto database = engine_.open(options_.directory, {}).value();
  EXPECT_EQ(database->get(payload_key("k", version_of(1))).value(), std::nullopt);
  EXPECT_EQ(database->get(payload_note_key("k", version_of(1))).value(), std::nullopt);
}

TEST_F(JournalTest, a_payload_is_there_while_its_task_is_only_on_disk_or_dead) {
  finish_resync();
  for (std::uint64_t i = 1; i <= 30; ++i) write(put_of("k" + std::to_string(i), i), "body");
  (void)drain("c");
  ASSERT_EQ(queue().take()->write.key, "k1");
  queue().bury("k1", Error(Code::permission_denied, "403"), world_.wall_now());
  settle();
  for (std::uint64_t i = 1; i <= 30; ++i) EXPECT_EQ(payload("k" + std::to_string(i), i), "body");
  (void)drain();
  settle();
  EXPECT_EQ(payload("k1", 1), "body");
  EXPECT_EQ(journal_->payloads().bytes(), Payloads::kLeast) << "only the dead letter's";
  queue().collapse();
  settle();
  EXPECT_EQ(payload("k1", 1), "body") << "nobody knows what the target lacks";
  finish_resync();
  EXPECT_EQ(payload("k1", 1), "body") << "its grave is still there";
  queue().redrive("k1");
  (void)drain();
  settle();
  EXPECT_EQ(journal_->payloads().bytes(), 0U);
}

TEST_F(JournalTest, a_payload_goes_with_the_write_that_a_newer_one_replaces) {
  finish_resync();
  write(put_of("k", 1), "one");
  const Sequence second = begin(put_of("k", 2), "two");
  EXPECT_EQ(payload("k", 1), "one") << "the second may yet fail";
  journal_->discard(second);
  EXPECT_EQ(payload("k", 1), "one");
  EXPECT_EQ(payload("k", 2), std::nullopt);
  write(put_of("k", 3), "three");
  EXPECT_EQ(payload("k", 1), std::nullopt);
  EXPECT_EQ(payload("k", 3), "three");
  write({.key = "k", .version = version_of(4), .change = Change::remove});
  EXPECT_EQ(journal_->payloads().bytes(), 0U);
}

TEST_F(JournalTest, a_put_that_was_refused_does_not_come_back_with_its_payload) {
  finish_resync();
  engine_.faults() = {.write_error = 1};
  const auto unsure = test::run_task(world_, journal_->begin(put_of("k", 1), "one"));
  ASSERT_FALSE(unsure);
  EXPECT_EQ(unsure.error().outcome(), Outcome::unknown) << "a restart may find it";
  engine_.faults() = {};
  settle();
  crash(Crash::process);
  EXPECT_FALSE(journal_->has_payload(put_of("k", 1)));
  EXPECT_TRUE(journal_->unsettled().empty());
}

TEST_F(JournalTest, what_a_removed_target_lacked_alone_is_not_kept) {
  finish_resync();
  write(put_of("k", 1), "one");
  (void)drain("b");
  journal_->remove_target("c");
  settle();
  EXPECT_EQ(journal_->payloads().bytes(), 0U);
}

TEST_F(JournalTest, a_write_for_whose_payload_there_is_no_room_is_taken_without_it) {
  finish_resync();
  write(put_of("k", 1), std::string(kMiB - 2 * Payloads::kLeast, 'x'));
  write(put_of("l", 2), std::string(3 * Payloads::kLeast, 'x'));
  EXPECT_EQ(payload("l", 2), std::nullopt);
  EXPECT_EQ(journal_->payloads().left_out(), 1U);
  write(put_of("m", 3), "x");
  EXPECT_EQ(payload("m", 3), "x");
  EXPECT_EQ(drain("b").size(), 3U);
}

}  // namespace
}  // namespace godwit::journal
