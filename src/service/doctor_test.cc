#include "service/doctor.h"

#include <gtest/gtest.h>

#include <functional>

#include "support/service_fixture.h"

namespace godwit::service {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kNow = WallTime(std::chrono::hours(24 * 20'000));

Json drill_of(const char* result, Duration age) {
  const auto at =
      std::chrono::duration_cast<std::chrono::milliseconds>((kNow - age).time_since_epoch());
  return {{"result", result}, {"at_ms", at.count()}};
}

/// Of a daemon of which nothing bad can be said.
Facts well() {
  Facts facts;
  facts.node = {.now = kNow,
                .has_tokens = true,
                .has_tls = true,
                .space = DiskSpace{.free = 80 * kGiB, .total = 100 * kGiB},
                .up = 1h,
                .since_scrape = 15s};
  GroupFacts group{.detects = true};
  group.config.name = "backups";
  group.config.primary = {.name = "sgp1", .region = "sgp1"};
  group.config.mode = Mode::semi_sync;
  group.status = {.name = "backups", .primary = "sgp1", .primary_health = Health::healthy};
  for (const char* name : {"nyc3", "fra1"}) {
    group.config.targets.push_back({.name = name, .region = name});
    TargetStatus target{.name = name, .region = name, .health = Health::healthy};
    target.caught_up = true;
    group.status.targets.push_back(target);
  }
  group.last_drill = drill_of("proven", 24h);
  for (const char* name : {"sgp1", "nyc3", "fra1"}) {
    group.probes.push_back({.store = name, .clock_offset = Duration::zero()});
  }
  facts.groups.push_back(group);
  return facts;
}

/// The worst of a check; absent: it was not made.
std::optional<Checked> found(const Facts& facts, const std::string& id) {
  for (const Checked& each : examine(facts)) {
    if (each.id == id) return each;
  }
  return std::nullopt;
}

/// What makes one check red, and how red.
struct Case {
  const char* id;
  Severity severity;
  const char* about;
  std::function<void(Facts&)> spoil;
};

const std::vector<Case>& cases() {
  using enum Severity;
  static const std::vector<Case> all = {
      {"tokens", advice, "", [](Facts& f) { f.node.has_tokens = false; }},
      {"tls", warning, "",
       [](Facts& f) {
         f.node.has_tls = false;
         f.node.reachable = true;
       }},
      {"disk", warning, "", [](Facts& f) { f.node.space->free = 10 * kGiB; }},
      {"disk", problem, "", [](Facts& f) { f.node.space->free = 3 * kGiB; }},
      {"disk", problem, "",
       [](Facts& f) { f.node.space = DiskSpace{.free = 400 * kMiB, .total = kGiB}; }},
      {"disk", advice, "", [](Facts& f) { f.node.space.reset(); }},
      {"alerts", advice, "", [](Facts& f) { f.node.since_scrape.reset(); }},
      {"alerts", advice, "", [](Facts& f) { f.node.since_scrape = 11min; }},
      {"copies", warning, "", [](Facts& f) { f.groups[0].status.targets.pop_back(); }},
      {"regions", warning, "", [](Facts& f) { f.groups[0].status.targets[0].region = "sgp1"; }},
      {"drill", warning, "", [](Facts& f) { f.groups[0].last_drill = nullptr; }},
      {"drill", warning, "",
       [](Facts& f) { f.groups[0].last_drill = drill_of("proven", 24h * 32); }},
      {"drill", warning, "", [](Facts& f) { f.groups[0].last_drill = drill_of("not_proven", 1h); }},
      {"drill", problem, "", [](Facts& f) { f.groups[0].last_drill = drill_of("failed", 1h); }},
      {"failover", advice, "", [](Facts& f) { f.groups[0].config.failover.automatic = false; }},
      {"failover", warning, "",
       [](Facts& f) {
         for (ReplicaTarget& target : f.groups[0].config.targets) target.is_read_replica = true;
       }},
      {"home", advice, "",
       [](Facts& f) {
         std::swap(f.groups[0].status.primary, f.groups[0].status.targets[0].name);
         f.groups[0].status.targets[0].region = "sgp1";
       }},
      {"detection", advice, "", [](Facts& f) { f.groups[0].detects = false; }},
      {"promises", advice, "", [](Facts& f) { f.groups[0].config.mode = Mode::async; }},
      {"backlog", warning, "nyc3",
       [](Facts& f) {
         f.groups[0].config.max_backlog = 1000;
         f.groups[0].status.targets[0].tasks = 500;
       }},
      {"unsettled", warning, "", [](Facts& f) { f.groups[0].status.unsettled = 1; }},
      {"access", problem, "fra1",
       [](Facts& f) {
         f.groups[0].probes[2] = {.store = "fra1", .error = Error(Code::permission_denied, "no")};
       }},
      {"clock", warning, "nyc3", [](Facts& f) { f.groups[0].probes[1].clock_offset = 20s; }},
      {"clock", problem, "nyc3", [](Facts& f) { f.groups[0].probes[1].clock_offset = -2min; }},
      {"open", problem, "", [](Facts& f) { f.groups[0].open = false; }},
      {"primary_away", problem, "",
       [](Facts& f) { f.groups[0].status.primary_health = Health::unhealthy; }},
      {"failed", problem, "nyc3",
       [](Facts& f) { f.groups[0].status.targets[0].state = State::failed; }},
      {"away", problem, "nyc3",
       [](Facts& f) { f.groups[0].status.targets[0].health = Health::unhealthy; }},
      {"paused", warning, "nyc3",
       [](Facts& f) { f.groups[0].status.targets[0].state = State::paused; }},
      {"lag", warning, "nyc3", [](Facts& f) { f.groups[0].status.targets[0].lag = 1h; }},
      {"queue", warning, "nyc3", [](Facts& f) { f.groups[0].status.targets[0].tasks = 10'001; }},
      {"full", problem, "nyc3", [](Facts& f) { f.groups[0].status.targets[0].is_full = true; }},
      {"dead_letters", problem, "nyc3",
       [](Facts& f) { f.groups[0].status.targets[0].dead_letters = 1; }},
      {"conflicts", warning, "nyc3", [](Facts& f) {
         f.groups[0].status.targets[0].dead_letters = 1;
         f.groups[0].conflicts["nyc3"] = 1;
       }}};
  return all;
}

TEST(Doctor, finds_nothing_where_all_is_well) {
  for (const Checked& each : examine(well())) {
    EXPECT_EQ(each.severity, Severity::ok) << each.id << ": " << each.what;
    EXPECT_TRUE(each.why.empty() && each.todo.empty()) << each.id;
  }
}

TEST(Doctor, each_check_is_green_until_it_is_red_and_says_why_and_what_to_do) {
  for (const Case& each : cases()) {
    const auto green = found(well(), each.id);
    EXPECT_TRUE(!green || green->severity == Severity::ok) << each.id;
    Facts facts = well();
    each.spoil(facts);
    const auto red = found(facts, each.id);
    ASSERT_TRUE(red) << each.id;
    EXPECT_EQ(red->severity, each.severity) << each.id << ": " << red->what;
    EXPECT_EQ(red->about, each.about) << each.id;
    EXPECT_FALSE(red->what.empty() || red->why.empty() || red->todo.empty()) << each.id;
    EXPECT_EQ(examine(facts).front().severity, each.severity) << each.id << ": the worst is first";
  }
}

TEST(Doctor, one_that_has_just_begun_is_not_said_to_be_unwatched) {
  Facts facts = well();
  facts.node.since_scrape.reset();
  facts.node.up = 1min;
  EXPECT_EQ(found(facts, "alerts")->severity, Severity::ok);
}

TEST(Doctor, of_a_store_that_was_not_asked_nothing_is_said) {
  Facts facts = well();
  facts.groups[0].probes = {{.store = "nyc3", .asked = false}};
  EXPECT_FALSE(found(facts, "access"));
  EXPECT_FALSE(found(facts, "clock"));
}

TEST(Doctor, the_answer_names_the_worst) {
  Facts facts = well();
  EXPECT_EQ(shape(examine(facts))["severity"], "ok");
  facts.groups[0].detects = false;
  EXPECT_EQ(shape(examine(facts))["severity"], "advice");
  const Json check = shape(examine(facts))["checks"][0];
  EXPECT_EQ(check["id"], "detection");
  EXPECT_EQ(check["group"], "backups");
  EXPECT_FALSE(check.contains("about"));
}

class DoctorOfService : public ServiceTest {
 protected:
  static Json check(const Json& answer, const std::string& id, const std::string& about = "") {
    for (const Json& each : answer["checks"]) {
      if (each["id"] == id && each.value("about", "") == about) return each;
    }
    return {};
  }
};

TEST_F(DoctorOfService, tries_the_stores_when_asked_and_leaves_nothing_there) {
  open();
  const Json looked = ask("GET", "/api/v1/doctor").json();
  EXPECT_EQ(looked["probed"], false);
  EXPECT_TRUE(check(looked, "access", "b").is_null());
  EXPECT_EQ(check(looked, "drill")["severity"], "warning");
  EXPECT_NE(check(looked, "disk")["severity"], "advice") << "the room is known";
  const Json tried = ask("POST", "/api/v1/doctor?group=g").json();
  EXPECT_EQ(tried["probed"], true);
  for (const char* name : {"a", "b", "c"}) {
    EXPECT_EQ(check(tried, "access", name)["severity"], "ok") << tried;
    EXPECT_EQ(check(tried, "clock", name)["severity"], "ok") << tried;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path(name))) {
      EXPECT_EQ(entry.path().filename().string().find("probe"), std::string::npos);
    }
  }
}

TEST_F(DoctorOfService, names_a_store_that_takes_nothing) {
  group = "health_check_timeout = \"300ms\"\n";
  open();
  ASSERT_TRUE(settled());
  // A probe may make the directory anew in between.
  while (!std::filesystem::is_regular_file(path("c"))) {
    std::filesystem::remove_all(path("c"));
    write("c", "no directory");
  }
  const Json tried = ask("POST", "/api/v1/doctor").json();
  EXPECT_EQ(tried["severity"], "problem");
  EXPECT_EQ(check(tried, "access", "c")["severity"], "problem") << tried;
  EXPECT_EQ(check(tried, "access", "b")["severity"], "ok");
  EXPECT_TRUE(check(tried, "clock", "c").is_null());
}

TEST_F(DoctorOfService, an_unknown_group_is_refused_with_the_nearest) {
  open();
  for (const char* method : {"GET", "POST"}) {
    const Told told = ask(method, "/api/v1/doctor?group=h");
    EXPECT_EQ(told.status, 404U);
    EXPECT_EQ(told.json()["error"]["code"], "not_found");
  }
}

}  // namespace
}  // namespace godwit::service
