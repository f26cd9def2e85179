#include "journal/journal.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "support/journal_fixture.h"

namespace godwit::journal {
namespace {

TEST_F(JournalTest, a_committed_write_is_a_task_of_every_target_until_each_has_it) {
  finish_resync();
  write(put_of("k", 1));
  EXPECT_TRUE(lacks("k", "b"));
  EXPECT_TRUE(lacks("k", "c"));
  EXPECT_EQ(drain("b"), std::vector<std::string>{"k"});
  EXPECT_FALSE(lacks("k", "b"));
  EXPECT_TRUE(lacks("k", "c"));
  EXPECT_TRUE(queue("b").backlog().caught_up());
  EXPECT_FALSE(queue("c").backlog().caught_up());
}

TEST_F(JournalTest, a_new_target_is_not_caught_up_before_it_was_compared) {
  EXPECT_TRUE(queue().backlog().resync);
  EXPECT_TRUE(queue().backlog().oldest);
  EXPECT_TRUE(lacks("anything"));
  finish_resync();
  EXPECT_TRUE(queue().backlog().caught_up());
  crash(Crash::process);
  EXPECT_FALSE(queue().backlog().resync);
}

TEST_F(JournalTest, the_newest_write_stands_for_those_before_and_the_oldest_tells_since_when) {
  finish_resync();
  const WallTime first = world_.wall_now();
  write(put_of("k", 1));
  settle();
  write(put_of("k", 2));
  EXPECT_EQ(queue().backlog().tasks, 1U);
  EXPECT_EQ(queue().backlog().oldest, first);
  const auto task = queue().take();
  ASSERT_TRUE(task);
  EXPECT_EQ(task->write.version, version_of(2));
  EXPECT_FALSE(queue().take());
}

TEST_F(JournalTest, a_write_that_comes_during_a_delivery_is_delivered_after_it) {
  finish_resync();
  write(put_of("k", 1));
  ASSERT_TRUE(queue().take());
  settle();
  const WallTime second = world_.wall_now();
  write(put_of("k", 2));
  EXPECT_FALSE(queue().take()) << "one delivery of a key at a time";
  queue().done("k", version_of(1));
  EXPECT_EQ(queue().backlog().oldest, second);
  EXPECT_EQ(drain(), std::vector<std::string>{"k"});
}

TEST_F(JournalTest, a_delivery_of_something_newer_satisfies_the_older_task) {
  finish_resync();
  write(put_of("k", 1));
  ASSERT_TRUE(queue().take());
  write(put_of("k", 2));
  queue().done("k", version_of(2));
  EXPECT_TRUE(queue().backlog().caught_up());
}

TEST_F(JournalTest, a_write_nobody_knows_of_does_not_take_the_place_of_a_removal) {
  finish_resync();
  write({.key = "k", .version = version_of(1), .change = Change::remove});
  const Sequence lost = begin(put_of("k", 2));
  journal_->leave_unsettled(lost);
  journal_->commit_to_compare(lost, world_.wall_now());
  const auto task = queue("b").take();
  ASSERT_TRUE(task);
  EXPECT_EQ(task->write.change, Change::remove);
  EXPECT_EQ(task->write.version, version_of(1));
  const auto lacking = test::run_task(world_, journal_->lacking("b")).value();
  ASSERT_EQ(lacking.size(), 2U) << "a failover must know of both";
  EXPECT_EQ(lacking.back().version, version_of(2));
  EXPECT_EQ(lacking.back().change, Change::put);
  queue("b").done("k", version_of(1));
  EXPECT_TRUE(queue("b").backlog().caught_up());
}

TEST_F(JournalTest, a_durable_comparison_is_there_after_a_crash) {
  finish_resync();
  ASSERT_TRUE(test::run_task(world_, journal_->compare("k", Priority::normal)));
  settle();
  crash(Crash::power);
  const auto task = queue("c").take();
  ASSERT_TRUE(task);
  EXPECT_EQ(task->write.key, "k");
  EXPECT_EQ(task->write.change, Change::compare);
}

TEST_F(JournalTest, a_comparison_that_is_asked_for_during_a_delivery_is_done_after_it) {
  finish_resync();
  write(put_of("k", 1));
  ASSERT_TRUE(queue("b").take());
  ASSERT_TRUE(test::run_task(world_, journal_->compare("k", Priority::normal)));
  queue("b").done("k", version_of(1));
  const auto task = queue("b").take();
  ASSERT_TRUE(task);
  EXPECT_EQ(task->write.change, Change::compare);
  queue("b").done("k", version_of(1));
  EXPECT_TRUE(queue("b").backlog().caught_up());
}

TEST_F(JournalTest, a_comparison_waits_for_the_write_that_stands_for_it) {
  finish_resync();
  write(put_of("k", 1));
  const Context context(world_);
  ASSERT_TRUE(test::run_task(world_, journal_->push_compare(context, "b", "k")));
  EXPECT_EQ(queue("b").compares(), 1U);
  ASSERT_TRUE(queue("b").take());
  EXPECT_EQ(queue("b").compares(), 1U);
  queue("b").done("k", version_of(1));
  EXPECT_EQ(queue("b").compares(), 0U);
}

TEST_F(JournalTest, the_suspects_of_an_epoch_are_found_after_a_crash_until_they_are_dropped) {
  ASSERT_TRUE(test::run_task(
      world_, journal_->keep_suspects(2, {put_of("k", 1), put_of("l", 2), put_of("m", 3)})));
  ASSERT_TRUE(test::run_task(world_, journal_->keep_suspects(3, {put_of("k", 4)})));
  crash(Crash::power);
  const auto found = journal_->take_suspects(2);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].key, "k");
  EXPECT_EQ(found[0].version, version_of(1));
  EXPECT_TRUE(journal_->take_suspects(2).empty()) << "once";
  journal_->drop_suspect(2, "l");
  settle();
  crash(Crash::power);
  EXPECT_EQ(journal_->take_suspects(2).size(), 2U);
  crash(Crash::power);
  EXPECT_TRUE(journal_->take_suspects(3).empty()) << "those of other epochs were dropped";
  settle();
  crash(Crash::process);
  EXPECT_TRUE(journal_->take_suspects(2).empty());
}

