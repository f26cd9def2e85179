#include "service/api.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "support/service_fixture.h"

namespace godwit::service {
namespace {

using ApiTest = ServiceTest;

const std::string kGroup = "/api/v1/groups/g";

testing::AssertionResult is_error(const Told& told, unsigned status, const std::string& code) {
  const Json json = told.json();
  const bool shaped = json.is_object() && json.contains("request_id") && json.contains("error") &&
                      json["error"].contains("message");
  if (told.status == status && shaped && json["error"]["code"] == code) {
    return testing::AssertionSuccess();
  }
  return testing::AssertionFailure() << told.status << " " << told.body;
}

/// A path of the document with something in place of its names.
std::string filled(std::string path, const std::string& group) {
  for (const auto& [name, value] : std::map<std::string, std::string>{
           {"{group}", group}, {"{target}", "b"}, {"{key}", "k"}, {"{job}", "1"}}) {
    const std::size_t at = path.find(name);
    if (at != std::string::npos) path.replace(at, name.size(), value);
  }
  return path;
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

TEST_F(ApiTest, every_route_of_the_document_asks_for_its_role_and_checks_its_arguments) {
  api = "read_token = \"look\"\noperate_token = \"act\"\n";
  open();
  const Json document = ask("GET", "/api/v1/openapi.json").json();
  std::size_t operations = 0;
  for (const auto& [path, methods] : document["paths"].items()) {
    std::set<std::string> known;
    for (const auto& [lower, operation] : methods.items()) {
      ++operations;
      const std::string method = upper(lower);
      known.insert(method);
      const std::string where = method + " " + path;
      const bool head = method == "HEAD";
      const std::string target = filled(path, "g");
      const std::string role = operation["description"];
      token = "wrong";
      if (role != "Open to all.") {
        EXPECT_EQ(ask(method, target).status, 401U) << where;
      }
      token = "look";
      if (role == "Role: operate.") {
        EXPECT_TRUE(is_error(ask(method, target), 403, "permission_denied")) << where;
      }
      token = "act";
      EXPECT_EQ(ask(method, target + "?no_such_argument=1").status, 400U) << where;
      if (path.find("{group}") != std::string::npos && !head &&
          operation.contains("requestBody") == false) {
        EXPECT_TRUE(is_error(ask(method, filled(path, "gg")), 404, "not_found")) << where;
      }
      const bool takes_json = operation.contains("requestBody") &&
                              operation["requestBody"]["content"].contains("application/json");
      if (takes_json) {
        EXPECT_TRUE(is_error(ask(method, target, "{\"a\":"), 400, "invalid_argument")) << where;
        EXPECT_TRUE(is_error(ask(method, target, "[]"), 400, "invalid_argument")) << where;
        EXPECT_TRUE(is_error(ask(method, target, "{\"no_such_field\":1}"), 400, "invalid_argument"))
            << where;
        const Told large = ask(method, target, "\"" + std::string(100'000, 'x') + "\"");
        EXPECT_TRUE(is_error(large, 413, "limit_exceeded")) << where;
      }
    }
    if (known.contains("PATCH")) continue;
    const Told other = ask("PATCH", filled(path, "g"));
    EXPECT_EQ(other.status, 405U) << path;
    EXPECT_TRUE(other.headers.find("Allow")) << path;
  }
  EXPECT_EQ(operations, routes().size());
  EXPECT_TRUE(is_error(ask("GET", "/api/v1/nothing"), 404, "not_found"));
  EXPECT_TRUE(is_error(ask("GET", "/api/v1/groups/%zz"), 400, "invalid_argument"));
}

TEST_F(ApiTest, an_object_goes_in_and_comes_back_from_where_it_was_asked) {
  open();
  const Told put = ask("PUT", kGroup + "/objects/dir/a%20b?mode=sync", "hello world",
                       {{"Content-Type", "text/x"}, {"X-Godwit-Meta-Colour", "blue"}});
  ASSERT_EQ(put.status, 200U) << put.body;
  EXPECT_EQ(put.json()["targets"].size(), 2U);
  EXPECT_EQ(put.json()["targets"][0]["ack"], "acknowledged");
  EXPECT_EQ(contents("b/dir/a b"), "hello world");
  const std::string version = put.json()["version"];

  const Told got = ask("GET", kGroup + "/objects/dir/a%20b?preference=secondary");
  EXPECT_EQ(got.body, "hello world");
  EXPECT_EQ(got.headers.find("Content-Type"), "text/x");
  EXPECT_EQ(got.headers.find("X-Godwit-Meta-Colour"), "blue");
  EXPECT_EQ(got.headers.find("X-Godwit-Version"), version);
  EXPECT_NE(got.headers.find("X-Godwit-From"), "a");
  const Told part = ask("GET", kGroup + "/objects/dir/a%20b", "", {{"Range", "bytes=6-8"}});
  EXPECT_EQ(part.status, 206U);
  EXPECT_EQ(part.body, "wor");
  EXPECT_EQ(part.headers.find("Content-Range"), "bytes 6-8/11");
  EXPECT_EQ(ask("GET", kGroup + "/objects/dir/a%20b", "", {{"Range", "bytes=-3"}}).body, "rld");
  EXPECT_EQ(ask("GET", kGroup + "/objects/dir/a%20b", "", {{"Range", "bytes=50-"}}).status, 416U);
  const Told head = ask("HEAD", kGroup + "/objects/dir/a%20b");
  EXPECT_EQ(head.status, 200U);
  EXPECT_EQ(head.headers.find("Content-Length"), "11");

  const Told list = ask("GET", kGroup + "/objects?prefix=dir/");
  ASSERT_EQ(list.json()["objects"].size(), 1U);
  EXPECT_EQ(list.json()["objects"][0]["key"], "dir/a b");
  EXPECT_FALSE(list.json()["more"]);

  EXPECT_EQ(ask("DELETE", kGroup + "/objects/dir/a%20b").status, 200U);
  EXPECT_TRUE(is_error(ask("GET", kGroup + "/objects/dir/a%20b"), 404, "not_found"));
  EXPECT_EQ(ask("GET", kGroup + "/objects").json()["objects"].size(), 0U);
}

TEST_F(ApiTest, objects_of_no_byte_and_of_many_pieces_come_back_whole) {
  open();
  ASSERT_EQ(ask("PUT", kGroup + "/objects/empty").status, 200U);
  const Told empty = ask("GET", kGroup + "/objects/empty");
  EXPECT_EQ(empty.status, 200U);
  EXPECT_EQ(empty.body, "");
  std::string large;
  for (std::size_t i = 0; i < 9'000'001; ++i) large += static_cast<char>(i * i >> 3);
  ASSERT_EQ(ask("PUT", kGroup + "/objects/large", large).status, 200U);
  EXPECT_TRUE(ask("GET", kGroup + "/objects/large").body == large);
}

Task<unsigned> send_half(http::Client& client, Context context, http::Request& request) {
  // The body ends before its size: the client breaks off.
  const auto response = co_await client.send(context, request);
  co_return response ? response->status : 0U;
}

TEST_F(ApiTest, a_large_body_that_breaks_off_writes_nothing) {
  open();
  ASSERT_EQ(ask("PUT", kGroup + "/objects/large", "before").status, 200U);
  const std::string half(6'000'000, 'x');
  ViewBody body(as_bytes(half));
  http::Request request{.method = "PUT",
                        .endpoint = service_->endpoint(),
                        .target = kGroup + "/objects/large",
                        .body = &body,
                        .body_size = 12'000'000};
  (void)test::run_task(world_, send_half(*client_, Context(world_), request));
  EXPECT_EQ(ask("GET", kGroup + "/objects/large").body, "before");
  EXPECT_TRUE(is_error(ask("PUT", kGroup + "/objects/.godwit/x", half), 400, "invalid_argument"));
}

TEST_F(ApiTest, a_write_can_depend_on_what_is_there) {
  open();
  const std::string key = kGroup + "/objects/k";
  const Told first = ask("PUT", key + "?expected=absent", "1");
  ASSERT_EQ(first.status, 200U) << first.body;
  EXPECT_TRUE(is_error(ask("PUT", key + "?expected=absent", "2"), 412, "precondition_failed"));
  const std::string version = first.json()["version"];
  EXPECT_EQ(ask("PUT", key + "?expected=" + version, "3").status, 200U);
  EXPECT_EQ(ask("PUT", key + "?expected=" + version, "4").status, 412U);
  EXPECT_EQ(ask("GET", key).body, "3");
}

TEST_F(ApiTest, keys_and_arguments_that_cannot_be_are_refused) {
  open();
  const std::string objects = kGroup + "/objects/";
  EXPECT_TRUE(is_error(ask("PUT", objects + ".godwit/x", "1"), 400, "invalid_argument"));
  EXPECT_TRUE(is_error(ask("PUT", objects + "..%2F..%2Fx", "1"), 400, "invalid_argument"));
  EXPECT_TRUE(is_error(ask("PUT", objects + "k?mode=synch", "1"), 400, "invalid_argument"));
  EXPECT_TRUE(is_error(ask("PUT", objects + "k?timeout=soon", "1"), 400, "invalid_argument"));
  EXPECT_TRUE(is_error(ask("GET", objects + "k?preference=none"), 400, "invalid_argument"));
  EXPECT_TRUE(is_error(ask("GET", objects + "k?at_least=1"), 400, "invalid_argument"));
  EXPECT_FALSE(std::filesystem::exists(path("x")));
}

TEST_F(ApiTest, bodies_over_the_limit_are_refused) {
  api = "max_body = \"1KiB\"\n";
  open();
  EXPECT_TRUE(
      is_error(ask("PUT", kGroup + "/objects/k", std::string(1025, 'x')), 413, "limit_exceeded"));
  EXPECT_EQ(ask("PUT", kGroup + "/objects/k", std::string(1024, 'x')).status, 200U);
}

TEST_F(ApiTest, a_paused_target_waits_and_catches_up_when_resumed) {
  open();
  const std::string target = kGroup + "/targets/b";
  EXPECT_EQ(ask("POST", target + "/pause").status, 204U);
  const Told put = ask("PUT", kGroup + "/objects/k?mode=sync", "1");
  EXPECT_EQ(put.json()["targets"][0]["ack"], "excluded") << put.body;
  const Json status = ask("GET", kGroup).json();
  EXPECT_EQ(status["targets"][0]["state"], "paused");
  EXPECT_EQ(status["targets"][0]["tasks"], 1);
  EXPECT_EQ(ask("GET", kGroup + "/replication").json()["queue_size"], 1);
  EXPECT_EQ(ask("POST", target + "/resume").status, 204U);
  EXPECT_TRUE(settled());
  EXPECT_EQ(contents("b/k"), "1");
  EXPECT_TRUE(is_error(ask("POST", target + "/resume"), 409, "precondition_failed"));
  const Told unknown = ask("POST", kGroup + "/targets/d/pause");
  EXPECT_TRUE(is_error(unknown, 404, "not_found"));
  EXPECT_EQ(ask("PUT", target + "/workers", R"({"least": 3})").status, 204U);
  EXPECT_TRUE(soon(kGroup, [](const Json& json) { return json["targets"][0]["workers"] == 3; }));
  EXPECT_EQ(ask("PUT", target + "/workers", R"({"least": 0})").status, 400U);
}

TEST_F(ApiTest, a_target_is_taken_away_and_another_one_is_added) {
  open();
  ASSERT_EQ(ask("PUT", kGroup + "/objects/k", "1").status, 200U);
  EXPECT_EQ(ask("DELETE", kGroup + "/targets/c").status, 204U);
  EXPECT_EQ(ask("GET", kGroup).json()["targets"].size(), 1U);
  EXPECT_TRUE(
      is_error(ask("POST", kGroup + "/targets", R"({"store": "d"})"), 400, "invalid_argument"));
  const Told added = ask("POST", kGroup + "/targets", R"({"store": "c", "region": "there"})");
  EXPECT_EQ(added.status, 201U) << added.body;
  EXPECT_TRUE(settled());
  EXPECT_EQ(ask("GET", kGroup).json()["targets"].size(), 2U);
}

TEST_F(ApiTest, a_move_is_dry_unless_it_is_told_otherwise) {
  open();
  ASSERT_EQ(ask("PUT", kGroup + "/objects/k?mode=sync", "1").status, 200U);
  const Told dry = ask("POST", kGroup + "/switchover", R"({"to": "b"})");
  EXPECT_EQ(dry.status, 200U) << dry.body;
  EXPECT_TRUE(dry.json()["dry_run"]);
  EXPECT_EQ(ask("GET", kGroup).json()["primary"], "a");
  const Told moved = ask("POST", kGroup + "/switchover", R"({"to": "b", "dry_run": false})");
  EXPECT_EQ(moved.status, 200U) << moved.body;
  EXPECT_EQ(moved.json()["to"], "b");
  EXPECT_EQ(ask("GET", kGroup).json()["primary"], "b");
  EXPECT_EQ(ask("PUT", kGroup + "/objects/k2?mode=sync", "2").status, 200U);
  const Told back = ask("POST", kGroup + "/failback", R"({"dry_run": false})");
  EXPECT_EQ(back.status, 200U) << back.body;
  EXPECT_EQ(ask("GET", kGroup).json()["primary"], "a");
  EXPECT_EQ(ask("GET", kGroup + "/objects/k2?preference=primary").body, "2");
  EXPECT_EQ(ask("POST", kGroup + "/failover", R"({"to": "nobody"})").status, 404U);
}

TEST_F(ApiTest, jobs_say_how_far_they_are_and_what_they_found) {
  open();
  ASSERT_EQ(ask("PUT", kGroup + "/objects/k?mode=sync", "1").status, 200U);
  write("b/k", "damaged");
  const Told started = ask("POST", kGroup + "/jobs", R"({"kind": "verify", "target": "b"})");
  ASSERT_EQ(started.status, 202U) << started.body;
  const std::string job(started.headers.find("Location").value_or(""));
  const auto ended = [](const Json& json) { return json["state"] != "running"; };
  ASSERT_TRUE(soon(job, ended));
  const Json verified = ask("GET", job).json();
  EXPECT_EQ(verified["state"], "completed");
  EXPECT_FALSE(verified["all_well"]);
  EXPECT_EQ(verified["findings_count"], 1);
  EXPECT_EQ(verified["findings"][0]["key"], "k");
  EXPECT_EQ(verified["done"], 1) << verified.dump();
  EXPECT_EQ(verified["total"], 1);
  EXPECT_EQ(verified["percent"], 100);
  EXPECT_FALSE(verified.contains("total_is_estimate"));
  ask("POST", kGroup + "/jobs", R"({"kind": "repair", "target": "b"})");
  ASSERT_TRUE(soon("/api/v1/jobs/2", ended));
  EXPECT_TRUE(ask("GET", "/api/v1/jobs/2").json()["all_well"]) << ask("GET", "/api/v1/jobs/2").body;
  EXPECT_EQ(contents("b/k"), "1");
  write("a/behind", "our back");
  ask("POST", kGroup + "/jobs", R"({"kind": "sync"})");
  ASSERT_TRUE(soon("/api/v1/jobs/3", ended));
  EXPECT_EQ(contents("c/behind"), "our back");
  const Json synced = ask("GET", "/api/v1/jobs/3").json();
  EXPECT_EQ(synced["done"], 4) << "two keys at two targets: " << synced.dump();
  EXPECT_EQ(synced["percent"], 100);
  EXPECT_EQ(ask("GET", "/api/v1/jobs").json()["jobs"].size(), 3U);
  EXPECT_EQ(ask("POST", kGroup + "/jobs", R"({"kind": "verify"})").status, 400U);
  EXPECT_EQ(ask("POST", kGroup + "/jobs", R"({"kind": "dance"})").status, 400U);
  EXPECT_EQ(ask("GET", "/api/v1/jobs/99").status, 404U);
  EXPECT_EQ(ask("GET", "/api/v1/jobs/one").status, 404U);
  EXPECT_TRUE(is_error(ask("DELETE", "/api/v1/jobs/99"), 404, "not_found"));
  EXPECT_TRUE(is_error(ask("DELETE", "/api/v1/jobs/one"), 404, "not_found"));
  EXPECT_TRUE(is_error(ask("DELETE", "/api/v1/jobs/1"), 409, "precondition_failed"));
}

TEST_F(ApiTest, a_verify_and_a_repair_may_be_of_what_is_below_a_prefix) {
  open();
  ASSERT_EQ(ask("PUT", kGroup + "/objects/in/k", "1").status, 200U);
  ASSERT_EQ(ask("PUT", kGroup + "/objects/out/k", "1").status, 200U);
  ASSERT_TRUE(settled());
  for (const char* key : {"in/k", "out/k"}) std::filesystem::remove(path(std::string("b/") + key));
  const auto ended = [](const Json& json) { return json["state"] != "running"; };
  ask("POST", kGroup + "/jobs", R"({"kind": "verify", "target": "b", "prefix": "in/"})");
  ASSERT_TRUE(soon("/api/v1/jobs/1", ended));
  const Json verified = ask("GET", "/api/v1/jobs/1").json();
  EXPECT_EQ(verified["prefix"], "in/");
  ASSERT_EQ(verified["findings"].size(), 1U) << verified;
  EXPECT_EQ(verified["findings"][0]["key"], "in/k");
  ask("POST", kGroup + "/jobs", R"({"kind": "repair", "target": "b", "prefix": "in/"})");
  ASSERT_TRUE(soon("/api/v1/jobs/2", ended));
  EXPECT_EQ(contents("b/in/k"), "1");
  EXPECT_FALSE(std::filesystem::exists(path("b/out/k")));
  EXPECT_TRUE(is_error(ask("POST", kGroup + "/jobs", R"({"kind": "sync", "prefix": "in/"})"), 400,
                       "invalid_argument"));
}

TEST_F(ApiTest, an_object_is_read_from_the_store_that_is_named) {
  open();
  ASSERT_EQ(ask("PUT", kGroup + "/objects/k?mode=sync", "1").status, 200U);
  for (const char* name : {"a", "b", "c"}) {
    const Told got = ask("GET", kGroup + "/objects/k?from=" + name);
    EXPECT_EQ(got.body, "1");
    EXPECT_EQ(got.headers.find("X-Godwit-From"), name);
  }
  EXPECT_TRUE(is_error(ask("GET", kGroup + "/objects/k?from=d"), 404, "not_found"));
}

TEST_F(ApiTest, what_others_wrote_to_the_primary_is_brought_to_all_when_asked) {
  open();
  write("a/backup", "theirs");
  const Told asked = ask("POST", kGroup + "/replicate", R"({"key": "backup"})");
  EXPECT_EQ(asked.status, 202U) << asked.body;
  EXPECT_TRUE(soon(kGroup + "/replication",
                   [this](const Json&) { return contents("b/backup") == "theirs"; }));
  EXPECT_EQ(ask("POST", kGroup + "/replicate", R"({"key": "nothing"})").status, 404U);
}

TEST_F(ApiTest, a_conflict_is_listed_and_resolved) {
  group = "conflict_resolution = \"manual\"\n";
  open();
  write("b/k", "theirs");
  ASSERT_EQ(ask("PUT", kGroup + "/objects/k", "ours").status, 200U);
  ASSERT_TRUE(
      soon(kGroup, [](const Json& json) { return json["targets"][0]["dead_letters"] == 1; }));
  const Json found = ask("GET", kGroup + "/conflicts").json()["conflicts"];
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0]["target"], "b");
  EXPECT_EQ(found[0]["key"], "k");
  EXPECT_EQ(ask("GET", kGroup + "/targets/b/dead-letters").json()["dead_letters"].size(), 1U);
  EXPECT_EQ(ask("GET", kGroup + "/conflicts?target=c").json()["conflicts"].size(), 0U);
  const Told left = ask("POST", kGroup + "/targets/b/dead-letters/redrive", R"({"all": true})");
  EXPECT_EQ(left.json()["redriven"], 0) << "a conflict waits for a person";
  EXPECT_EQ(ask("POST", kGroup + "/targets/b/dead-letters/redrive").status, 400U);
  const std::string order = R"({"target": "b", "key": "k", "keep": )";
  EXPECT_EQ(ask("POST", kGroup + "/conflicts/resolve", order + "\"mine\"}").status, 400U);
  EXPECT_EQ(ask("POST", kGroup + "/conflicts/resolve", order + "\"target\"}").status, 204U);
  EXPECT_TRUE(settled());
  EXPECT_EQ(ask("GET", kGroup + "/objects/k").body, "theirs");
  EXPECT_EQ(ask("GET", kGroup + "/conflicts").json()["conflicts"].size(), 0U);
}

Task<std::string> follow(http::Client& client, Context context, http::Request& request,
                         const std::string& until) {
  GODWIT_CO_TRY(http::Response response, co_await client.send(context, request));
  std::string all;
  std::string piece(4096, '\0');
  while (all.find(until) == std::string::npos) {
    const MutableByteSpan room = std::as_writable_bytes(std::span(piece));
    GODWIT_CO_TRY(const std::size_t count, co_await response.body->read(room));
    if (count == 0) break;
    all.append(piece, 0, count);
  }
  co_return all;
}

asio::awaitable<void> put_later(World& world, http::Client& client, http::Request request) {
  const Context context(world);
  (void)co_await context.sleep(std::chrono::milliseconds(100));
  (void)co_await client.send(context, request);
}

Task<std::string> follow_a_put(World& world, http::Client& client, http::Request& events,
                               http::Request put) {
  TaskGroup tasks(world.executor());
  tasks.spawn(put_later(world, client, std::move(put)));
  const Context context = Context(world).with_timeout(std::chrono::seconds(10));
  const std::string until = "write_replicated";
  auto all = co_await follow(client, context, events, until);
  co_await tasks.join();
  co_return all;
}

TEST_F(ApiTest, events_are_followed_as_they_happen_and_the_last_can_be_asked_for) {
  open();
  client_ = http::make_client(world_);
  http::Request events{
      .method = "GET", .endpoint = service_->endpoint(), .target = "/api/v1/events?group=g"};
  http::Request put{
      .method = "PUT", .endpoint = service_->endpoint(), .target = kGroup + "/objects/k"};
  const auto all = test::run_task(world_, follow_a_put(world_, *client_, events, std::move(put)));
  ASSERT_TRUE(all) << all.error().to_string();
  EXPECT_NE(all->find("event: write_replicated\ndata: {\"group\":\"g\""), std::string::npos)
      << *all;
  const Json recent = ask("GET", kGroup + "/events").json()["events"];
  ASSERT_FALSE(recent.empty());
  const std::string after = std::to_string(recent.back()["number"].get<int>());
  // More may have happened since.
  const Json later = ask("GET", kGroup + "/events?after=" + after).json()["events"];
  for (const Json& newer : later) {
    EXPECT_GT(newer["number"], recent.back()["number"]);
  }
  EXPECT_EQ(ask("GET", "/api/v1/events?group=x").status, 404U);
}

TEST_F(ApiTest, figures_have_prometheus_form_and_the_names_of_the_guide_when_asked_for) {
  api = "metrics_alias = \"genesis_replication_\"\n";
  open();
  ASSERT_EQ(ask("PUT", kGroup + "/objects/k?mode=sync", "12345").status, 200U);
  ASSERT_TRUE(settled());
  const Told page = ask("GET", "/metrics");
  ASSERT_EQ(page.status, 200U);
  std::istringstream lines(page.body);
  std::string line;
  std::map<std::string, std::string> types;
  std::set<std::string> series;
  while (std::getline(lines, line)) {
    if (line.starts_with("# TYPE ")) {
      const std::size_t space = line.find(' ', 7);
      types[line.substr(7, space - 7)] = line.substr(space + 1);
      continue;
    }
    if (line.starts_with("#")) continue;
    std::string name = line.substr(0, line.find_first_of("{ "));
    for (const std::string suffix : {"_bucket", "_sum", "_count"}) {
      const std::string stem = name.substr(0, name.size() - std::min(name.size(), suffix.size()));
      if (name.ends_with(suffix) && types[stem] == "histogram") name = stem;
    }
    EXPECT_TRUE(types.contains(name)) << line;
    EXPECT_TRUE(series.insert(line.substr(0, line.rfind(' '))).second) << "twice: " << line;
    if (types[name] == "counter" && name.starts_with("godwit_")) {
      EXPECT_TRUE(name.ends_with("_total")) << name;
    }
  }
  const auto has = [&page](const std::string& text) {
    return ("\n" + page.body).find("\n" + text + "\n") != std::string::npos;
  };
  EXPECT_TRUE(has("godwit_ready 1"));
  EXPECT_TRUE(has("godwit_writes_total{group=\"g\"} 1"));
  EXPECT_TRUE(has("godwit_replicated_bytes_total{group=\"g\",target=\"b\",region=\"b\"} 5"));
  EXPECT_TRUE(has("godwit_lag_seconds{group=\"g\",target=\"b\",region=\"b\"} 0"));
  const std::string to_b = "{group=\"g\",target=\"b\",region=\"b\"";
  EXPECT_TRUE(has("godwit_replication_seconds_bucket" + to_b + ",le=\"+Inf\"} 1"));
  EXPECT_TRUE(has("godwit_replication_seconds_bucket" + to_b + ",le=\"3600\"} 1"));
  EXPECT_TRUE(has("godwit_replication_seconds_count" + to_b + "} 1"));
  EXPECT_TRUE(has("godwit_write_seconds_count{group=\"g\"} 1"));
  EXPECT_TRUE(has("genesis_replication_lag_seconds{group=\"g\",target=\"b\",region=\"b\"} 0"));
  EXPECT_TRUE(has("genesis_replication_queue_size{group=\"g\",target=\"b\",region=\"b\"} 0"));
  EXPECT_TRUE(has("genesis_replication_success{group=\"g\",target=\"b\",region=\"b\"} 1"));
  EXPECT_TRUE(has("genesis_replication_total{group=\"g\",target=\"b\",region=\"b\"} 1"));
}

TEST_F(ApiTest, what_needs_attention_is_told_in_words) {
  open();
  ASSERT_TRUE(settled());
  const Json well = ask("GET", kGroup).json();
  EXPECT_TRUE(well["attention"].empty()) << well;
  EXPECT_EQ(well["targets"][0]["note"], "has everything");
  EXPECT_EQ(well["configured_primary"], "a");
  EXPECT_EQ(well["primary_region"], "a");
  ASSERT_EQ(ask("POST", kGroup + "/targets/b/pause").status, 204U);
  const Json listed = ask("GET", "/api/v1/groups").json()["groups"][0];
  EXPECT_EQ(listed["attention"], Json::array({{{"kind", "paused"},
                                               {"message", "paused by an operator; 0 writes wait"},
                                               {"target", "b"}}}));
}

TEST_F(ApiTest, the_last_hour_is_told_from_the_start_on) {
  open();
  ASSERT_TRUE(soon(kGroup + "/history", [](const Json& json) { return json["last"] == 1; }));
  const Json history = ask("GET", kGroup + "/history").json();
  EXPECT_EQ(history["at_ms"].size(), 1U);
  ASSERT_EQ(history["targets"].size(), 2U);
  EXPECT_EQ(history["targets"][0]["name"], "b");
  EXPECT_EQ(history["targets"][0]["tasks"], Json::array({0}));
  EXPECT_TRUE(ask("GET", kGroup + "/history?after=1").json()["at_ms"].empty());
}

TEST_F(ApiTest, a_caller_can_ask_what_his_token_allows) {
  api = "read_token = \"look\"\noperate_token = \"act\"\n";
  open();
  for (const auto& [name, role] : {std::pair("look", "read"), std::pair("act", "operate")}) {
    token = name;
    EXPECT_EQ(ask("GET", "/api/v1/role").json()["role"], role);
  }
}

TEST(EventHub, a_listener_is_spared_the_writes_if_it_wants) {
  const Event write{.number = 1, .type = EventType::write_replicated};
  const Event healthy{.number = 2, .type = EventType::target_healthy};
  Subscription quiet({.group = "g", .writes = Writes::none});
  Subscription all({.group = "g"});
  for (Subscription* each : {&quiet, &all}) {
    each->push("g", write);
    each->push("g", healthy);
    each->push("other", healthy);
  }
  EXPECT_EQ(quiet.take(), server_sent("g", healthy));
  EXPECT_EQ(all.take(), server_sent("g", write) + server_sent("g", healthy));
}

TEST_F(ApiTest, pages_of_other_hosts_do_nothing_where_nobody_needs_a_token) {
  open();
  const std::vector<http::Headers::Field> foreign = {{"Origin", "http://evil.example"}};
  EXPECT_EQ(ask("POST", kGroup + "/targets/b/pause", "", foreign).status, 403U);
  EXPECT_EQ(ask("GET", kGroup, "", foreign).status, 403U);
  EXPECT_EQ(ask("GET", kGroup, "", {{"Origin", "http://localhost:7070"}}).status, 200U);
}

TEST_F(ApiTest, an_id_goes_from_the_request_to_its_answer_and_the_log) {
  open();
  const Told given = ask("GET", kGroup + "x", "", {{"X-Request-Id", "mine-1"}});
  EXPECT_EQ(given.headers.find("X-Request-Id"), "mine-1");
  EXPECT_EQ(given.json()["request_id"], "mine-1");
  const Told made = ask("GET", kGroup, "", {{"X-Request-Id", "no good\\id"}});
  EXPECT_EQ(made.headers.find("X-Request-Id").value_or("").size(), 16U);
  EXPECT_NE(log_.str().find("id=mine-1"), std::string::npos);
}

TEST_F(ApiTest, what_takes_long_is_told_with_the_id_of_the_request) {
  slow = "1ms";
  open();
  ASSERT_EQ(ask("POST", "/api/v1/doctor", "", {{"X-Request-Id", "mine-2"}}).status, 200U);
  (void)ask("GET", "/healthz");  // It is told after it was answered.
  EXPECT_NE(log_.str().find(" warning slow request request_id=mine-2 "), std::string::npos)
      << log_.str();
  EXPECT_NE(log_.str().find("slow call of a store"), std::string::npos);
  // What a request makes the stores do carries its id.
  const std::string body(12 << 20, 'x');
  ASSERT_EQ(ask("PUT", kGroup + "/objects/k", body, {{"X-Request-Id", "mine-3"}}).status, 200U);
  EXPECT_NE(log_.str().find("slow call of a store group=g request_id=mine-3 operation=put_part"),
            std::string::npos)
      << log_.str();
}

TEST_F(ApiTest, nothing_is_slow_where_nobody_wants_to_know) {
  slow = "0s";
  open();
  ASSERT_EQ(ask("POST", "/api/v1/doctor").status, 200U);
  EXPECT_EQ(log_.str().find("slow"), std::string::npos) << log_.str();
}

TEST_F(ApiTest, the_last_events_can_be_had_without_those_of_each_write) {
  open();
  ASSERT_EQ(ask("PUT", kGroup + "/objects/k?mode=sync", "1").status, 200U);
  const auto has_writes = [](const Json& json) {
    return std::ranges::any_of(json["events"],
                               [](const Json& e) { return e["event"] == "write_replicated"; });
  };
  EXPECT_TRUE(has_writes(ask("GET", kGroup + "/events").json()));
  const Json others = ask("GET", kGroup + "/events?writes=false").json();
  EXPECT_FALSE(has_writes(others));
  EXPECT_FALSE(others["events"].empty());
  EXPECT_TRUE(is_error(ask("GET", kGroup + "/events?writes=no"), 400, "invalid_argument"));
}

}  // namespace
}  // namespace godwit::service
