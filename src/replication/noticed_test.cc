#include "replication/noticed.h"

#include "replication/delivery.h"
#include "replication/last_seen.h"
#include "replication/removal_limit.h"
#include "replication/versioned.h"
#include "support/group_fixture.h"

namespace godwit::replication {
namespace {

Task<void> put_back(Context context, Store& store, std::string key, std::string bytes,
                    Metadata metadata) {
  ViewBody body(as_bytes(bytes));
  const Upload upload{.body = &body, .size = bytes.size()};
  const PutOptions options{.metadata = std::move(metadata)};
  GODWIT_CO_CHECK(co_await store.put(context, key, upload, options));
  co_return Result<void>();
}

class NoticedTest : public GroupTest {
 protected:
  NoticedTest() { config_.detection = {.others_write = true, .propagate_removals = true}; }
  Result<Notice> notice(const std::string& key) {
    const Context context = Context(world_).with_timeout(1min);
    return test::run_task(world_, group_->notice(context, key));
  }
  ScanReport scan() {
    const Context context = Context(world_).with_timeout(10min);
    return test::run_task(world_, group_->scan(context)).value();
  }
  void removed_behind_our_back(const std::string& name, const std::string& key) {
    const auto from = store(name);
    const Context context(world_);
    ASSERT_TRUE(test::run_task(world_, from->remove(context, std::span(&key, 1))));
  }
  void everywhere(const std::string& key, const std::string& body) {
    wait();
    for (const char* name : {"p", "a", "b"}) EXPECT_EQ(held(name, key), body) << name;
    for (const char* name : {"a", "b"}) EXPECT_EQ(status(name).counts.conflicts, 0U) << name;
  }
  ObjectInfo info(const std::string& name, const std::string& key) {
    const auto from = store(name);
    return test::run_task(world_, from->head(Context(world_), key)).value();
  }
  std::uint64_t arrivals() { return status("a").counts.replicated; }
};

TEST_F(NoticedTest, what_others_put_to_the_primary_gets_to_every_target_and_is_no_news_after) {
  start();
  behind_our_back("p", "k", "theirs");
  EXPECT_EQ(notice("k"), Notice::written);
  EXPECT_EQ(notice("k"), Notice::known);
  everywhere("k", "theirs");
  EXPECT_EQ(notice("k"), Notice::known);
  EXPECT_EQ(arrivals(), 1U);
  EXPECT_TRUE(carries_version(info("a", "k")));
  EXPECT_FALSE(carries_version(info("p", "k"))) << "the primary's object is not touched";
}

TEST_F(NoticedTest, what_others_put_over_ours_is_a_write_and_ours_over_theirs_too) {
  start();
  ASSERT_TRUE(put("k", "ours"));
  wait();
  behind_our_back("p", "k", "theirs");
  EXPECT_EQ(notice("k"), Notice::written);
  everywhere("k", "theirs");
  behind_our_back("p", "k", "theirs again");
  EXPECT_EQ(notice("k"), Notice::written);
  everywhere("k", "theirs again");
  ASSERT_TRUE(put("k", "ours again"));
  everywhere("k", "ours again");
  EXPECT_EQ(rescued("a"), std::vector<std::string>{});
}

TEST_F(NoticedTest, what_others_put_over_a_write_of_unknown_outcome_gets_everywhere) {
  start();
  ASSERT_TRUE(put("k", "ours"));
  wait();
  // Slow, so that it is not looked at before the others write.
  faults_["p"] = {.lost_answer = 1, .longest_delay = 1s};
  EXPECT_EQ(put("k", "ours again").error().outcome(), Outcome::unknown);
  faults_["p"] = {};
  behind_our_back("p", "k", "theirs");
  wait(2 * config_.late_write_window);
  EXPECT_EQ(group_->unsettled(), 0U);
  everywhere("k", "theirs");
}

TEST_F(NoticedTest, what_we_wrote_ourselves_is_no_news) {
  start();
  ASSERT_TRUE(put("k", "ours"));
  EXPECT_EQ(notice("k"), Notice::known);
  ASSERT_TRUE(remove("k"));
  EXPECT_EQ(notice("k"), Notice::known);
}

TEST_F(NoticedTest, what_we_wrote_before_a_restart_is_not_delivered_again) {
  start();
  ASSERT_TRUE(put("k", "ours"));
  wait();
  restart();
  EXPECT_EQ(notice("k"), Notice::written) << "nobody remembers";
  wait();
  EXPECT_EQ(arrivals(), 0U);
  EXPECT_EQ(version_of(info("a", "k")), version_of(info("p", "k")));
}

TEST_F(NoticedTest, an_older_object_of_ours_that_others_have_put_back_stays) {
  start();
  ASSERT_TRUE(put("k", "1"));
  const ObjectInfo first = info("p", "k");
  ASSERT_TRUE(put("k", "two"));
  wait();
  const auto primary = store("p");
  ASSERT_TRUE(
      test::run_task(world_, put_back(Context(world_), *primary, "k", "1", first.metadata)));
  EXPECT_EQ(notice("k"), Notice::written);
  everywhere("k", "1");
}

TEST_F(NoticedTest, a_removal_is_a_removal_only_where_the_config_says_so) {
  start();
  ASSERT_TRUE(put("k", "ours"));
  wait();
  removed_behind_our_back("p", "k");
  EXPECT_EQ(notice("k"), Notice::removed);
  EXPECT_EQ(notice("k"), Notice::known);
  everywhere("k", "(nothing)");
}

TEST_F(NoticedTest, by_default_what_others_remove_stays_at_the_targets) {
  config_.detection.propagate_removals = false;
  start();
  behind_our_back("p", "k", "theirs");
  ASSERT_EQ(notice("k"), Notice::written);
  wait();
  removed_behind_our_back("p", "k");
  EXPECT_EQ(notice("k"), Notice::kept);
  ASSERT_TRUE(group_->compare_anew("a"));
  wait(1min);
  EXPECT_EQ(held("a", "k"), "theirs") << "nor does a comparison remove it";
  EXPECT_EQ(held("b", "k"), "theirs");
}

TEST_F(NoticedTest, an_emptied_primary_removes_nothing) {
  start();
  ASSERT_TRUE(put("k", "ours"));
  wait();
  removed_behind_our_back("p", "k");
  removed_behind_our_back("p", ".godwit/group");
  const auto refused = notice("k");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::precondition_failed);
  wait();
  EXPECT_EQ(held("a", "k"), "ours");
}

TEST_F(NoticedTest, no_more_removals_are_believed_than_the_limit_says) {
  config_.detection.most_removals = 2;
  start();
  for (const char* key : {"k", "l", "m"}) {
    ASSERT_TRUE(put(key, "ours"));
    removed_behind_our_back("p", key);
  }
  wait();
  EXPECT_EQ(notice("k"), Notice::removed);
  EXPECT_EQ(notice("l"), Notice::removed);
  EXPECT_EQ(notice("m"), Notice::held);
  wait();
  EXPECT_EQ(held("a", "l"), "(nothing)");
  EXPECT_EQ(held("a", "m"), "ours");
  const auto events = group_->events().recent();
  EXPECT_EQ(std::ranges::count(events, EventType::removals_held, &Event::type), 1);
  wait(40min);
  EXPECT_EQ(notice("m"), Notice::removed);
}

TEST_F(NoticedTest, an_object_that_was_noticed_survives_a_crash_before_its_delivery) {
  start();
  take_away("a");
  behind_our_back("p", "k", "theirs");
  ASSERT_EQ(notice("k"), Notice::written);
  restart();
  bring_back("a");
  everywhere("k", "theirs");
}

TEST_F(NoticedTest, a_comparison_takes_what_stands_over_ours_for_a_write_and_rescues_nothing) {
  start();
  ASSERT_TRUE(put("k", "ours"));
  wait();
  behind_our_back("p", "k", "theirs");
  ASSERT_TRUE(group_->compare_anew("a"));
  wait(1min);
  everywhere("k", "theirs");
}

TEST_F(NoticedTest, without_detection_what_stands_over_ours_is_a_conflict) {
  config_.detection = {};
  start();
  ASSERT_TRUE(put("k", "ours"));
  wait();
  behind_our_back("p", "k", "theirs");
  ASSERT_TRUE(group_->compare_anew("a"));
  wait(1min);
  EXPECT_EQ(status("a").counts.conflicts, 1U);
}

TEST_F(NoticedTest, a_write_that_was_overwritten_before_its_delivery_does_not_wait_for_ever) {
  start();
  take_away("a");
  ASSERT_TRUE(put("k", "ours"));
  behind_our_back("p", "k", "theirs");
  restart();  // what was put recently is forgotten
  bring_back("a");
  wait(30s);
  EXPECT_EQ(held("a", "k"), "theirs");
  EXPECT_TRUE(status("a").caught_up);
}

TEST_F(NoticedTest, a_verification_finds_no_fault_with_copies_of_what_others_wrote) {
  start();
  behind_our_back("p", "k", "theirs");
  ASSERT_EQ(notice("k"), Notice::written);
  wait();
  const VerifyOptions options{.level = VerifyLevel::content};
  const FindingSink sink = [](Finding) -> Task<void> { co_return Result<void>(); };
  const auto report =
      test::run_task(world_, group_->verify(Context(world_), "a", options, sink)).value();
  EXPECT_TRUE(report.is_consistent());
}

TEST_F(NoticedTest, what_was_noticed_moves_with_the_primary) {
  start();
  behind_our_back("p", "k", "theirs");
  ASSERT_EQ(notice("k"), Notice::written);
  wait();
  ASSERT_TRUE(move({.to = "a"}));
  wait(1min);
  for (const char* name : {"p", "a", "b"}) EXPECT_EQ(held(name, "k"), "theirs") << name;
  EXPECT_TRUE(status("p").caught_up);
  behind_our_back("a", "k", "later");
  ASSERT_EQ(notice("k"), Notice::written);
  wait();
  for (const char* name : {"p", "a", "b"}) EXPECT_EQ(held(name, "k"), "later") << name;
}

TEST_F(NoticedTest, what_nobody_noticed_is_found_when_the_primary_has_moved) {
  start();
  behind_our_back("p", "k", "theirs");
  ASSERT_TRUE(move({.to = "a"}));
  wait();
  everywhere("k", "theirs");
  ASSERT_TRUE(move({.to = "b"})) << "it has been compared";
}

/// Writes that a primary is lost with, where others write too.
class LostWithItsPrimaryTest : public NoticedTest {
 protected:
  /// Only the primary has "l", and no process remembers it.
  void lose_one() {
    start();
    take_away("a");
    take_away("b");
    ASSERT_TRUE(put("l", "lost"));
    restart();
    take_away("p");
    bring_back("a");
    bring_back("b");
    wait(5min);
    const auto report = move({.kind = MoveKind::failover, .to = "a"});
    ASSERT_TRUE(report) << report.error().to_string();
    ASSERT_EQ(report->at_risk.size(), 1U);
    EXPECT_TRUE(report->exact);
  }
  /// "b", which is away, has "l" too; nobody knows what "a" lacks.
  void lose_who_knows_what() {
    start();
    ASSERT_TRUE(group_->pause("a"));
    ASSERT_TRUE(put("l", "lost"));
    wait();
    ASSERT_TRUE(group_->compare_anew("a"));
    take_away("p");
    take_away("b");
    ASSERT_TRUE(group_->resume("a"));
    const auto report = move({.kind = MoveKind::failover, .to = "a"});
    ASSERT_TRUE(report) << report.error().to_string();
    EXPECT_FALSE(report->exact);
  }
  void all_come_back() {
    bring_back("p");
    bring_back("b");
    wait(5min);
  }
};

TEST_F(LostWithItsPrimaryTest, word_of_it_that_comes_late_removes_nothing) {
  lose_one();
  EXPECT_EQ(notice("l"), Notice::known);
  all_come_back();
  everywhere("l", "lost");
}

TEST_F(LostWithItsPrimaryTest, nor_does_it_after_a_restart) {
  lose_one();
  restart();
  EXPECT_EQ(notice("l"), Notice::known);
  all_come_back();
  everywhere("l", "lost");
}

TEST_F(LostWithItsPrimaryTest, nor_where_nobody_knows_what_was_lost) {
  lose_who_knows_what();
  EXPECT_EQ(notice("l"), Notice::known);
  restart();
  EXPECT_EQ(notice("l"), Notice::known);
  all_come_back();
  everywhere("l", "lost");
}

TEST_F(LostWithItsPrimaryTest, a_removal_of_what_was_written_since_counts) {
  lose_one();
  ASSERT_TRUE(put("l", "newer"));
  removed_behind_our_back("a", "l");
  EXPECT_EQ(notice("l"), Notice::removed);
  all_come_back();
  everywhere("l", "(nothing)");
}

TEST_F(LostWithItsPrimaryTest, and_so_does_one_where_nobody_knows_what_was_lost) {
  lose_who_knows_what();
  ASSERT_TRUE(put("l", "newer"));
  restart();
  removed_behind_our_back("a", "l");
  EXPECT_EQ(notice("l"), Notice::removed);
  all_come_back();
  everywhere("l", "(nothing)");
}

TEST_F(LostWithItsPrimaryTest, when_it_has_been_compared_what_is_gone_was_removed) {
  lose_one();
  all_come_back();
  everywhere("l", "lost");
  removed_behind_our_back("a", "l");
  EXPECT_EQ(notice("l"), Notice::removed);
  everywhere("l", "(nothing)");
}

TEST_F(NoticedTest, a_scan_finds_what_nobody_told_of) {
  start();
  for (const char* key : {"k", "l", "m"}) ASSERT_TRUE(put(key, "ours"));
  wait();
  behind_our_back("p", "k", "theirs");
  behind_our_back("p", "new", "theirs");
  removed_behind_our_back("p", "l");
  const ScanReport report = scan();
  EXPECT_FALSE(report.error);
  EXPECT_EQ(report.total, 4U);
  EXPECT_EQ(report.written, 2U);
  EXPECT_EQ(report.removed, 1U);
  everywhere("k", "theirs");
  everywhere("new", "theirs");
  everywhere("l", "(nothing)");
  const auto before = arrivals();
  EXPECT_EQ(scan().written, 0U);
  wait();
  EXPECT_EQ(arrivals(), before);
}

TEST_F(NoticedTest, a_scan_removes_nothing_when_too_much_is_gone) {
  config_.detection.most_removals = 2;
  start();
  for (const char* key : {"k", "l", "m"}) {
    ASSERT_TRUE(put(key, "ours"));
  }
  wait();
  for (const char* key : {"k", "l", "m"}) removed_behind_our_back("p", key);
  const ScanReport report = scan();
  EXPECT_EQ(report.removed, 0U);
  EXPECT_EQ(report.held, 3U);
  wait();
  for (const char* key : {"k", "l", "m"}) EXPECT_EQ(held("a", key), "ours");
}

TEST_F(NoticedTest, a_scan_of_an_emptied_primary_fails_and_removes_nothing) {
  start();
  ASSERT_TRUE(put("k", "ours"));
  wait();
  for (const char* key : {"k", ".godwit/group"}) removed_behind_our_back("p", key);
  const ScanReport report = scan();
  ASSERT_TRUE(report.error);
  EXPECT_EQ(report.error->code(), Code::precondition_failed);
  wait();
  EXPECT_EQ(held("a", "k"), "ours");
}

TEST_F(NoticedTest, a_scan_asks_no_target_that_is_paused_and_misses_none_after) {
  start();
  ASSERT_TRUE(group_->pause("a"));
  behind_our_back("p", "k", "theirs");
  EXPECT_EQ(scan().skipped, std::vector<std::string>{"a"});
  wait();
  EXPECT_EQ(held("a", "k"), "(nothing)");
  EXPECT_EQ(held("b", "k"), "theirs");
  ASSERT_TRUE(group_->resume("a"));
  everywhere("k", "theirs");
}

/// Another group over the same stores, the other way round.
class MirroredTest : public NoticedTest {
 protected:
  void TearDown() override {
    if (other_) {
      EXPECT_TRUE(test::run_task(world_, other_->close()));
    }
    if (agreed_) {
      EXPECT_TRUE(test::run_task(world_, agreed_->close()));
    }
    NoticedTest::TearDown();
  }
  Result<void> open_mirror(const std::string& name) {
    const Context context(world_);
    if (agreed_) {
      EXPECT_TRUE(test::run_task(world_, agreed_->close()));
    }
    agreed_ = test::run_task(world_, LocalCoordinator::open(context, "/mirror/agreed")).value();
    GroupConfig config{.name = name, .primary = "a", .primary_region = "a"};
    config.failover.automatic = false;
    config.detection = config_.detection;
    config.targets.push_back({.name = "p", .region = "p"});
    GroupStores stores;
    for (const char* each : {"a", "p"}) stores[each] = store(each);
    const GroupSupport support{
        .engine = engine_, .coordinator = *agreed_, .journal_directory = "/mirror/journal"};
    auto opened = test::run_task(world_, Group::open(context, config, std::move(stores), support));
    if (!opened) return std::unexpected(std::move(opened).error());
    other_ = *std::move(opened);
    return {};
  }