TEST_F(JournalTest, what_is_owed_is_a_task_of_every_target_also_after_a_crash) {
  finish_resync();
  const Write removal{.key = "k", .version = version_of(1), .change = Change::remove};
  ASSERT_TRUE(test::run_task(world_, journal_->owe({removal, put_of("l", 2)})));
  crash(Crash::power);
  EXPECT_TRUE(journal_->unsettled().empty());
  EXPECT_EQ(queue("b").take()->write.change, Change::remove);
  EXPECT_EQ(queue("b").take()->write.key, "l");
  EXPECT_EQ(drain("c").size(), 2U);
}

TEST_F(JournalTest, what_could_not_be_noted_is_owed_to_nobody) {
  finish_resync();
  engine_.faults() = {.write_error = 1};
  EXPECT_FALSE(test::run_task(world_, journal_->owe({put_of("k", 1)})));
  engine_.faults() = {};
  settle();
  EXPECT_FALSE(queue("b").take());
  EXPECT_FALSE(lacks("k"));
}

TEST_F(JournalTest, urgent_writes_overtake_and_others_keep_their_order) {
  finish_resync();
  write(put_of("a", 1));
  write(put_of("b", 2));
  Write urgent = put_of("c", 3);
  urgent.priority = Priority::urgent;
  write(urgent);
  Write now_urgent = put_of("b", 4);
  now_urgent.priority = Priority::urgent;
  write(now_urgent);
  EXPECT_EQ(drain(), (std::vector<std::string>{"c", "b", "a"}));
}

