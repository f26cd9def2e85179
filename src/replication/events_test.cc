#include "replication/events.h"

#include "support/group_fixture.h"

namespace godwit::replication {
namespace {

class EventsTest : public GroupTest {
 protected:
  std::size_t count(EventType type, const std::string& target = {}, const std::string& key = {}) {
    const auto is_meant = [&](const Event& event) {
      return event.type == type && (target.empty() || event.target == target) &&
             (key.empty() || event.key == key);
    };
    return static_cast<std::size_t>(std::ranges::count_if(group_->events().recent(), is_meant));
  }
};

TEST_F(EventsTest, an_outage_of_a_target_is_told_step_by_step) {
  start();
  EXPECT_EQ(count(EventType::target_healthy, "a"), 1U);
  take_away("a");
  ASSERT_TRUE(put("k", "1"));
  wait(1min);
  EXPECT_EQ(count(EventType::target_degraded, "a"), 1U);
  EXPECT_EQ(count(EventType::target_unhealthy, "a"), 1U);
  EXPECT_EQ(count(EventType::lag_exceeded, "a"), 1U) << "once for the whole outage";
  EXPECT_EQ(count(EventType::write_replicated, "b", "k"), 1U);
  EXPECT_EQ(count(EventType::write_replicated, "a"), 0U);
  bring_back("a");
  wait(1min);
  EXPECT_EQ(count(EventType::target_healthy, "a"), 2U);
  EXPECT_EQ(count(EventType::write_replicated, "a", "k"), 1U);
  EXPECT_EQ(count(EventType::write_failed), 0U);
}

TEST_F(EventsTest, a_write_that_too_few_have_is_told) {
  config_.mode = Mode::sync;
  for (TargetConfig& target : config_.targets) target.sync_timeout = 5s;
  start();
  take_away("a");
  EXPECT_FALSE(put("k", "1"));
  EXPECT_EQ(count(EventType::insufficient_acks, {}, "k"), 1U);
}

TEST_F(EventsTest, a_conflict_is_told_and_its_end_is_counted) {
  start();
  behind_our_back("a", "k", "theirs");
  ASSERT_TRUE(put("k", "ours"));
  wait();
  EXPECT_EQ(count(EventType::conflict_detected, "a", "k"), 1U);
  EXPECT_EQ(group_->metrics().conflicts_detected, 1U);
  EXPECT_EQ(group_->metrics().conflicts_resolved, 1U);
}

TEST_F(EventsTest, a_conflict_that_waits_for_a_person_is_resolved_by_a_person) {
  config_.conflict_resolution = ConflictPolicy::manual;
  start();
  behind_our_back("a", "k", "theirs");
  ASSERT_TRUE(put("k", "ours"));
  wait();
  EXPECT_EQ(group_->metrics().conflicts_resolved, 0U);
  const Context context(world_);
  const std::string name = "a";
  const std::string key = "k";
  ASSERT_TRUE(test::run_task(world_, group_->resolve(context, name, key, Standing::primary)));
  wait();
  EXPECT_EQ(group_->metrics().conflicts_resolved, 1U);
  EXPECT_EQ(group_->metrics().writes_failed, 0U);
}

TEST_F(EventsTest, a_write_that_became_a_dead_letter_is_told) {
  start();
  wait(1min);  // the first comparison is done
  for (const char* target : {"a", "b"}) ASSERT_TRUE(group_->pause(target));
  ASSERT_TRUE(put("k", "1"));
  // What was in memory is to be read from the primary: others take its place there.
  for (const char* other : {"1", "2", "3", "4"}) {
    ASSERT_TRUE(put(other, std::string(8 * kMiB - 1, 'x')));
  }
  faults_["p"].flipped_bit = 1;
  for (const char* target : {"a", "b"}) ASSERT_TRUE(group_->resume(target));
  wait(10min);
  EXPECT_EQ(count(EventType::write_failed, "a", "k"), 1U);
  const ReplicationMetrics metrics = group_->metrics();
  EXPECT_EQ(metrics.writes_failed, 2U);
  EXPECT_TRUE(metrics.targets[0].has_data);
  EXPECT_EQ(metrics.targets[0].success_rate_percent, 80.0);
}

TEST_F(EventsTest, a_comparison_is_told_from_its_start_to_its_end) {
  start();
  const std::size_t before = count(EventType::sync_completed, "a");
  ASSERT_TRUE(group_->compare_anew("a"));
  wait();
  EXPECT_EQ(count(EventType::sync_completed, "a"), before + 1);
  EXPECT_EQ(count(EventType::sync_started, "a"), before + 1);
  EXPECT_FALSE(group_->events().recent().back().failed);
}

TEST_F(EventsTest, moves_of_the_primary_are_told_and_failovers_counted) {
  start();
  ASSERT_TRUE(put("k", "1"));
  wait();
  ASSERT_TRUE(move({.to = "b"}));
  EXPECT_EQ(count(EventType::primary_moved, "b"), 1U);
  EXPECT_EQ(count(EventType::failover_triggered), 0U);
  EXPECT_EQ(group_->metrics().failovers, 0U);
  take_away("b");
  ASSERT_TRUE(move({.kind = MoveKind::failover, .to = "a"}));
  EXPECT_EQ(count(EventType::failover_triggered, "b"), 1U);
  EXPECT_EQ(count(EventType::primary_moved, "a"), 1U);
  EXPECT_EQ(group_->metrics().failovers, 1U);
  EXPECT_EQ(group_->metrics().writes_replicated, 2U) << "what promoted targets got counts on";
  bring_back("b");
}

TEST_F(EventsTest, metrics_are_of_writes_and_of_real_times) {
  start();
  wait(1min);
  ReplicationMetrics metrics = group_->metrics();
  EXPECT_EQ(metrics.targets[0].success_rate_percent, 100.0);
  EXPECT_FALSE(metrics.targets[0].has_data);
  EXPECT_EQ(metrics.average_replication_time, Duration::zero());
  ASSERT_TRUE(group_->pause("a"));
  ASSERT_TRUE(put("k", "1"));
  wait(10s);
  ASSERT_TRUE(group_->resume("a"));
  wait();
  metrics = group_->metrics();
  EXPECT_EQ(metrics.writes_to_primary, 1U);
  EXPECT_EQ(metrics.writes_replicated, 2U);
  EXPECT_EQ(metrics.targets[0].attempts, 1U);
  EXPECT_GE(metrics.average_replication_time, 5s) << "one at once, one after ten seconds";
  EXPECT_LT(metrics.average_replication_time, 6s);
  EXPECT_EQ(metrics.write_time.count(), 1U);
  EXPECT_EQ(metrics.read_time.count(), 0U);
  EXPECT_EQ(read("k")->from, "p");
  EXPECT_FALSE(read("nothing"));
  EXPECT_EQ(group_->metrics().read_time.count(), 1U) << "only what succeeded";
  const DurationHistogram& to_a = metrics.targets[0].replication_time;
  EXPECT_EQ(to_a.count(), 1U);
  EXPECT_GE(to_a.percentile(1), 10s);
  EXPECT_LE(metrics.targets[1].replication_time.percentile(0.99), 1s);
}

TEST(DurationHistogram, tells_percentiles_to_a_range) {
  DurationHistogram histogram;
  EXPECT_EQ(histogram.percentile(0.5), 0s);
  EXPECT_EQ(histogram.mean(), 0s);
  for (int i = 0; i < 90; ++i) histogram.add(1ms);  // on the edge of the first range
  for (int i = 0; i < 10; ++i) histogram.add(2s);
  EXPECT_EQ(histogram.counts()[0], 90U);
  EXPECT_EQ(histogram.percentile(0.9), 1ms);
  EXPECT_EQ(histogram.percentile(0.45), 500us) << "spread evenly over the range";
  EXPECT_EQ(histogram.percentile(0.95), 1750ms);
  DurationHistogram sum;
  sum.add(24h);
  EXPECT_EQ(sum.percentile(0.5), 1h) << "longer than all ranges";
  sum += histogram;
  EXPECT_EQ(sum.count(), 101U);
  EXPECT_EQ(sum.counts().back(), 1U);
  EXPECT_EQ(sum.sum(), 24h + 90ms + 20s);
}

TEST_F(EventsTest, a_handler_that_throws_is_counted_and_others_are_called) {
  start();
  std::vector<std::uint64_t> heard;
  Events& events = group_->events();
  events.subscribe([](const Event&) { throw std::runtime_error("no"); });
  const auto second = events.subscribe([&](const Event& event) { heard.push_back(event.number); });
  ASSERT_TRUE(put("k", "1"));
  wait();
  EXPECT_EQ(heard.size(), 2U);
  EXPECT_EQ(events.handler_errors(), 2U);
  events.unsubscribe(second);
  ASSERT_TRUE(put("k", "2"));
  wait();
  EXPECT_EQ(heard.size(), 2U);
}

TEST_F(EventsTest, writes_push_out_no_news_and_what_is_kept_is_bounded) {
  start();
  for (std::size_t i = 0; i < Events::kMost; ++i) ASSERT_TRUE(put("k" + std::to_string(i), "1"));
  wait();
  EXPECT_EQ(count(EventType::write_replicated), Events::kMost);
  EXPECT_EQ(count(EventType::target_healthy), 2U);
  const auto recent = group_->events().recent();
  EXPECT_TRUE(std::ranges::is_sorted(recent, {}, &Event::number));
}

TEST_F(GroupTest, a_head_is_as_fresh_as_a_get_and_has_no_metadata_of_ours) {
  start();
  const auto receipt = put("k", "1", {.metadata = {.user = {{"a", "b"}}}});
  ASSERT_TRUE(receipt);
  wait();
  const Context context(world_);
  const std::string key = "k";
  const ReadOptions options{.preference = ReadPreference::secondary};
  const auto head = test::run_task(world_, group_->head(context, key, options));
  ASSERT_TRUE(head);
  EXPECT_NE(head->from, "p");
  EXPECT_EQ(head->version, receipt->version);
  EXPECT_EQ(head->info.metadata.user, (std::map<std::string, std::string>{{"a", "b"}}));
  ASSERT_TRUE(group_->pause("a"));
  ASSERT_TRUE(group_->pause("b"));
  ASSERT_TRUE(put("k", "22"));
  ASSERT_TRUE(group_->resume("a"));
  EXPECT_EQ(test::run_task(world_, group_->head(context, key, options))->info.size, 2U);
  const std::string other = "other";
  const auto none = test::run_task(world_, group_->head(context, other, options));
  EXPECT_EQ(none.error().code(), Code::not_found);
}

TEST_F(GroupTest, a_listing_is_the_primarys_without_objects_of_ours) {
  start();
  behind_our_back("p", ".godwit/rescue/x", "old");
  for (const char* key : {"b", "a/1", "a/2"}) ASSERT_TRUE(put(key, "1"));
  const Context context(world_);
  std::vector<std::string> keys;
  const auto listing = group_->list({.page_size = 1});
  while (true) {
    const auto page = test::run_task(world_, listing->next(context)).value();
    for (const ListEntry& entry : page) keys.push_back(entry.key);
    if (page.empty()) break;
  }
  EXPECT_EQ(keys, (std::vector<std::string>{"a/1", "a/2", "b"}));
}

TEST_F(EventsTest, a_long_queue_is_told_once_until_it_was_short_again) {
  config_.alerts.queue = 4;
  config_.alerts.lag = 10min;
  start();
  for (int outage = 1; outage <= 2; ++outage) {
    take_away("a");
    for (int i = 0; i < 8; ++i) ASSERT_TRUE(put("k" + std::to_string(i), "1"));
    wait(1min);
    EXPECT_EQ(count(EventType::queue_exceeded, "a"), static_cast<std::size_t>(outage));
    bring_back("a");
    wait(1min);
  }
  EXPECT_EQ(count(EventType::queue_exceeded, "b"), 0U);
  EXPECT_EQ(count(EventType::lag_exceeded), 0U) << "its limit is its own";
}

TEST_F(EventsTest, a_target_that_is_paused_or_lags_rings_within_two_seconds) {
  config_.alerts.lag = 7s;
  config_.alerts.queue = 3;
  start();
  wait(1s);
  ASSERT_TRUE(group_->pause("a"));
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(put("k" + std::to_string(i), "1"));
  EXPECT_EQ(count(EventType::queue_exceeded, "a"), 0U);
  wait(2s);
  EXPECT_EQ(count(EventType::queue_exceeded, "a"), 1U);
  wait(4s);
  EXPECT_EQ(count(EventType::lag_exceeded, "a"), 0U) << "not yet";
  wait(3s);
  EXPECT_EQ(count(EventType::lag_exceeded, "a"), 1U);
}

TEST_F(EventsTest, limits_of_alerts_change_while_it_is_open) {
  start();
  ASSERT_TRUE(group_->pause("a"));
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(put("k" + std::to_string(i), "1"));
  wait(2s);
  EXPECT_EQ(count(EventType::queue_exceeded, "a"), 0U);
  EXPECT_EQ(group_->set_alerts({.lag = -1s}).error().code(), Code::invalid_argument);
  ASSERT_TRUE(group_->set_alerts({.lag = 1h, .queue = 3}));
  wait(2s);
  EXPECT_EQ(count(EventType::queue_exceeded, "a"), 1U);
  wait(1min);
  EXPECT_EQ(count(EventType::lag_exceeded, "a"), 0U);
}

TEST(AlarmTest, rings_again_only_after_it_has_come_down_to_half) {
  Alarm alarm;
  EXPECT_FALSE(alarm.rings(10, 10));
  EXPECT_TRUE(alarm.rings(11, 10));
  EXPECT_FALSE(alarm.rings(20, 10));
  EXPECT_FALSE(alarm.rings(9, 10));
  EXPECT_FALSE(alarm.rings(11, 10));
  EXPECT_FALSE(alarm.rings(5, 10));
  EXPECT_TRUE(alarm.rings(11, 10));
}

}  // namespace
}  // namespace godwit::replication
