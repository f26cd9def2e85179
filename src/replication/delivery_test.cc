#include "replication/known_objects.h"

#include <gmock/gmock.h>

#include "replication/delivery.h"
#include "replication/versioned.h"
#include "store/layers/forwarding.h"
#include "store/layers/metrics.h"
#include "support/group_fixture.h"

namespace godwit::replication {
namespace {

Version version_of(std::uint64_t number) {
  return {.epoch = 1, .time = {.value = number << HybridTime::kCounterBits}, .region = "a"};
}

TEST(KnownObjectsTest, what_was_put_is_expected_and_of_other_keys_that_there_is_nothing) {
  KnownObjects known;
  EXPECT_EQ(known.expect("k", version_of(1))->condition, Condition::absent);
  known.put("k", version_of(1), "tag");
  EXPECT_EQ(known.expect("k", version_of(2))->condition, Condition::matches);
  EXPECT_EQ(known.expect("k", version_of(2))->etag, "tag");
  EXPECT_FALSE(known.expect("k", version_of(1))) << "it may be there already";
  known.removed("k");
  EXPECT_EQ(known.expect("k", version_of(3))->condition, Condition::absent);
}

TEST(KnownObjectsTest, after_a_wrong_guess_the_next_keys_are_looked_at) {
  KnownObjects known;
  known.was_wrong("k");
  for (int i = 0; i < 16; ++i) EXPECT_FALSE(known.expect("k", version_of(1))) << i;
  EXPECT_TRUE(known.expect("k", version_of(1)));
  known.was_wrong("k");
  for (int i = 0; i < 32; ++i) EXPECT_FALSE(known.expect("k", version_of(1))) << i;
  EXPECT_TRUE(known.expect("k", version_of(1)));
}

TEST(KnownObjectsTest, few_bodies_are_sent_in_vain_whatever_share_of_the_keys_is_there_already) {
  constexpr int kKeys = 100'000;
  for (const int each : {2, 10, 30, 70, 100, 1000}) {
    KnownObjects known;
    int wrong = 0;
    int looks = 0;
    for (int i = 0; i < kKeys; ++i) {
      const std::string key = std::to_string(i);
      if (!known.expect(key, version_of(1))) {
        ++looks;
      } else if (i % each == 0) {
        ++wrong;
        known.was_wrong(key);
      } else {
        known.was_right();
      }
    }
    EXPECT_LT(wrong, kKeys / 100) << "one in " << each;
    const int most = each == 1000 ? kKeys / 20 : kKeys;
    EXPECT_LT(looks, most) << "one in " << each;
  }
}

TEST(KnownObjectsTest, the_oldest_are_forgotten) {
  KnownObjects known;
  for (std::size_t i = 0; i <= KnownObjects::kMost; ++i) {
    known.put(std::to_string(i), version_of(1), "tag");
  }
  EXPECT_EQ(known.expect("0", version_of(2))->condition, Condition::absent);
  EXPECT_EQ(known.expect("1", version_of(2))->condition, Condition::matches);
}

/// A service that takes what it is given, whatever the condition.
class Heedless final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  Task<PutResult> put(const Context& context, const std::string& key, Upload upload,
                      const PutOptions& options) override {
    PutOptions without = options;
    without.condition = Condition::none;
    co_return co_await inner().put(context, key, upload, without);
  }
};

class DeliveryTest : public GroupTest {
 protected:
  using Wrap = std::function<std::unique_ptr<Store>(std::unique_ptr<Store>)>;
  void start(const Wrap& wrap) {
    GroupStores stores;
    for (const char* name : {"p", "a", "b"}) stores[name] = store(name);
    stores["a"] = wrap(std::move(stores["a"]));
    group_ = open(std::move(stores)).value();
    wait();
  }
};

TEST_F(DeliveryTest, an_object_needs_one_request_at_a_target) {
  StoreMetrics metrics;
  start(
      [&metrics](std::unique_ptr<Store> inner) { return with_metrics(std::move(inner), metrics); });
  const auto looks = metrics.of(Operation::head).count();
  const auto puts = metrics.of(Operation::put).count();
  for (const char* body : {"1", "2", "3"}) {
    for (const char* key : {"k", "l"}) ASSERT_TRUE(put(key, body));
    wait();
  }
  EXPECT_EQ(held("a", "k"), "3");
  EXPECT_EQ(metrics.of(Operation::head).count() - looks, 0U);
  EXPECT_EQ(metrics.of(Operation::put).count() - puts, 6U);
}

TEST_F(DeliveryTest, what_others_put_there_is_not_written_over_by_a_guess) {
  config_.conflict_resolution = ConflictPolicy::manual;
  start([](std::unique_ptr<Store> inner) { return inner; });
  behind_our_back("a", "k", "theirs");
  ASSERT_TRUE(put("k", "ours"));
  wait();
  EXPECT_EQ(held("a", "k"), "theirs");
  EXPECT_EQ(status("a").counts.conflicts, 1U);
}

TEST_F(DeliveryTest, a_store_that_does_not_keep_conditions_is_looked_at) {
  config_.conflict_resolution = ConflictPolicy::manual;
  start([](std::unique_ptr<Store> inner) { return std::make_unique<Heedless>(std::move(inner)); });
  behind_our_back("a", "k", "theirs");
  ASSERT_TRUE(put("k", "ours"));
  wait();
  EXPECT_EQ(held("a", "k"), "theirs");
  EXPECT_EQ(status("a").counts.conflicts, 1U);
}

/// Notes what is asked of keys of users.
class Asked final : public ForwardingStore {
 public:
  Asked(std::unique_ptr<Store> inner, std::string& asked)
      : ForwardingStore(std::move(inner)), asked_(asked) {}
  Task<ObjectInfo> head(const Context& context, const std::string& key) override {
    note("head ", key);
    return inner().head(context, key);
  }
  Task<GetResult> get(const Context& context, const std::string& key,
                      const GetOptions& options) override {
    note("get ", key);
    return inner().get(context, key, options);
  }
  Task<PutResult> put(const Context& context, const std::string& key, Upload upload,
                      const PutOptions& options) override {
    note("put ", key);
    return inner().put(context, key, upload, options);
  }
  Task<std::vector<Result<void>>> remove(const Context& context,
                                         std::span<const std::string> keys) override {
    for (const std::string& key : keys) note("remove ", key);
    return inner().remove(context, keys);
  }