TEST_F(JournalTest, an_urgent_write_of_a_new_key_does_not_wait_for_the_disk_behind_a_backlog) {
  finish_resync();
  for (std::uint64_t i = 100; i < 150; ++i) write(put_of("k" + std::to_string(i), i));
  settle();
  Write urgent = put_of("new", 200);
  urgent.priority = Priority::urgent;
  write(urgent);
  EXPECT_EQ(queue().take()->write.key, "new");
  Write known = put_of("k149", 201);
  known.priority = Priority::urgent;
  write(known);
  EXPECT_EQ(queue().take()->write.key, "k100") << "its older write is on disk";
  settle();
  EXPECT_EQ(queue().take()->write.key, "k149");
}

TEST_F(JournalTest, what_does_not_fit_in_memory_waits_on_disk_in_order) {
  finish_resync();
  std::vector<std::string> keys;
  for (std::uint64_t i = 100; i < 150; ++i) {
    keys.push_back("k" + std::to_string(i));
    write(put_of(keys.back(), i));
  }
  settle();
  EXPECT_LE(queue().in_memory(), 8U);
  EXPECT_EQ(queue().backlog().tasks, 50U);
  EXPECT_EQ(queue().backlog().bytes, 500U);
  EXPECT_TRUE(lacks("k149"));
  EXPECT_FALSE(lacks("k150"));
  EXPECT_EQ(drain(), keys);
  EXPECT_TRUE(queue().backlog().caught_up());
  EXPECT_EQ(queue().backlog().bytes, 0U);
}

TEST_F(JournalTest, deliverers_do_not_wait_until_the_next_page_was_gathered_with_other_changes) {
  finish_resync();
  for (std::uint64_t i = 100; i < 150; ++i) write(put_of("k" + std::to_string(i), i));
  settle();
  Duration waited{};
  for (int i = 0; i < 50; ++i) {
    const MonoTime before = world_.mono_now();
    const auto task = test::run_task(world_, journal_->next(Context(world_), "b")).value();
    waited = std::max(waited, world_.mono_now() - before);
    queue().done(task.write.key, task.write.version);
  }
  EXPECT_LT(waited, Committer::kLinger);
}

TEST_F(JournalTest, after_an_orderly_end_nothing_is_unsettled) {
  finish_resync();
  write(put_of("k", 1));
  close();
  open();
  EXPECT_TRUE(journal_->unsettled().empty());
  EXPECT_EQ(drain(), std::vector<std::string>{"k"});
}

TEST_F(JournalTest, a_transaction_writes_what_its_last_changes_say) {
  const auto database = engine_.open("/other", {}).value();
  const auto write = [&database](Transaction& transaction) {
    ASSERT_TRUE(database->write(transaction.take_batch(), kv::Durability::now));
  };
  Transaction first(*database);
  for (const char* key : {"a", "b", "c", "d"}) first.put(key, "old");
  write(first);
  Transaction second(*database);
  second.put("b", "lost");
  second.erase_range("b", "d");
  second.put("c", "new");
  second.erase("d");
  EXPECT_EQ(second.get("b").value(), std::nullopt);
  EXPECT_EQ(second.get("c").value(), "new");
  write(second);
  const std::vector<kv::Row> left{{"a", "old"}, {"c", "new"}};
  EXPECT_EQ(database->scan({}).value(), left);
}

TEST_F(JournalTest, a_backlog_on_disk_is_there_after_a_restart_with_its_age) {
  finish_resync();
  const WallTime first = world_.wall_now();
  std::set<std::string> keys;
  for (std::uint64_t i = 100; i < 150; ++i) {
    keys.insert("k" + std::to_string(i));
    write(put_of("k" + std::to_string(i), i));
    settle();
  }
  crash(Crash::power);
  commit_unsettled();
  settle();
  EXPECT_EQ(queue().backlog().tasks, 50U);
  EXPECT_LE(queue().backlog().oldest.value() - first, kSecond);
  const auto drained = drain();
  EXPECT_EQ(std::set<std::string>(drained.begin(), drained.end()), keys);
}

