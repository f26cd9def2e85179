#include "service/drill.h"

#include <gtest/gtest.h>

#include "support/service_fixture.h"

namespace godwit::service {
namespace {

const std::string kGroup = "/api/v1/groups/g";
const std::string kJob = "/api/v1/jobs/1";

bool has_ended(const Json& job) { return job["state"] != "running"; }

class DrillTest : public ServiceTest {
 protected:
  /// Of the first drill of a service, when it has ended.
  Json drill(const std::string& patience = "20s") {
    begin(patience);
    EXPECT_TRUE(soon(kJob, has_ended));
    return ask("GET", kJob).json();
  }
  void begin(const std::string& patience) {
    const Told begun =
        ask("POST", kGroup + "/jobs", R"({"kind": "drill", "timeout": ")" + patience + "\"}");
    EXPECT_EQ(begun.status, 202U) << begun.body;
    EXPECT_EQ(begun.headers.find("Location"), kJob);
  }
  /// Of the report of a drill.
  static Json store(const Json& job, const std::string& name) {
    for (const Json& each : job["report"]["stores"]) {
      if (each["store"] == name) return each;
    }
    return {};
  }
  [[nodiscard]] std::size_t objects_in(const std::string& name) const {
    const std::filesystem::path directory = path(name) + "/godwit-drill";
    if (!std::filesystem::exists(directory)) return 0;
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(directory), {}));
  }
  void lose(const std::string& name) const {
    std::filesystem::remove_all(path(name));
    write(name, "no directory");
  }
};

TEST_F(DrillTest, proves_every_store_and_leaves_nothing) {
  open();
  EXPECT_TRUE(ask("GET", kGroup).json()["last_drill"].is_null());
  const Json job = drill();
  EXPECT_EQ(job["state"], "completed") << job;
  EXPECT_TRUE(job["all_well"]) << job;
  EXPECT_EQ(job["percent"], 100);
  EXPECT_EQ(job["report"]["result"], "proven");
  EXPECT_TRUE(job["report"]["cleaned"]);
  ASSERT_EQ(job["report"]["stores"].size(), 3U);
  for (const char* name : {"a", "b", "c"}) {
    const Json seen = store(job, name);
    EXPECT_EQ(seen["result"], "proven") << seen;
    EXPECT_EQ(seen["region"], name);
    EXPECT_EQ(seen["role"], name == std::string("a") ? "primary" : "target");
    EXPECT_TRUE(seen["verified"]);
    EXPECT_GE(seen["written_ms"], 0);
    EXPECT_GE(seen["removed_ms"], 0);
    EXPECT_FALSE(seen.contains("why"));
    EXPECT_EQ(objects_in(name), 0U);
  }
}

TEST_F(DrillTest, the_last_one_is_told_also_after_a_restart) {
  open();
  EXPECT_EQ(ask("GET", "/metrics").body.find("last_drill_success{"), std::string::npos);
  const Json report = drill()["report"];
  close();
  open();
  EXPECT_EQ(ask("GET", kGroup).json()["last_drill"], report);
  const std::string metrics = ask("GET", "/metrics").body;
  EXPECT_NE(metrics.find("godwit_last_drill_success{group=\"g\"} 1\n"), std::string::npos);
  EXPECT_NE(metrics.find("godwit_last_drill_timestamp_seconds{group=\"g\"} "), std::string::npos);
}

TEST_F(DrillTest, a_record_that_is_damaged_is_told_and_written_anew) {
  write("data/g/drill", "{\"result\": 1}");
  open();
  EXPECT_NE(log_.str().find("the last drill is not known"), std::string::npos);
  EXPECT_TRUE(ask("GET", kGroup).json()["last_drill"].is_null());
  (void)drill();
  close();
  open();
  EXPECT_EQ(ask("GET", kGroup).json()["last_drill"]["result"], "proven");
}

TEST_F(DrillTest, a_store_that_damages_what_it_is_given_is_named) {
  open();
  ReplicatedStore& served = *(*service_->groups().find("g"))->store;
  // Handlers are called in their order: the drill's hears of it after the damage.
  ASSERT_TRUE(served.on_event([this](const Event& event) {
    if (event.type != EventType::write_replicated || event.target != "c") return;
    if (std::filesystem::exists(path("c/" + event.key))) write("c/" + event.key, "damaged");
  }));
  const Json job = drill();
  EXPECT_FALSE(job["all_well"]);
  EXPECT_EQ(job["report"]["result"], "failed");
  EXPECT_EQ(store(job, "b")["result"], "proven");
  const Json damaged = store(job, "c");
  EXPECT_EQ(damaged["result"], "failed");
  EXPECT_FALSE(damaged["verified"]);
  EXPECT_EQ(damaged["why"], "holds other bytes than were written") << damaged;
  EXPECT_TRUE(damaged.contains("hint"));
  EXPECT_TRUE(settled());
  EXPECT_EQ(objects_in("b"), 0U);
  const std::string metrics = ask("GET", "/metrics").body;
  EXPECT_NE(metrics.find("godwit_last_drill_success{group=\"g\"} 0\n"), std::string::npos);
}

