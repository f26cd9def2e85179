#include "service/history.h"

#include <gtest/gtest.h>

namespace godwit::service {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TargetStatus target(const std::string& name, std::uint64_t replicated = 0, Bytes bytes = 0) {
  TargetStatus status;
  status.name = name;
  status.counts.replicated = replicated;
  status.counts.bytes = bytes;
  return status;
}

GroupStatus group(std::vector<TargetStatus> targets) {
  GroupStatus status;
  status.targets = std::move(targets);
  return status;
}

constexpr MonoTime kStart{seconds(100)};
constexpr WallTime kWall{seconds(1'700'000'000)};

Json told(const History& history, std::uint64_t after = 0, MonoTime now = kStart) {
  return history.tell(after, kWall, now);
}

TEST(History, is_empty_before_its_first_moment) {
  const Json json = told(History());
  EXPECT_EQ(json["last"], 0);
  EXPECT_TRUE(json["at_ms"].empty());
  EXPECT_TRUE(json["targets"].empty());
}

TEST(History, tells_lag_and_queue_at_once_and_rates_from_the_second_moment_on) {
  History history;
  TargetStatus b = target("b", 10, 1000);
  b.lag = milliseconds(1500);
  b.tasks = 7;
  history.note(kStart, group({b}));
  history.note(kStart + seconds(4), group({target("b", 30, 5000)}));
  const Json json = told(history, 0, kStart + seconds(4));
  EXPECT_EQ(json["interval_ms"], 5000);
  EXPECT_EQ(json["at_ms"], Json({1'699'999'996'000, 1'700'000'000'000}));
  const Json& series = json["targets"][0];
  EXPECT_EQ(series["name"], "b");
  EXPECT_EQ(series["lag_ms"], Json({1500, 0}));
  EXPECT_EQ(series["tasks"], Json({7, 0}));
  EXPECT_EQ(series["bytes_per_second"], Json({nullptr, 1000}));
  EXPECT_EQ(series["writes_per_second"], Json({nullptr, 5.0}));
}

TEST(History, never_tells_a_little_as_nothing) {
  History history;
  TargetStatus b = target("b");
  b.lag = std::chrono::microseconds(3);
  history.note(kStart, group({b}));
  history.note(kStart + seconds(1000), group({target("b", 1, 1)}));
  const Json series = told(history)["targets"][0];
  EXPECT_EQ(series["lag_ms"][0], 1);
  EXPECT_EQ(series["bytes_per_second"][1], 1);
  EXPECT_EQ(series["writes_per_second"][1], 0.1);
}

TEST(History, has_gaps_where_a_target_was_none_and_no_rate_where_counts_began_anew) {
  History history;
  history.note(kStart, group({target("b", 5)}));
  history.note(kStart + seconds(5), group({target("c", 90)}));
  history.note(kStart + seconds(10), group({target("b", 6), target("c", 2)}));
  history.note(kStart + seconds(15), group({target("b", 16), target("c", 3)}));
  const Json json = told(history);
  const Json& b = json["targets"][0];
  EXPECT_EQ(b["tasks"], Json({0, nullptr, 0, 0}));
  EXPECT_EQ(b["writes_per_second"], Json({nullptr, nullptr, nullptr, 2.0}));
  const Json& c = json["targets"][1];
  EXPECT_EQ(c["tasks"], Json({nullptr, 0, 0, 0}));
  EXPECT_EQ(c["writes_per_second"], Json({nullptr, nullptr, nullptr, 0.2}));
}

TEST(History, tells_what_came_after_a_number_and_everything_for_one_of_another_process) {
  History history;
  for (int i = 0; i < 10; ++i) history.note(kStart + seconds(i), group({target("b")}));
  EXPECT_EQ(told(history)["at_ms"].size(), 10U);
  EXPECT_EQ(told(history, 7)["at_ms"].size(), 3U);
  EXPECT_EQ(told(history, 7)["targets"][0]["tasks"].size(), 3U);
  EXPECT_TRUE(told(history, 10)["at_ms"].empty());
  EXPECT_EQ(told(history, 500)["at_ms"].size(), 10U);
}

TEST(History, keeps_an_hour_and_forgets_targets_with_it) {
  History history;
  history.note(kStart, group({target("gone")}));
  const std::size_t more = History::kMostMoments + 5;
  for (std::size_t i = 1; i <= more; ++i) {
    TargetStatus b = target("b");
    b.tasks = i;
    history.note(kStart + seconds(i), group({b}));
  }
  const Json json = told(history, 0, kStart + seconds(more));
  EXPECT_EQ(json["last"], more + 1);
  ASSERT_EQ(json["at_ms"].size(), History::kMostMoments);
  EXPECT_EQ(json["at_ms"].back(), 1'700'000'000'000);
  ASSERT_EQ(json["targets"].size(), 1U);
  const Json& tasks = json["targets"][0]["tasks"];
  EXPECT_EQ(tasks.front(), 6);
  EXPECT_EQ(tasks.back(), more);
}

TEST(History, has_a_bound_for_targets_that_come_and_go) {
  History history;
  for (std::size_t i = 0; i < 2 * History::kMostTargets; ++i) {
    history.note(kStart + seconds(i), group({target("t" + std::to_string(1000 + i))}));
  }
  const Json targets = told(history)["targets"];
  ASSERT_EQ(targets.size(), History::kMostTargets);
  EXPECT_EQ(targets.back()["name"], "t1199");
}

}  // namespace
}  // namespace godwit::service
