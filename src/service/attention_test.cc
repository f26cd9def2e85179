#include "service/attention.h"

#include <gtest/gtest.h>

namespace godwit::service {
namespace {

TargetStatus target(const std::string& name) {
  TargetStatus status;
  status.name = name;
  status.health = Health::healthy;
  status.caught_up = true;
  return status;
}

std::vector<std::string> told(const GroupStatus& status, const ReplicationConfig& config = {}) {
  std::vector<std::string> lines;
  for (const Attention& each : attention_of(status, config)) {
    lines.push_back(each.kind + "|" + each.target + "|" + each.message);
  }
  return lines;
}

TEST(Attention, is_nothing_when_all_is_well) {
  GroupStatus status{.primary = "a", .primary_health = Health::healthy};
  status.targets = {target("b"), target("c")};
  EXPECT_TRUE(told(status).empty());
  EXPECT_EQ(note_of(status.targets[0]), "has everything");
}

TEST(Attention, names_the_worst_of_each_target_and_the_primary_first) {
  GroupStatus status{.primary = "sgp1", .primary_health = Health::unhealthy};
  TargetStatus failed = target("b");
  failed.state = State::failed;
  failed.why_failed = "its bucket is another one";
  failed.dead_letters = 3;
  TargetStatus paused = target("c");
  paused.state = State::paused;
  paused.tasks = 1;
  TargetStatus away = target("d");
  away.health = Health::unhealthy;
  away.tasks = 1234;
  TargetStatus full = target("f");
  full.is_full = true;
  full.tasks = 2;
  TargetStatus dead = target("e");
  dead.dead_letters = 2;
  status.targets = {failed, paused, away, full, dead};
  EXPECT_EQ(told(status), (std::vector<std::string>{"primary_away||primary sgp1 does not answer",
                                                    "failed|b|failed: its bucket is another one",
                                                    "paused|c|paused by an operator; 1 write waits",
                                                    "away|d|does not answer; 1234 writes wait",
                                                    "full|f|has no room; 2 writes wait",
                                                    "dead_letters|e|2 dead letters"}));
  EXPECT_EQ(note_of(away), "does not answer; 1234 writes wait");
}

TEST(Attention, tells_conflicts_apart_from_dead_letters) {
  GroupStatus status{.primary = "a", .primary_health = Health::healthy};
  TargetStatus both = target("b");
  both.dead_letters = 3;
  TargetStatus one = target("c");
  one.dead_letters = 2;
  status.targets = {both, one};
  std::vector<std::string> lines;
  for (const Attention& each : attention_of(status, {}, {{"b", 1}, {"c", 2}})) {
    lines.push_back(each.kind + "|" + each.target + "|" + each.message);
  }
  EXPECT_EQ(lines, (std::vector<std::string>{
                       "dead_letters|b|2 dead letters, 1 conflict waits for a person",
                       "conflicts|c|2 conflicts wait for a person"}));
  EXPECT_EQ(note_of(one, {{"c", 2}}), "2 conflicts wait for a person");
}

TEST(Attention, tells_what_is_beyond_the_alerts_of_the_config) {
  ReplicationConfig config;
  config.max_replication_lag = std::chrono::seconds(5);
  config.alerts.queue = 10;
  GroupStatus status{.primary = "a", .primary_health = Health::healthy};
  TargetStatus late = target("b");
  late.caught_up = false;
  late.lag = std::chrono::seconds(12);
  TargetStatus full = target("c");
  full.tasks = 11;
  status.targets = {late, full};
  EXPECT_EQ(told(status, config),
            (std::vector<std::string>{"lag|b|lags 12.0s, more than 5.0s",
                                      "queue|c|11 writes wait, more than 10"}));
  EXPECT_EQ(note_of(late), "catching up");
  config.alerts.lag = std::chrono::minutes(1);
  EXPECT_EQ(told(status, config).size(), 1U);
  late.state = State::syncing;
  EXPECT_EQ(note_of(late), "is being compared");
}

}  // namespace
}  // namespace godwit::service