TEST_F(JournalTest, a_restart_begins_to_look_where_intents_and_tasks_begin) {
  finish_resync();
  for (std::uint64_t i = 100; i < 150; ++i) write(put_of("k" + std::to_string(i), i));
  settle();
  for (int i = 0; i < 40; ++i) {
    const auto task = test::run_task(world_, journal_->next(Context(world_), "b")).value();
    queue("b").done(task.write.key, task.write.version);
  }
  (void)drain("c");
  close();
  {
    const auto database = engine_.open(options_.directory, {}).value();
    const auto rows_before = [&database](const std::string& first, const std::string& prefix) {
      return database->scan({.first = prefix, .end = first}).value().size();
    };
    const Head head = decode_head(database->get(head_key()).value().value()).value();
    EXPECT_GT(head.first, 40U);
    EXPECT_EQ(rows_before(intent_key(head.first), "i"), 0U);
    const TargetRow row = decode_target(database->get(target_key("b")).value().value()).value();
    const Place first{.order = row.first[1]};
    EXPECT_GT(first.order, 40U);
    EXPECT_EQ(rows_before(place_key(row.number, first), place_key(row.number, {})), 0U);
  }
  open();
  EXPECT_EQ(drain("b").size(), 10U);
}

TEST_F(JournalTest, an_intent_that_was_noted_as_committed_is_gone_for_good_when_it_is_released) {
  finish_resync();
  write(put_of("k", 1));
  settle();
  write(put_of("l", 2));
  for (const char* target : {"b", "c"}) EXPECT_EQ(drain(target).size(), 2U);
  close();
  const auto database = engine_.open(options_.directory, {}).value();
  EXPECT_TRUE(database->scan({.first = "i", .end = "j"}).value().empty());
}

TEST_F(JournalTest, an_intent_that_was_not_settled_is_found_after_a_crash) {
  finish_resync();
  (void)begin(put_of("k", 1));
  crash(Crash::power);
  const auto unsettled = journal_->unsettled();
  ASSERT_EQ(unsettled.size(), 1U);
  EXPECT_EQ(unsettled[0].write.key, "k");
  EXPECT_TRUE(lacks("k"));
  journal_->discard(unsettled[0].sequence);
  EXPECT_FALSE(lacks("k"));
  settle();
  crash(Crash::process);
  EXPECT_TRUE(journal_->unsettled().empty());
}

TEST_F(JournalTest, what_was_discarded_durably_is_not_found_after_a_crash) {
  finish_resync();
  const Sequence intent = begin(put_of("k", 1));
  ASSERT_TRUE(test::run_task(world_, journal_->discard_durably(intent)));
  crash(Crash::power);
  EXPECT_TRUE(journal_->unsettled().empty());
}

TEST_F(JournalTest, what_failed_waits_without_holding_others_up) {
  finish_resync();
  write(put_of("bad", 1));
  write(put_of("good", 2));
  ASSERT_EQ(queue().take()->write.key, "bad");
  queue().retry("bad", world_.mono_now() + 10 * kSecond);
  EXPECT_EQ(queue().take()->write.key, "good");
  queue().done("good", version_of(2));
  EXPECT_FALSE(queue().take());
  ASSERT_TRUE(test::run_task(world_, Context(world_).sleep(11 * kSecond)));
  const auto again = queue().take();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->attempts, 1U);
}

