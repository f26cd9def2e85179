#include "support/group_fixture.h"

namespace godwit::replication {
namespace {

TEST_F(GroupTest, a_write_reaches_every_target_and_metadata_go_with_it) {
  start();
  ASSERT_TRUE(put("k", "1", {.metadata = {.content_type = "text/x"}}));
  wait();
  EXPECT_EQ(held("a", "k"), "1");
  EXPECT_EQ(held("b", "k"), "1");
  const auto there = store("a");
  const Context context(world_);
  const std::string key = "k";
  EXPECT_EQ(test::run_task(world_, there->head(context, key)).value().metadata.content_type,
            "text/x");
  EXPECT_TRUE(status("a").caught_up);
  EXPECT_EQ(status("a").counts.replicated, 1U);
}

TEST_F(GroupTest, what_was_there_before_the_target_joined_is_copied_to_it) {
  behind_our_back("p", "old", "1");
  start();
  wait(1min);
  EXPECT_EQ(held("a", "old"), "1");
  EXPECT_TRUE(status("a").caught_up);
}

TEST_F(GroupTest, a_sync_write_says_who_has_it) {
  config_.mode = Mode::sync;
  start();
  const auto receipt = put("k", "1");
  ASSERT_TRUE(receipt);
  ASSERT_EQ(receipt->targets.size(), 2U);
  EXPECT_EQ(receipt->targets[0].ack, Ack::acknowledged);
  EXPECT_EQ(receipt->targets[1].ack, Ack::acknowledged);
  EXPECT_EQ(held("b", "k"), "1");
}

TEST_F(GroupTest, a_paused_target_is_excluded_and_gets_all_of_it_when_resumed) {
  config_.mode = Mode::sync;
  start();
  ASSERT_TRUE(group_->pause("a"));
  const auto receipt = put("k", "1");
  ASSERT_TRUE(receipt);
  EXPECT_EQ(receipt->targets[0].ack, Ack::excluded);
  wait(5min);  // probes pass
  EXPECT_EQ(status("a").state, State::paused);
  EXPECT_EQ(held("a", "k"), "(nothing)");
  EXPECT_GE(status("a").lag, 5min);
  ASSERT_TRUE(group_->resume("a"));
  wait(1min);
  EXPECT_EQ(held("a", "k"), "1");
  EXPECT_EQ(status("a").state, State::active);
  EXPECT_FALSE(group_->resume("a")) << "it is not paused";
}

TEST_F(GroupTest, a_sync_write_waits_for_each_target_as_long_as_that_may_take) {
  config_.mode = Mode::sync;
  config_.targets[0].sync_timeout = 1s;
  start();
  faults_["b"].longest_delay = 4s;
  ASSERT_TRUE(put("k", "1")) << "the other one may take longer";
  take_away("a");
  const MonoTime begun = world_.mono_now();
  EXPECT_FALSE(put("k", "2"));
  EXPECT_LT(world_.mono_now() - begun, 2s) << "nobody can help any more";
}

TEST_F(GroupTest, reads_never_miss_an_acknowledged_write) {
  start();
  ASSERT_TRUE(put("k", "1"));
  ReadOptions options{.preference = ReadPreference::secondary};
  const Context context(world_);
  EXPECT_EQ(test::run_task(world_, get_through(context, *group_, "k", options)).value(), "1");
  wait();
  const auto later = test::run_task(world_, group_->get(context, "k", options));
  EXPECT_NE(later->from, "p");
}

TEST_F(GroupTest, the_nearest_is_the_one_in_the_callers_region_while_it_is_fresh) {
  start();
  ASSERT_TRUE(put("k", "1"));
  wait();
  for (const std::string region : {"a", "b", "p"}) {
    EXPECT_EQ(read("k", {.preference = ReadPreference::nearest, .region = region})->from, region);
  }
  take_away("a");
  ASSERT_TRUE(put("k", "2"));
  const auto got = read("k", {.preference = ReadPreference::nearest, .region = "a"});
  ASSERT_TRUE(got);
  EXPECT_NE(got->from, "a") << "it lacks the newest write";
}

TEST_F(GroupTest, beyond_the_callers_region_the_nearest_is_who_answers_soonest) {
  faults_["p"].longest_delay = 400ms;
  faults_["a"].longest_delay = 300ms;
  faults_["b"].longest_delay = 5ms;
  start();
  ASSERT_TRUE(put("k", "1"));
  wait(5min);
  const ReadOptions elsewhere{.preference = ReadPreference::nearest, .region = "elsewhere"};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(read("k", elsewhere)->from, "b");
  take_away("b");
  EXPECT_NE(read("k", elsewhere)->from, "b");
  const ReadOptions here{.preference = ReadPreference::nearest, .region = "a"};
  EXPECT_EQ(read("k", here)->from, "a") << "the caller's region comes first";
}

TEST_F(GroupTest, secondaries_take_turns) {
  start();
  ASSERT_TRUE(put("k", "1"));
  wait();
  std::map<std::string, int> answers;
  for (int i = 0; i < 100; ++i) {
    ++answers[read("k", {.preference = ReadPreference::secondary})->from];
  }
  EXPECT_EQ(answers["a"], 50);
  EXPECT_EQ(answers["b"], 50);
}

TEST_F(GroupTest, a_sync_write_without_all_acks_fails_stays_and_is_delivered_later) {
  config_.mode = Mode::sync;
  for (TargetConfig& target : config_.targets) target.sync_timeout = 2s;
  start();
  take_away("a");
  Receipt receipt;
  const auto failed = put("k", "1", {.receipt = &receipt});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message(),
            "insufficient_acks: 1 of 2 targets have acknowledged the write");
  EXPECT_EQ(failed.error().outcome(), Outcome::applied);
  ASSERT_EQ(receipt.targets.size(), 2U);
  EXPECT_EQ(receipt.targets[0].ack, Ack::pending);
  EXPECT_EQ(receipt.targets[1].ack, Ack::acknowledged);
  EXPECT_EQ(held("p", "k"), "1");
  EXPECT_FALSE(status("a").caught_up);
  bring_back("a");
  wait(1min);
  EXPECT_EQ(held("a", "k"), "1");
}

TEST_F(GroupTest, a_write_without_enough_acks_succeeds_where_the_group_may_degrade) {
  config_.mode = Mode::semi_sync;
  config_.on_insufficient_acks = OnInsufficientAcks::degrade;
  for (TargetConfig& target : config_.targets) target.sync_timeout = 2s;
  start();
  take_away("a");
  take_away("b");
  const auto receipt = put("k", "1");
  ASSERT_TRUE(receipt);
  EXPECT_EQ(receipt->targets[0].ack, Ack::pending);
}

TEST_F(GroupTest, a_read_replica_does_not_count_for_semi_sync) {
  config_.mode = Mode::semi_sync;
  config_.targets[0].role = Role::read_replica;
  config_.targets[1].sync_timeout = 2s;
  start();
  take_away("b");
  const auto failed = put("k", "1");
  ASSERT_FALSE(failed) << "the read replica has it";
  EXPECT_EQ(failed.error().message(),
            "insufficient_acks: 0 of 1 targets have acknowledged the write");
}

TEST_F(GroupTest, a_write_may_depend_on_what_the_primary_holds) {
  start();
  ASSERT_TRUE(put("k", "1", {.expected = Expected{}}));
  EXPECT_EQ(put("k", "2", {.expected = Expected{}}).error().code(), Code::precondition_failed);
  const Version first = read("k")->version;
  ASSERT_TRUE(put("k", "2", {.expected = Expected{first}}));
  const auto late = put("k", "3", {.expected = Expected{first}});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().outcome(), Outcome::not_applied);
  EXPECT_EQ(held("p", "k"), "2");
}