  std::unique_ptr<LocalCoordinator> agreed_;
  std::unique_ptr<Group> other_;
};

TEST_F(MirroredTest, a_group_that_mirrors_another_one_is_refused) {
  start();
  const auto refused = open_mirror("mirror");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::precondition_failed);
  const auto same_name = open_mirror("g");
  ASSERT_FALSE(same_name) << "another primary of the same group";
  EXPECT_EQ(same_name.error().code(), Code::precondition_failed);
}

TEST_F(MirroredTest, two_that_mirror_each_other_all_the_same_come_to_rest) {
  config_.targets.pop_back();
  start();
  for (const char* name : {"p", "a"}) removed_behind_our_back(name, ".godwit/group");
  ASSERT_TRUE(open_mirror("g"));
  wait(2min);
  const auto tell_both = [this] {
    for (int i = 0; i < 20; ++i) {
      (void)notice("k");
      const Context context = Context(world_).with_timeout(1min);
      (void)test::run_task(world_, other_->notice(context, "k"));
      wait();
    }
  };
  for (const char* body : {"theirs", "a longer one", "theirs again"}) {
    behind_our_back("p", "k", body);
    const ObjectInfo first = info("p", "k");
    tell_both();
    EXPECT_EQ(held("a", "k"), body);
    EXPECT_EQ(info("p", "k").modified, first.modified) << "it came back to where it was";
    const ObjectInfo copy = info("a", "k");
    tell_both();
    EXPECT_EQ(info("a", "k").modified, copy.modified);
  }
}

