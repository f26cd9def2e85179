// The simulation itself: what it reads, and that its oracles see.
#include <gtest/gtest.h>

#include "sim/audit.h"
#include "sim/group_life.h"
#include "sim/history.h"
#include "sim/life.h"
#include "sim/scenario.h"

namespace godwit::sim {
namespace {

std::string refusal(const std::string& text) {
  const Result<Scenario> scenario = parse_scenario(text, "x/a.toml");
  return scenario ? "" : scenario.error().to_string();
}

TEST(Scenario, what_is_said_holds_and_the_rest_is_as_usual) {
  const Scenario scenario = parse_scenario(
                                "about = \"x\"\n"
                                "[workload]\nsource = \"file\"\nlargest = \"1MiB\"\n"
                                "[target.disk]\nsync_error = 0.5\ncapacity = \"2KB\"\n"
                                "[crash]\nshare = 1\nkind = \"power\"\n"
                                "[audits]\nrepair = 0.5\nlongest_pause = \"2h\"\n",
                                "scenarios/a.toml")
                                .value();
  EXPECT_EQ(scenario.name, "a");
  EXPECT_EQ(scenario.workload.source, Kind::file);
  EXPECT_EQ(scenario.workload.target, Kind::memory);
  EXPECT_EQ(scenario.workload.largest, kMiB);
  EXPECT_EQ(scenario.target.disk.sync_error, 0.5);
  EXPECT_EQ(scenario.target.disk.capacity, 2000);
  EXPECT_EQ(scenario.crash.kind, Crash::power);
  EXPECT_EQ(scenario.crash.share, 1);
  EXPECT_EQ(scenario.audits.repair, 0.5);
  EXPECT_EQ(scenario.audits.longest_pause, std::chrono::hours(2));
}

TEST(Scenario, a_key_that_is_not_known_is_an_error_with_its_line_and_the_nearest_match) {
  EXPECT_EQ(refusal("[target.disk]\n\nread_eror = 0.1\n"),
            "x/a.toml:3: 'read_eror' is not a key here (did you mean 'read_error'?)");
  EXPECT_EQ(refusal("[workloda]\n"),
            "x/a.toml:1: 'workloda' is not a key here (did you mean 'workload'?)");
}

TEST(Scenario, a_value_of_another_kind_is_an_error) {
  EXPECT_NE(refusal("[target.calls]\nunavailable = 2\n").find("share between 0 and 1"),
            std::string::npos);
  EXPECT_NE(refusal("[workload]\nsource = \"fil\"\n").find("did you mean 'file'?"),
            std::string::npos);
  EXPECT_NE(refusal("[workload]\nkeys = 0\n").find("a.toml:2"), std::string::npos);
  EXPECT_NE(refusal("[workload]\nwriter = \"between_calls\"\n").find("needs a source of files"),
            std::string::npos);
  EXPECT_NE(refusal("target = 1\n").find("must be a table"), std::string::npos);
  EXPECT_NE(refusal("x = = y").find("a.toml:1"), std::string::npos);
}

TEST(GroupScenario, what_is_said_holds_and_the_rest_is_as_usual) {
  const GroupScenario scenario =
      parse_group_scenario(
          "[group]\nmode = \"sync\"\nmax_attempts = 2\n[workload]\nforeign = 0.1\nredrives = 0.2\n"
          "[late]\nprimary = 0.3\nlongest = \"9s\"\n[clock]\nshare = 0.5\nlongest = \"1h\"\n",
          "scenarios/group_a.toml")
          .value();
  EXPECT_EQ(scenario.mode, replication::Mode::sync);
  EXPECT_EQ(scenario.max_attempts, 2);
  EXPECT_EQ(scenario.foreign, 0.1);
  EXPECT_EQ(scenario.redrives, 0.2);
  EXPECT_EQ(scenario.late.primary, 0.3);
  EXPECT_EQ(scenario.late.target, 0);
  EXPECT_EQ(scenario.late.longest, std::chrono::seconds(9));
  EXPECT_EQ(scenario.clock.share, 0.5);
  EXPECT_EQ(scenario.clock.longest, std::chrono::hours(1));
}

Found found_of(const Version& bytes, const Version& metadata) {
  return {.bytes = body_of(bytes), .metadata = metadata_of(metadata), .modified = {}};
}

TEST(History, tells_a_version_from_all_that_is_none) {
  History history;
  const Version one = history.make_version("a", 1000, {});
  const Version two = history.make_version("a", 1000, {});
  EXPECT_FALSE(history.judge("a", found_of(one, one)));
  EXPECT_FALSE(history.judge("a", found_of(two, two)));
  EXPECT_TRUE(history.judge("a", found_of(one, two))) << "metadata of another version";
  EXPECT_TRUE(history.judge("b", found_of(one, one))) << "another object";
  Found torn = found_of(one, one);
  torn.bytes.resize(512);
  EXPECT_TRUE(history.judge("a", torn));
  Found mixed = found_of(one, one);
  mixed.bytes.replace(512, 488, body_of(two), 512, 488);
  EXPECT_TRUE(history.judge("a", mixed));
  Found bare = found_of(one, one);
  bare.metadata = {};
  EXPECT_TRUE(history.judge("a", bare));
}

TEST(History, knows_what_the_source_had_since_a_moment) {
  History history;
  history.source_has("a", history.make_version("a", 8, {}));
  const std::uint64_t then = history.now();
  history.source_has("a", history.make_version("a", 8, {}));
  history.source_has("b", history.make_version("b", 8, {}));
  EXPECT_TRUE(history.source_had_all_along("a", then));
  EXPECT_FALSE(history.source_is_unchanged("a", then));
  EXPECT_FALSE(history.source_had_all_along("b", then));
  history.source_lost("a");
  history.source_has("a", history.make_version("a", 8, {}));
  EXPECT_FALSE(history.source_had_all_along("a", then));
  EXPECT_TRUE(history.source_had_all_along("a", history.now()));
}

TEST(Acknowledged, misses_what_is_lost_or_older) {
  History history;
  const Version one = history.make_version("a", 100, {});
  const Version two = history.make_version("a", 100, {});
  Acknowledged acknowledged;
  acknowledged.put_done("a", two.number);
  acknowledged.put_done("b", one.number);
  acknowledged.remove_begins("b");
  EXPECT_EQ(acknowledged.missing_in({}).size(), 1);
  EXPECT_EQ(acknowledged.missing_in({{"a", found_of(one, one)}}).size(), 1);
  EXPECT_TRUE(acknowledged.missing_in({{"a", found_of(two, two)}}).empty());
}

TEST(Parts, counts_what_a_later_run_sends_again) {
  Parts parts;
  const auto send = [&parts](const std::string& id, std::uint32_t number) {
    parts.part_begins(id);
    parts.part_done(id, number);
  };
  parts.upload_begins("id", "a", 1);
  send("id", 1);
  send("id", 1);
  send("id", 2);
  EXPECT_TRUE(parts.sent_too_often().empty()) << "a retry is no second run";
  parts.next_run();
  send("id", 2);
  EXPECT_TRUE(parts.sent_too_often().empty()) << "one was under way";
  send("id", 1);
  EXPECT_EQ(parts.sent_too_often().size(), 1);
}

TEST(Parts, counts_a_second_upload_of_the_same_version_as_sent_again) {
  Parts parts;
  parts.upload_begins("id", "a", 1);
  for (std::uint32_t number = 1; number <= 3; ++number) {
    parts.part_begins("id");
    parts.part_done("id", number);
  }
  parts.next_run();
  parts.upload_begins("another", "a", 1);
  for (std::uint32_t number = 1; number <= 3; ++number) {
    parts.part_begins("another");
    parts.part_done("another", number);
  }
  EXPECT_EQ(parts.sent_too_often().size(), 1);
}

Audit audit_of(transfer::VerifyLevel level) {
  Audit audit;
  audit.level = level;
  audit.quiet = true;
  audit.summary.emplace();
  return audit;
}

std::size_t broken(const Audit& audit, const Contents& source, const Contents& target) {
  Known known;
  known.unchanged = [](const std::string&) { return true; };
  known.rotten = [](const std::string&) { return false; };
  return judge(audit, {source, target, target}, known).size();
}

TEST(Audit, names_what_differs_at_its_level_and_nothing_else) {
  using transfer::EventKind;
  using transfer::VerifyLevel;
  History history;
  const Version one = history.make_version("a", 100, {});
  const Version two = history.make_version("a", 100, {});
  const Contents source = {{"a", found_of(one, one)}};
  const Contents stale = {{"a", found_of(two, two)}};
  const Contents described = {{"a", found_of(one, two)}};
  EXPECT_EQ(broken(audit_of(VerifyLevel::listing), source, stale), 0) << "of no other size";
  Audit audit = audit_of(VerifyLevel::content);
  audit.summary->found.total = audit.summary->found.same = 1;
  EXPECT_EQ(broken(audit, source, source), 0);
  EXPECT_GE(broken(audit, source, stale), 1) << "missed";
  EXPECT_GE(broken(audit, source, described), 1) << "missed";
  EXPECT_GE(broken(audit, source, {}), 1) << "missed";
  audit.summary->found.same = 0;
  audit.summary->found.different = 1;
  audit.named.emplace("a", EventKind::different);
  EXPECT_EQ(broken(audit, source, stale), 0);
  EXPECT_GE(broken(audit, source, source), 1) << "invented";
  EXPECT_GE(broken(audit, source, described), 1) << "another class";
  audit.written.insert("a");
  EXPECT_GE(broken(audit, source, stale), 1) << "a verify does not write";
}

TEST(Sweep, takes_what_is_old_and_nothing_else) {
  Sweep sweep;
  sweep.surely_old = WallTime(std::chrono::seconds(100));
  sweep.surely_young = WallTime(std::chrono::seconds(110));
  const UploadId old{"a", "1", WallTime(std::chrono::seconds(90))};
  const UploadId young{"a", "2", WallTime(std::chrono::seconds(120))};
  sweep.before = {old, young};
  sweep.after = {young};
  sweep.summary.emplace();
  const auto nobody = [](const UploadId&) { return false; };
  EXPECT_TRUE(judge(sweep, nobody).empty());
  sweep.after = {};
  EXPECT_EQ(judge(sweep, nobody).size(), 1) << "the young one";
  sweep.after = {old, young};
  EXPECT_EQ(judge(sweep, nobody).size(), 1) << "the old one";
  sweep.run = transfer::Run::dry;
  EXPECT_TRUE(judge(sweep, nobody).empty());
  sweep.after = {young};
  EXPECT_EQ(judge(sweep, nobody).size(), 1) << "in a dry run";
}

TEST(Life, goes_the_same_way_from_the_same_seed_only) {
  Scenario scenario;
  scenario.workload.target = Kind::file;
  scenario.crash.share = 0.5;
  EXPECT_EQ(live(scenario, 1).trace, live(scenario, 1).trace);
  EXPECT_NE(live(scenario, 1).trace, live(scenario, 2).trace);
}

}  // namespace
}  // namespace godwit::sim