TEST_F(DrillTest, a_paused_target_is_not_proven_and_says_what_to_do) {
  open();
  ASSERT_EQ(ask("POST", kGroup + "/targets/b/pause").status, 204U);
  const Json job = drill();
  EXPECT_EQ(job["state"], "completed");
  EXPECT_FALSE(job["all_well"]);
  EXPECT_EQ(job["report"]["result"], "not_proven");
  EXPECT_EQ(store(job, "c")["result"], "proven");
  EXPECT_EQ(store(job, "b")["result"], "not_proven");
  EXPECT_EQ(store(job, "b")["hint"], "godwit targets resume b");
  ASSERT_EQ(ask("POST", kGroup + "/targets/b/resume").status, 204U);
  EXPECT_TRUE(settled());
  EXPECT_EQ(objects_in("b"), 0U);
}

TEST_F(DrillTest, a_target_that_takes_nothing_has_failed_when_the_time_is_over) {
  open();
  ASSERT_TRUE(settled());
  lose("c");
  const Json job = drill("700ms");
  EXPECT_EQ(job["report"]["result"], "failed");
  EXPECT_EQ(store(job, "b")["result"], "proven");
  const Json lost = store(job, "c");
  EXPECT_EQ(lost["result"], "failed");
  EXPECT_TRUE(std::string(lost["why"]).starts_with("does not have it after 700ms")) << lost;
  EXPECT_FALSE(lost.contains("written_ms"));
  EXPECT_EQ(objects_in("a") + objects_in("b"), 0U);
}

TEST_F(DrillTest, a_primary_that_takes_nothing_is_named) {
  group = "enable_failover = false\n";
  open();
  lose("a");
  const Json job = drill("1s");
  EXPECT_EQ(job["report"]["result"], "failed");
  EXPECT_FALSE(job["report"]["cleaned"]);
  EXPECT_TRUE(std::string(store(job, "a")["why"]).starts_with("the write failed: "));
  EXPECT_EQ(store(job, "b")["result"], "not_proven");
  EXPECT_EQ(store(job, "b")["why"], "nothing was written that it could get");
}

TEST_F(DrillTest, one_that_is_cancelled_removes_its_object_and_proves_nothing) {
  open();
  ASSERT_TRUE(settled());
  lose("c");
  begin("1h");
  ASSERT_TRUE(soon(kJob, [this](const Json&) { return objects_in("b") == 1; }));
  EXPECT_EQ(ask("POST", kGroup + "/jobs", R"({"kind": "drill"})").status, 409U) << "one at a time";
  EXPECT_EQ(ask("DELETE", kJob).json()["cancelling"], true);
  ASSERT_TRUE(soon(kJob, has_ended));
  const Json job = ask("GET", kJob).json();
  EXPECT_EQ(job["state"], "cancelled") << job;
  EXPECT_FALSE(job.contains("report"));
  EXPECT_TRUE(soon(kJob, [this](const Json&) { return objects_in("a") + objects_in("b") == 0; }));
  EXPECT_TRUE(ask("GET", kGroup).json()["last_drill"].is_null());
  EXPECT_EQ(ask("DELETE", kJob).status, 409U) << "it has ended";
}

TEST_F(DrillTest, what_a_killed_one_has_left_is_removed_and_nothing_of_others) {
  open();
  const std::string object = kGroup + "/objects/godwit-drill/";
  ASSERT_EQ(ask("PUT", object + "left", "x", {{"X-Godwit-Meta-made-by", "godwit drill"}}).status,
            200U);
  ASSERT_EQ(ask("PUT", object + "mine", "x").status, 200U);
  EXPECT_EQ(drill()["report"]["result"], "proven");
  EXPECT_TRUE(settled());
  for (const char* name : {"a", "b", "c"}) {
    EXPECT_EQ(objects_in(name), 1U);
    EXPECT_EQ(contents(std::string(name) + "/godwit-drill/mine"), "x");
  }
}

TEST_F(DrillTest, orders_that_make_no_sense_are_refused) {
  open();
  for (const char* order :
       {R"({"kind": "drill", "target": "b"})", R"({"kind": "drill", "prefix": "x"})",
        R"({"kind": "drill", "timeout": "soon"})"}) {
    EXPECT_EQ(ask("POST", kGroup + "/jobs", order).status, 400U) << order;
  }
}

}  // namespace
}  // namespace godwit::service