 private:
  void note(const std::string& call, const std::string& key) {
    if (!key.starts_with(kOwnKeys)) asked_ += call + key + "\n";
  }

  std::string& asked_;
};

/// Asked of stores, in a group whose process ends while "a" lacks two objects.
class BehindTest : public GroupTest {
 protected:
  void start() {
    GroupStores stores;
    for (const char* name : {"p", "a", "b"}) {
      stores[name] = std::make_unique<Asked>(with_chaos(store(name), &faults_[name]), asked_[name]);
    }
    group_ = open(std::move(stores)).value();
    wait();
  }
  void fall_behind() {
    start();
    take_away("a");
    for (const char* key : {"k", "l"}) ASSERT_TRUE(put(key, key));
    ASSERT_TRUE(test::run_task(world_, group_->close()));
    group_.reset();
    bring_back("a");
  }
  /// Nobody has the bodies in memory now.
  void catch_up() {
    for (auto& [name, asked] : asked_) asked.clear();
    start();
  }

  std::map<std::string, std::string> asked_;
};

TEST_F(BehindTest, what_waited_takes_one_request_at_either_side) {
  start();
  ASSERT_TRUE(group_->pause("a"));
  ASSERT_TRUE(put("k", "k"));
  // Until that one is no longer in memory.
  const std::string large(7 * kMiB, 'x');
  for (const char* key : {"l1", "l2", "l3", "l4", "l5"}) ASSERT_TRUE(put(key, large));
  for (auto& [name, asked] : asked_) asked.clear();
  ASSERT_TRUE(group_->resume("a"));
  wait();
  EXPECT_EQ(held("a", "k"), "k");
  EXPECT_THAT(asked_["p"], testing::HasSubstr("get k\n"));
  EXPECT_THAT(asked_["p"] + asked_["a"], testing::Not(testing::HasSubstr("head")));
}

TEST_F(BehindTest, what_a_listing_does_not_show_takes_one_request_at_either_side) {
  start();
  ASSERT_TRUE(group_->pause("a"));
  for (const char* key : {"k", "l"}) ASSERT_TRUE(put(key, key));
  ASSERT_TRUE(group_->compare_anew("a"));
  for (auto& [name, asked] : asked_) asked.clear();
  ASSERT_TRUE(group_->resume("a"));
  wait();
  EXPECT_EQ(held("a", "l"), "l");
  EXPECT_EQ(asked_["p"], "get k\nget l\n");
  EXPECT_EQ(asked_["a"], "put k\nput l\n");
}

TEST_F(BehindTest, what_others_put_there_meanwhile_is_not_written_over) {
  config_.conflict_resolution = ConflictPolicy::manual;
  fall_behind();
  behind_our_back("a", "k", "theirs");
  catch_up();
  EXPECT_EQ(held("a", "k"), "theirs");
  EXPECT_EQ(held("a", "l"), "l");
  EXPECT_EQ(status("a").counts.conflicts, 1U);
}

TEST_F(BehindTest, a_removal_looks_first_but_for_what_we_put_to_a_target_of_our_own) {
  config_.targets[0].is_exclusive = true;  // "a"
  start();
  for (const char* key : {"k", "l"}) ASSERT_TRUE(put(key, key));
  wait();
  for (auto& [name, asked] : asked_) asked.clear();
  ASSERT_TRUE(remove("k"));
  wait();
  EXPECT_EQ(asked_["a"], "remove k\n");
  EXPECT_EQ(asked_["b"], "head k\nremove k\n");
  ASSERT_TRUE(test::run_task(world_, group_->close()));
  group_.reset();
  catch_up();
  for (auto& [name, asked] : asked_) asked.clear();
  ASSERT_TRUE(remove("l"));
  wait();
  EXPECT_EQ(asked_["a"], "head l\nremove l\n") << "a process before has put it";
}

TEST_F(BehindTest, what_others_put_over_it_at_the_primary_is_noticed) {
  config_.detection = {.others_write = true};
  fall_behind();
  behind_our_back("p", "k", "theirs");
  catch_up();
  EXPECT_EQ(held("a", "k"), "theirs");
  EXPECT_EQ(held("b", "k"), "theirs");
}

TEST(Plan, a_put_that_others_have_removed_at_the_primary_is_no_task_for_ever) {
  const journal::Write task{.key = "k", .change = journal::Change::put};
  Rules rules{.others_write = true};
  EXPECT_EQ(plan_delivery(task, {}, {}, rules).step, Step::look_again) << "it may be slow";
  rules.overdue = true;
  EXPECT_EQ(plan_delivery(task, {}, {}, rules).step, Step::notice);
  rules.others_write = false;
  EXPECT_EQ(plan_delivery(task, {}, {}, rules).step, Step::look_again);
}

HybridTime at(int seconds) { return HybridTime::at(WallTime(std::chrono::seconds(seconds))); }

/// Written through the group.
Sighting ours_at(int seconds) {
  return {.version = {.epoch = 1, .time = at(seconds), .region = "p"},
          .size = 2,
          .etag = "o",
          .through_us = true};
}

/// Put by others.
Sighting theirs_at(int seconds) {
  return {.version = {.epoch = 0, .time = at(seconds), .region = {}}, .size = 1, .etag = "t"};
}

TEST(Plan, what_others_put_over_an_older_object_is_not_undone_by_a_primary_that_was_lost) {
  const journal::Write task{.key = "k", .change = journal::Change::compare};
  const Sighting theirs = theirs_at(20);
  Sighting lost = ours_at(10);
  const Rules rules{.only_there = OnlyThere::acknowledged, .others_write = true};
  EXPECT_EQ(plan_delivery(task, theirs, lost, rules).step, Step::notice);
  lost.version.time = at(30);
  EXPECT_EQ(plan_delivery(task, theirs, lost, rules).step, Step::adopt)
      << "nobody else may have it";
}

TEST(Plan, a_copy_of_what_others_put_is_not_undone_by_a_target_that_has_an_older_object) {
  const journal::Write task{.key = "k", .change = journal::Change::compare};
  Sighting copy = theirs_at(20);
  copy.source = "t";
  Sighting ours = ours_at(10);
  const Rules rules{.only_there = OnlyThere::removed, .others_write = true};
  EXPECT_EQ(plan_delivery(task, copy, ours, rules).step, Step::notice);
  ours.version.time = at(30);
  EXPECT_EQ(plan_delivery(task, copy, ours, rules).step, Step::adopt) << "it came after the copy";
}

TEST(Plan, what_others_put_last_to_a_primary_that_was_lost_wins_as_any_last_write) {
  journal::Write task{.key = "k", .change = journal::Change::compare};
  Sighting ours = ours_at(10);
  const Sighting theirs = theirs_at(20);
  Rules rules{.only_there = OnlyThere::acknowledged, .others_write = true};
  EXPECT_EQ(plan_delivery(task, ours, theirs, rules).step, Step::adopt_anew);
  task = {.key = "k", .version = ours.version, .change = journal::Change::remove};
  EXPECT_EQ(plan_delivery(task, {}, theirs, rules).step, Step::adopt_anew);
  task.version.time = ours.version.time = at(30);
  EXPECT_EQ(plan_delivery(task, {}, theirs, rules).step, Step::remove);
  task.change = journal::Change::compare;
  EXPECT_EQ(plan_delivery(task, ours, theirs, rules).step, Step::put);
  ours.version.time = at(10);
  rules.policy = ConflictPolicy::primary_wins;
  EXPECT_EQ(plan_delivery(task, ours, theirs, rules).step, Step::put) << "as the policy says";
}

TEST(Plan, what_others_put_to_a_primary_that_moved_is_adopted_and_elsewhere_left_alone) {
  const journal::Write task{.key = "k", .change = journal::Change::compare};
  const Sighting theirs = theirs_at(20);
  Rules rules{.only_there = OnlyThere::acknowledged, .others_write = true};
  EXPECT_EQ(plan_delivery(task, {}, theirs, rules).step, Step::adopt_anew);
  rules.only_there = OnlyThere::removed;
  EXPECT_EQ(plan_delivery(task, {}, theirs, rules).step, Step::leave);
  rules = {.only_there = OnlyThere::acknowledged};
  EXPECT_EQ(plan_delivery(task, {}, theirs, rules).step, Step::leave);
}

TEST(Plan, what_a_primary_that_was_lost_has_of_before_a_later_write_does_not_come_back) {
  const journal::Write task{
      .key = "k", .version = ours_at(20).version, .change = journal::Change::compare};
  Rules rules{.only_there = OnlyThere::acknowledged};
  EXPECT_EQ(plan_delivery(task, {}, ours_at(10), rules).step, Step::adopt) << "it may be all";
  rules.was_taken = true;
  const Plan past = plan_delivery(task, {}, ours_at(10), rules);
  EXPECT_EQ(past.step, Step::remove);
  EXPECT_TRUE(past.conflict) << "it is kept aside";
  EXPECT_EQ(plan_delivery(task, {}, ours_at(20), rules).step, Step::adopt);
}

}  // namespace
}  // namespace godwit::replication