TEST_F(JournalTest, a_dead_letter_is_kept_and_can_be_redriven) {
  finish_resync();
  write(put_of("k", 1));
  (void)queue().take();
  queue().bury("k", Error(Code::permission_denied, "403"), world_.wall_now());
  settle();
  EXPECT_EQ(queue().backlog().dead, 1U);
  EXPECT_EQ(queue().backlog().tasks, 0U);
  EXPECT_FALSE(queue().backlog().caught_up());
  crash(Crash::power);
  EXPECT_EQ(queue().backlog().dead, 1U);
  EXPECT_TRUE(lacks("k"));
  const auto letters = test::run_task(world_, journal_->dead_letters("b", "", 10)).value();
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_EQ(letters[0].code, Code::permission_denied);
  EXPECT_EQ(letters[0].message, "403");
  queue().redrive("k");
  EXPECT_EQ(drain(), std::vector<std::string>{"k"});
  EXPECT_TRUE(queue().backlog().caught_up());
}

TEST_F(JournalTest, a_dead_letter_that_a_comparison_takes_up_is_not_lost_in_a_crash) {
  finish_resync();
  write(put_of("k", 1));
  (void)queue().take();
  queue().bury("k", Error(Code::permission_denied, "403"), world_.wall_now());
  settle();
  const Context context(world_);
  ASSERT_TRUE(test::run_task(world_, journal_->push_compare(context, "b", "k")));
  settle();
  EXPECT_EQ(queue().backlog().dead, 0U);
  crash(Crash::process);
  EXPECT_TRUE(lacks("k"));
  EXPECT_EQ(drain(), std::vector<std::string>{"k"});
  EXPECT_TRUE(queue().backlog().caught_up());
}

TEST_F(JournalTest, a_new_write_takes_a_dead_letter_out_of_its_grave) {
  finish_resync();
  write(put_of("k", 1));
  (void)queue().take();
  queue().bury("k", Error(Code::permission_denied, "403"), world_.wall_now());
  settle();
  write(put_of("k", 2));
  settle();
  EXPECT_EQ(queue().backlog().dead, 0U);
  EXPECT_EQ(drain(), std::vector<std::string>{"k"});
  EXPECT_TRUE(queue().backlog().caught_up());
}

TEST_F(JournalTest, a_write_of_another_key_does_not_ask_the_disk_for_dead_letters) {
  finish_resync();
  write(put_of("k", 1));
  (void)queue().take();
  queue().bury("k", Error(Code::permission_denied, "403"), world_.wall_now());
  settle();
  write(put_of("l", 2));
  EXPECT_EQ(queue().in_memory(), 1U) << "at once, without a look";
  (void)queue().take();
  queue().done("l", version_of(2));
  (void)drain("c");
  close();
  open();
  write(put_of("m", 3));
  EXPECT_EQ(queue().in_memory(), 1U) << "which they are is known after a restart too";
  write(put_of("k", 4));
  EXPECT_EQ(queue().in_memory(), 1U);
  settle();
  EXPECT_EQ(queue().in_memory(), 2U);
  EXPECT_EQ(queue().backlog().dead, 0U);
}

TEST_F(JournalTest, a_collapsed_backlog_says_that_all_must_be_compared) {
  finish_resync();
  const WallTime first = world_.wall_now();
  for (std::uint64_t i = 0; i < 50; ++i) write(put_of("k" + std::to_string(i), i + 1));
  settle();
  const auto taken = queue().take();
  queue().collapse();
  settle();
  EXPECT_EQ(queue().backlog().tasks, 1U) << "what is under way";
  EXPECT_EQ(queue().backlog().oldest, first);
  EXPECT_TRUE(lacks("k30"));
  queue().done(taken->write.key, taken->write.version);
  crash(Crash::process);
  commit_unsettled();
  EXPECT_TRUE(queue().backlog().resync);
  EXPECT_TRUE(lacks("k30"));
  EXPECT_EQ(drain("c").size(), 50U) << "the other target keeps its own";
}

TEST_F(JournalTest, what_lacked_nothing_when_it_collapsed_lags_from_then_on) {
  finish_resync();
  queue().collapse();
  EXPECT_EQ(queue().backlog().oldest, world_.wall_now());
}