TEST_F(GroupTest, a_backlog_over_its_limit_becomes_one_comparison) {
  config_.max_backlog = 10;
  start();
  ASSERT_TRUE(group_->pause("a"));
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(put("k" + std::to_string(i), "1"));
  EXPECT_LE(status("a").tasks, 20U);
  EXPECT_FALSE(status("a").caught_up);
  ASSERT_TRUE(group_->resume("a"));
  wait(1min);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(held("a", "k" + std::to_string(i)), "1") << i;
  EXPECT_TRUE(status("a").caught_up);
}

TEST(RoundTripTest, stores_that_are_about_as_near_are_equally_near) {
  RoundTrip near;
  RoundTrip far;
  RoundTrip never;
  near.add(10ms);
  far.add(100ms);
  EXPECT_LT(near.distance(), far.distance());
  EXPECT_LT(far.distance(), never.distance());
  const int before = near.distance();
  near.add(14ms);
  EXPECT_EQ(near.distance(), before) << "one slow answer moves nothing";
  EXPECT_EQ(near.smoothed(), 10500us);
}

TEST(DetectorTest, health_changes_with_hysteresis_both_ways) {
  Detector detector;
  EXPECT_EQ(detector.health(), Health::unknown);
  detector.success();
  EXPECT_EQ(detector.health(), Health::healthy);
  detector.failure();
  detector.failure();
  EXPECT_EQ(detector.health(), Health::degraded);
  detector.failure();
  EXPECT_EQ(detector.health(), Health::unhealthy);
  detector.success();
  EXPECT_EQ(detector.health(), Health::unhealthy) << "one success is not enough";
  detector.failure();
  EXPECT_EQ(detector.health(), Health::unhealthy) << "and a failure after it heals nothing";
  detector.success();
  detector.success();
  EXPECT_EQ(detector.health(), Health::healthy);
}