TEST_F(NoticedTest, what_was_only_just_written_is_looked_at_again_later) {
  config_.detection.settle = 1s;
  start();
  behind_our_back("p", "k", "half");
  const auto refused = notice("k");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().retry(), Retry::later);
  wait(1s);
  EXPECT_EQ(notice("k"), Notice::written);
}

TEST(LastSeenTest, the_oldest_are_forgotten) {
  LastSeen seen;
  for (std::size_t i = 0; i <= LastSeen::kMost; ++i) seen.gone(std::to_string(i));
  EXPECT_FALSE(seen.knows("0", std::nullopt));
  EXPECT_TRUE(seen.knows("1", std::nullopt));
}

TEST(RemovalLimitTest, as_many_again_are_allowed_within_an_hour) {
  RemovalLimit limit;
  const MonoTime begin{};
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(limit.take(10, begin));
  EXPECT_FALSE(limit.take(10, begin));
  EXPECT_TRUE(limit.first_refused());
  EXPECT_FALSE(limit.take(10, begin));
  EXPECT_FALSE(limit.first_refused());
  EXPECT_EQ(limit.room(10, begin + 30min), 5U);
  EXPECT_TRUE(limit.take(10, begin + 30min));
  EXPECT_EQ(limit.room(10, begin + 9h), 10U);
  EXPECT_FALSE(limit.take(0, begin + 10h));
}

}  // namespace
}  // namespace godwit::replication