TEST_F(JournalTest, a_removed_target_is_forgotten_and_holds_nothing) {
  finish_resync();
  for (std::uint64_t i = 0; i < 20; ++i) write(put_of("k" + std::to_string(i), i + 1));
  journal_->remove_target("c");
  (void)drain("b");
  close();
  options_.targets = {"b", "c"};
  open();
  EXPECT_TRUE(queue("c").backlog().resync) << "it is a new one";
  EXPECT_EQ(queue("c").backlog().tasks, 0U);
}

TEST_F(JournalTest, a_full_disk_refuses_writes_and_takes_them_again_later) {
  finish_resync();
  engine_.faults().no_space = 1;
  const auto refused = test::run_task(world_, journal_->begin(put_of("k", 1)));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::no_space);
  EXPECT_EQ(refused.error().outcome(), Outcome::not_applied);
  settle();
  EXPECT_TRUE(journal_->failing());
  engine_.faults() = {.write_error = 1};
  const auto failed = test::run_task(world_, journal_->begin(put_of("k", 1)));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().outcome(), Outcome::not_applied) << "whatever became of the intent";
  engine_.faults() = {};
  write(put_of("k", 2));
  EXPECT_FALSE(journal_->failing());
  EXPECT_EQ(drain(), std::vector<std::string>{"k"});
}

TEST_F(JournalTest, a_directory_in_use_and_a_newer_format_are_refused) {
  const auto second = test::run_task(world_, Journal::open(world_, engine_, options_));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::precondition_failed);
  close();
  {
    auto database = engine_.open(options_.directory, {}).value();
    kv::Batch batch;
    batch.put(head_key(), encode(Head{.format = kFormat + 1}));
    ASSERT_TRUE(database->write(batch, kv::Durability::now));
  }
  const auto newer = test::run_task(world_, Journal::open(world_, engine_, options_));
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().code(), Code::unsupported);
}

TEST_F(JournalTest, damaged_rows_are_told_and_not_skipped) {
  close();
  {
    auto database = engine_.open(options_.directory, {}).value();
    kv::Batch batch;
    batch.put(intent_key(7), "nonsense");
    ASSERT_TRUE(database->write(batch, kv::Durability::now));
  }
  const auto opened = test::run_task(world_, Journal::open(world_, engine_, options_));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Code::corrupted);
}

/// Random writes, deliveries, failures and crashes, against what a simple model remembers.
class JournalModel : public JournalTest, public testing::WithParamInterface<int> {
 protected:
  JournalModel() : JournalTest(static_cast<std::uint64_t>(GetParam()) + 100) {}

  std::uint64_t draw(std::uint64_t below) { return world_.random() % below; }

  void one_step() {
    const std::string key = "k" + std::to_string(draw(30));
    const std::string target = draw(2) == 0 ? "b" : "c";
    switch (draw(13)) {
      case 0:
      case 1:
      case 2:
      case 3: {
        Write write = put_of(key, ++number_);
        if (draw(5) == 0) write.priority = Priority::urgent;
        const auto intent = test::run_task(world_, journal_->begin(write, key));
        if (!intent) break;
        journal_->commit(*intent, world_.wall_now());
        for (auto& [name, lacking] : lacking_) lacking[key][number_] = world_.wall_now();
        break;
      }
      case 4: engine_.faults().write_error = draw(3) == 0 ? 0.3 : 0; break;
      case 5:
        if (draw(6) == 0) {
          engine_.faults() = {};
          crash(draw(2) == 0 ? Crash::power : Crash::process);
          commit_unsettled();
          finish_resync();  // which a power loss may have forgotten
        }
        break;
      case 6: settle(); break;
      case 7:
        if (!test::run_task(world_, journal_->compare(key, Priority::normal))) break;
        for (auto& [name, asked] : asked_) asked.insert(key);
        break;
      default: end_one(target);
    }
  }