TEST_F(GroupTest, a_session_token_asks_for_its_write_or_a_newer_one) {
  start();
  const Version written = put("k", "1")->version;
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(read("k", {.preference = ReadPreference::any, .at_least = written}));
  }
  Version later = written;
  later.time.value += 1;
  const auto nobody = read("k", {.preference = ReadPreference::any, .at_least = later});
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code(), Code::unavailable);
}

TEST_F(GroupTest, keys_of_our_own_are_refused) {
  start();
  const auto refused = put(".godwit/group", "x");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::invalid_argument);
}

TEST_F(GroupTest, two_names_of_one_place_are_refused) {
  GroupStores stores;
  for (const char* name : {"p", "a", "b"}) stores[name] = store(name);
  stores["a"] = store("p");
  const auto refused = open(std::move(stores));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("one place"), std::string::npos);
}

TEST(GroupConfigCheck, says_which_field_is_wrong) {
  GroupConfig config{.name = "g", .primary = "p", .primary_region = "p"};
  config.targets = {{.name = "a", .region = "a"}, {.name = "a", .region = "b"}};
  EXPECT_EQ(check_config(config).error().message(), "targets.name 'a' is there twice");
  config.targets[1] = {.name = "b", .region = "b", .role = Role::read_replica};
  config.mode = Mode::semi_sync;
  config.min_sync_replicas = 2;
  EXPECT_NE(check_config(config).error().message().find("1 targets can acknowledge"),
            std::string::npos);
  config.min_sync_replicas = 1;
  EXPECT_TRUE(check_config(config));
  config.targets[0].max_attempts = 0;
  EXPECT_EQ(check_config(config).error().message(), "targets.a.max_attempts must be at least 1");
  config.targets[0].max_attempts = 1;
  config.targets[0].read_weight = 1001;
  EXPECT_EQ(check_config(config).error().message(), "targets.a.read_weight must be at most 1000");
  config.targets[0].read_weight = 0;
  config.failover.check_timeout = 0s;
  EXPECT_EQ(check_config(config).error().message(), "failover.check_timeout must be > 0");
}

}  // namespace
}  // namespace godwit::replication
