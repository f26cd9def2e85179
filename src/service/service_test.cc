#include "service/service.h"

#include <gtest/gtest.h>

#include "service/request.h"
#include "support/service_fixture.h"

namespace godwit::service {
namespace {

const std::string kGroup = "/api/v1/groups/g";

bool is_refused(const Told& told, const std::string& why) {
  return told.body.find(why) != std::string::npos;
}

TEST_F(ServiceTest, it_is_ready_once_its_groups_are_open) {
  open();
  const Told ready = ask("GET", "/readyz");
  EXPECT_EQ(ready.status, 200U);
  EXPECT_EQ(ready.json()["groups"]["g"], "open");
  EXPECT_EQ(ask("GET", "/healthz").status, 200U);
}

TEST_F(ServiceTest, others_cannot_reach_it_without_a_token) {
  api = "";
  auto config = read_config();
  ASSERT_TRUE(config);
  config->api.listen = "0.0.0.0:0";
  service_ = std::make_unique<Service>(world_, *config, [this] { return read_config(); }, log_);
  const auto opened = test::run_task(world_, service_->open());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Code::invalid_argument);
  EXPECT_NE(opened.error().to_string().find("operate_token"), std::string::npos);
  close();
  config->api.operate_token = "act";
  service_ = std::make_unique<Service>(world_, *config, [this] { return read_config(); }, log_);
  EXPECT_TRUE(test::run_task(world_, service_->open()));
}

TEST_F(ServiceTest, a_port_and_a_data_dir_that_are_taken_are_named) {
  open();
  auto config = read_config();
  ASSERT_TRUE(config);
  const std::string port = std::to_string(service_->endpoint().port);
  config->api.listen = "127.0.0.1:" + port;
  Service same_port(world_, *config, [this] { return read_config(); }, log_);
  const auto taken = test::run_task(world_, same_port.open());
  ASSERT_FALSE(taken);
  EXPECT_NE(taken.error().message().find(port), std::string::npos);
  world_.run(same_port.close());

  config->api.listen = "127.0.0.1:0";
  Service same_directory(world_, *config, [this] { return read_config(); }, log_);
  const auto used = test::run_task(world_, same_directory.open());
  ASSERT_FALSE(used);
  EXPECT_EQ(used.error().code(), Code::precondition_failed);
  EXPECT_NE(used.error().message().find("data_dir"), std::string::npos) << used.error().message();
  world_.run(same_directory.close());
}

TEST_F(ServiceTest, a_target_that_cannot_be_reached_at_the_start_is_no_failure) {
  group = "";
  auto config = parse_config(
      home_,
      "[node]\ndata_dir = \"" + path("data") + "\"\n[api]\nlisten = \"127.0.0.1:0\"\n" +
          "[stores.a]\nurl = \"file://" + path("a") + "\"\n" +
          "[stores.b]\nurl = \"s3://bucket?endpoint=http://127.0.0.1:1\"\naccess_key = \"x\"\n"
          "secret_key = \"HIDDEN\"\n[groups.g]\nprimary = \"a\"\ntargets = [{store = \"b\"}]\n",
      "t");
  ASSERT_TRUE(config) << config.error().to_string();
  config->node.drain = {};
  service_ = std::make_unique<Service>(world_, *config, [this] { return read_config(); }, log_);
  const auto opened = test::run_task(world_, service_->open());
  ASSERT_TRUE(opened) << opened.error().to_string();
  EXPECT_EQ(ask("PUT", kGroup + "/objects/k", "1").status, 200U);
  EXPECT_TRUE(soon(kGroup, [](const Json& json) {
    return json["targets"][0]["health"] != "healthy" && json["targets"][0]["tasks"] == 1;
  }));
  const Told short_of = ask("PUT", kGroup + "/objects/k2?mode=sync&timeout=300ms", "1");
  EXPECT_EQ(short_of.status / 100, 5U) << short_of.body;
  EXPECT_EQ(short_of.json()["error"]["outcome"], "applied");
  EXPECT_EQ(short_of.json()["receipt"]["targets"][0]["ack"], "pending") << short_of.body;
  close();
  EXPECT_EQ(log_.str().find("HIDDEN"), std::string::npos);
  EXPECT_NE(log_.str().find("left in the journal"), std::string::npos) << log_.str();
}

TEST_F(ServiceTest, what_a_paused_target_missed_is_delivered_after_a_restart) {
  open();
  ASSERT_EQ(ask("POST", kGroup + "/targets/b/pause").status, 204U);
  ASSERT_EQ(ask("PUT", kGroup + "/objects/k", "1").status, 200U);
  close();
  EXPECT_NE(log_.str().find("left in the journal; goes on at the next start group=g target=b "
                            "tasks=1"),
            std::string::npos)
      << log_.str();
  open();
  EXPECT_TRUE(settled());
  EXPECT_EQ(contents("b/k"), "1");
}

TEST_F(ServiceTest, a_reload_takes_what_it_can_and_says_what_it_cannot) {
  open();
  api = "operate_token = \"act\"\nmax_connections = 7\nmax_body = \"1KiB\"\n";
  group = "mode = \"sync\"\n";
  const Told first = ask("POST", "/api/v1/reload");
  ASSERT_EQ(first.status, 200U) << first.body;
  EXPECT_EQ(first.json()["applied"], Json({"api.max_body", "api.operate_token"}));
  ASSERT_EQ(first.json()["refused"].size(), 2U) << first.body;
  EXPECT_EQ(first.json()["refused"][0]["key"], "api.max_connections");
  EXPECT_EQ(first.json()["refused"][1]["key"], "groups.g.mode");
  EXPECT_EQ(ask("GET", kGroup).status, 401U);
  token = "act";
  EXPECT_EQ(ask("PUT", kGroup + "/objects/k", std::string(1025, 'x')).status, 413U);
  const Told again = ask("POST", "/api/v1/reload");
  EXPECT_TRUE(again.json()["applied"].empty()) << again.body;
  EXPECT_EQ(again.json()["refused"].size(), 2U);
  group = "mode = \"nonsense\"\n";
  EXPECT_EQ(ask("POST", "/api/v1/reload").status, 400U);
}

TEST_F(ServiceTest, a_reload_adds_and_removes_targets_and_says_which_it_cannot) {
  open();
  ASSERT_EQ(ask("PUT", kGroup + "/objects/k", "1").status, 200U);
  ASSERT_TRUE(settled());
  stores = {"a", "b", "d"};
  targets = R"({ store = "b", priority = 3 }, { store = "d", workers = 3 })";
  group = "queue_alert = 7\nlag_alert = \"9s\"\n";
  const Told told = ask("POST", "/api/v1/reload");
  EXPECT_EQ(told.json()["applied"],
            Json({"groups.g.lag_alert", "groups.g.queue_alert", "groups.g.targets.c.store",
                  "groups.g.targets.d.store", "groups.g.targets.d.workers", "stores.c.url",
                  "stores.d.url"}))
      << told.body;
  ASSERT_EQ(told.json()["refused"].size(), 1U) << told.body;
  EXPECT_EQ(told.json()["refused"][0]["key"], "groups.g.targets.b.priority");
  ASSERT_TRUE(settled());
  EXPECT_EQ(contents("d/k"), "1");
  const Json status = ask("GET", kGroup).json();
  ASSERT_EQ(status["targets"].size(), 2U) << status.dump();
  EXPECT_EQ(status["targets"][1]["name"], "d");
  EXPECT_EQ(service_->groups().find("g").value()->config->alerts.queue, 7U);
  EXPECT_TRUE(ask("POST", "/api/v1/reload").json()["applied"].empty());
}

TEST_F(ServiceTest, a_reload_finds_done_what_an_operator_did_before) {
  open();
  stores = {"a", "b", "d"};
  targets = R"({ store = "b" })";
  ASSERT_EQ(ask("DELETE", kGroup + "/targets/c").status, 204U);
  const Told removed = ask("POST", "/api/v1/reload");
  EXPECT_EQ(removed.json()["applied"],
            Json({"groups.g.targets.c.store", "stores.c.url", "stores.d.url"}))
      << removed.body;
  ASSERT_EQ(ask("POST", kGroup + "/targets", R"({"store": "d"})").status, 201U);
  targets = R"({ store = "b" }, { store = "d" })";
  const Told added = ask("POST", "/api/v1/reload");
  EXPECT_EQ(added.json()["applied"], Json({"groups.g.targets.d.store"})) << added.body;
  EXPECT_TRUE(added.json()["refused"].empty());
}

TEST_F(ServiceTest, a_reload_puts_a_target_in_the_stead_of_one_that_is_needed) {
  group = "mode = \"semi_sync\"\nmin_sync_replicas = 1\n";
  targets = R"({ store = "b" })";
  open();
  ASSERT_TRUE(settled());
  targets = R"({ store = "c" })";
  const Told told = ask("POST", "/api/v1/reload");
  EXPECT_TRUE(told.json()["refused"].empty()) << told.body;
  const Json status = ask("GET", kGroup).json();
  ASSERT_EQ(status["targets"].size(), 1U) << status.dump();
  EXPECT_EQ(status["targets"][0]["name"], "c");
}

TEST_F(ServiceTest, a_reload_keeps_a_target_that_is_primary_or_needed) {
  group = "mode = \"semi_sync\"\nmin_sync_replicas = 2\n";
  open();
  ASSERT_TRUE(settled());
  targets = R"({ store = "b" })";
  EXPECT_EQ(ask("POST", "/api/v1/reload").status, 400U) << "the config contradicts itself";
  EXPECT_TRUE(is_refused(ask("DELETE", kGroup + "/targets/c"), "min_sync_replicas"));
  group = "mode = \"semi_sync\"\nmin_sync_replicas = 1\n";
  Told told = ask("POST", "/api/v1/reload");
  EXPECT_TRUE(is_refused(told, "min_sync_replicas")) << told.body;
  targets = R"({ store = "b" }, { store = "c" })";
  ASSERT_EQ(ask("POST", kGroup + "/switchover", R"({"to": "c", "dry_run": false})").status, 200U);
  targets = R"({ store = "b" })";
  told = ask("POST", "/api/v1/reload");
  EXPECT_TRUE(is_refused(told, "it is the primary")) << told.body;
  EXPECT_EQ(ask("GET", kGroup).json()["primary"], "c");
}

TEST_F(ServiceTest, log_lines_are_text_or_json_of_the_level_that_is_wanted) {
  std::ostringstream out;
  LineLog log(world_, out, {.level = LogLevel::info, .format = LogFormat::text});
  log.write(LogLevel::debug, "not wanted", {});
  log.write(LogLevel::warning, "it happened", {{"key", "a b"}, {"plain", "x"}, {"empty", ""}});
  EXPECT_EQ(out.str().find("not wanted"), std::string::npos);
  EXPECT_NE(out.str().find("Z warning it happened key=\"a b\" plain=x\n"), std::string::npos)
      << out.str();
  out.str("");
  log.configure({.level = LogLevel::debug, .format = LogFormat::json});
  GroupLog of_group(log, "g");
  of_group.write(LogLevel::debug, "line\nbreak", {{"key", "\xff"}});
  const Json json = Json::parse(out.str());
  EXPECT_EQ(json["group"], "g");
  EXPECT_EQ(json["message"], "line\nbreak");
  EXPECT_EQ(json["level"], "debug");
}

TEST_F(ServiceTest, a_moment_is_told_in_utc) {
  EXPECT_EQ(timestamp(WallTime(std::chrono::milliseconds(1'700'000'000'007))),
            "2023-11-14T22:13:20.007Z");
}

}  // namespace
}  // namespace godwit::service