  void end_one(const std::string& target) {
    const auto task = queue(target).take();
    if (!task) return;
    const std::string& key = task->write.key;
    switch (draw(9)) {
      case 8:
        queue(target).doubt(key, world_.mono_now() + kSecond);
        queue(target).put_back(key);
        break;
      case 0: queue(target).retry(key, world_.mono_now() + kSecond); break;
      case 1: queue(target).bury(key, Error(Code::corrupted, "bad"), world_.wall_now()); break;
      case 2: queue(target).put_back(key); break;
      default: deliver(target, *task);
    }
  }

  void deliver(const std::string& target, const TargetTask& task) {
    queue(target).done(task.write.key, task.write.version);
    asked_.at(target).erase(task.write.key);
    auto& lacking = lacking_[target];
    const auto found = lacking.find(task.write.key);
    if (found == lacking.end()) return;
    std::erase_if(found->second, [&task](const auto& write) {
      return version_of(write.first) <= task.write.version;
    });
    if (found->second.empty()) lacking.erase(found);
  }

  void check_lacks() {
    for (const auto& [name, lacking] : lacking_) {
      WallTime oldest = WallTime::max();
      for (const auto& [key, writes] : lacking) {
        ASSERT_TRUE(lacks(key, name)) << key << " at " << name;
        ASSERT_TRUE(has_payload_since(key, writes.rbegin()->first)) << key << " at " << name;
        oldest = std::min(oldest, writes.begin()->second);
      }
      for (const std::string& key : asked_.at(name)) {
        ASSERT_TRUE(lacks(key, name)) << key << " is to be compared at " << name;
      }
      const Backlog backlog = queue(name).backlog();
      ASSERT_TRUE(asked_.at(name).empty() || !backlog.caught_up());
      ASSERT_TRUE(lacking.empty() || !backlog.caught_up());
      // The age of a dead letter is its own matter.
      if (lacking.empty() || backlog.dead > 0) continue;
      ASSERT_LE(backlog.oldest.value(), oldest);
    }
  }

  /// Of that write, or of a newer one that a restart has found.
  bool has_payload_since(const std::string& key, std::uint64_t number) {
    return std::ranges::any_of(journal_->payloads().versions(key), [&](const Version& version) {
      return version >= version_of(number);
    });
  }

  std::uint64_t number_ = 0;
  using Writes = std::map<std::uint64_t, WallTime>;  // when each was acknowledged
  std::map<std::string, std::map<std::string, Writes>> lacking_{{"b", {}}, {"c", {}}};
  std::map<std::string, std::set<std::string>> asked_{{"b", {}}, {"c", {}}};  // to compare
};

TEST_P(JournalModel, nothing_acknowledged_is_forgotten_through_faults_and_crashes) {
  finish_resync();
  for (int i = 0; i < 400; ++i) {
    ASSERT_NO_FATAL_FAILURE(one_step());
    ASSERT_NO_FATAL_FAILURE(check_lacks());
  }
  engine_.faults() = {};
  for (const std::string target : {"b", "c"}) {
    settle();
    for (int k = 0; k < 30; ++k) queue(target).redrive("k" + std::to_string(k));
    settle();
    while (const auto task = queue(target).take()) {
      deliver(target, *task);
      settle();
      settle();
    }
    EXPECT_TRUE(asked_[target].empty());
    EXPECT_TRUE(lacking_[target].empty()) << lacking_[target].begin()->first;
    const Backlog left = queue(target).backlog();
    EXPECT_TRUE(left.caught_up()) << left.tasks << " tasks, " << left.dead << " dead";
    EXPECT_FALSE(left.oldest);
    EXPECT_EQ(left.bytes, 0U);
  }
  settle();
  EXPECT_EQ(journal_->payloads().bytes(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, JournalModel, testing::Range(0, 100));

}  // namespace
}  // namespace godwit::journal
