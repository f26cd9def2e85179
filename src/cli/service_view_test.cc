#include "cli/service_view.h"

#include <gtest/gtest.h>

namespace godwit::cli {
namespace {

ServiceJson target(const char* name) {
  return {{"name", name},      {"region", "r-1"},   {"health", "healthy"},
          {"state", "active"}, {"lag_ms", 0},       {"tasks", 0},
          {"bytes", 0},        {"dead_letters", 0}, {"note", "has everything"}};
}

ServiceJson group(std::vector<ServiceJson> targets) {
  return ServiceJson::array({{{"name", "backups"},
                              {"primary", "sgp1"},
                              {"primary_health", "healthy"},
                              {"epoch", 3},
                              {"unsettled", 0},
                              {"targets", std::move(targets)}}});
}

TEST(StatusView, columns_are_as_wide_as_what_is_in_them) {
  EXPECT_EQ(table({{"A", "LONG", "C"}, {"wide", "x", ""}, {"y", "z", "end"}}),
            "  A     LONG  C\n  wide  x\n  y     z     end\n");
}

TEST(StatusView, says_that_all_is_well_only_when_it_is) {
  const StatusView view = status_view(group({target("nyc3"), target("fra1")}));
  EXPECT_TRUE(view.attention.empty());
  EXPECT_EQ(
      view.text,
      "backups: primary sgp1 (healthy), epoch 3\n"
      "  TARGET  REGION  HEALTH   STATE   LAG  QUEUE  BYTES  DEAD  CONFLICTS\n"
      "  nyc3    r-1     healthy  active  0    0      0 B    0     0          has everything\n"
      "  fra1    r-1     healthy  active  0    0      0 B    0     0          has everything\n\n"
      "All is well.\n");
}

TEST(StatusView, names_what_needs_attention_last_and_in_the_daemons_words) {
  ServiceJson away = target("nyc3");
  away["health"] = "unhealthy";
  away["note"] = "does not answer; 1234 writes wait";
  away["lag_ms"] = 723'000;
  ServiceJson groups = group({away, target("lon1")});
  groups[0]["attention"] = {
      {{"kind", "primary_away"}, {"message", "primary sgp1 does not answer"}},
      {{"kind", "away"}, {"target", "nyc3"}, {"message", "does not answer; 1234 writes wait"}},
      {{"kind", "dead_letters"}, {"target", "lon1"}, {"message", "2 dead letters"}}};
  const StatusView view = status_view(groups);
  EXPECT_EQ(view.attention,
            (std::vector<std::string>{"backups: primary sgp1 does not answer",
                                      "backups: nyc3 does not answer; 1234 writes wait",
                                      "backups: lon1 2 dead letters; see `godwit dead-letters`"}));
  EXPECT_NE(view.text.find("12m"), std::string::npos) << view.text;
  EXPECT_NE(view.text.find("0          does not answer; 1234 writes wait\n"), std::string::npos);
  EXPECT_TRUE(view.text.ends_with("ATTENTION  " + view.attention.back() + "\n"));
  EXPECT_EQ(longest_lag_ms(groups), 723'000);
}

TEST(StatusView, a_group_that_is_not_open_needs_attention) {
  const StatusView view = status_view(ServiceJson::array(
      {{{"name", "g"},
        {"open", false},
        {"attention", ServiceJson::array({{{"kind", "opening"}, {"message", "not open yet"}}})}}}));
  EXPECT_EQ(view.attention, std::vector<std::string>{"g: not open yet"});
  EXPECT_NE(view.text.find("g: not open yet\n\n"), std::string::npos);
}

TEST(StatusView, survives_answers_of_another_version) {
  EXPECT_FALSE(status_view(ServiceJson::array({ServiceJson::object()})).text.empty());
  EXPECT_EQ(lag_view(ServiceJson::array()), "  GROUP  TARGET  LAG  QUEUE\n");
  EXPECT_FALSE(move_view(ServiceJson::object()).empty());
  EXPECT_FALSE(event_view(ServiceJson::object()).empty());
}

TEST(MoveView, names_the_writes_at_risk_and_says_when_that_is_not_all) {
  ServiceJson report{{"from", "a"}, {"to", "b"},      {"kind", "failover"}, {"lacking", 30},
                     {"healed", 5}, {"exact", false}, {"dry_run", true}};
  for (int i = 0; i < 25; ++i) {
    report["at_risk"].push_back({{"key", "key-" + std::to_string(i)}, {"version", "v"}});
  }
  const std::string text = move_view(report);
  EXPECT_TRUE(text.starts_with("failover: a -> b (dry run)\n")) << text;
  EXPECT_NE(text.find("at risk: 25 writes"), std::string::npos);
  EXPECT_NE(text.find("key-19"), std::string::npos);
  EXPECT_EQ(text.find("key-20"), std::string::npos);
  EXPECT_NE(text.find("and 5 more"), std::string::npos);
  EXPECT_NE(text.find("NOT EXACT"), std::string::npos);
  report["kind"] = "switchover";
  EXPECT_EQ(move_view(report).find("NOT EXACT"), std::string::npos) << "it loses nothing";
}

TEST(EventView, is_one_line_whatever_is_in_a_key) {
  const std::string text = event_view({{"group", "g"},
                                       {"event", "write_failed"},
                                       {"at_ms", 1'700'000'000'000},
                                       {"target", "b"},
                                       {"key", "a\nb"}});
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_TRUE(text.starts_with("2023-11-14 22:13:20  g  write_failed  b  ")) << text;
}

}  // namespace
}  // namespace godwit::cli
