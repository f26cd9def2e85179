#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "http/client.h"
#include "service/service.h"
#include "support/fake_world.h"
#include "support/run_task.h"
#include "world/real/real_world.h"

namespace godwit::service {

/// What a client was answered.
struct Told {
  unsigned status = 0;
  http::Headers headers;
  std::string body;
  [[nodiscard]] Json json() const { return Json::parse(body, nullptr, false); }
};

/// A service over directories, in the test's own thread: it runs while a request is made.
class ServiceTest : public testing::Test {
 protected:
  ~ServiceTest() override { close(); }

  /// Of the primary a and the targets b and c.
  [[nodiscard]] std::string base_config() const {
    std::string text = "[node]\ndata_dir = \"" + path("data") + "\"\ndrain = \"5s\"\n" +
                       "[api]\nlisten = \"127.0.0.1:0\"\n" + api +
                       "[log]\nlevel = \"debug\"\nslow = \"" + slow + "\"\n";
    for (const std::string& name : stores) {
      text += "[stores." + name + "]\nurl = \"file://" + path(name) + "\"\n";
    }
    return text + "[groups.g]\nprimary = \"a\"\n" + group + "targets = [" + targets + "]\n";
  }
  [[nodiscard]] std::string path(const std::string& name) const { return home_.path(name); }
  [[nodiscard]] Result<Config> read_config() {
    return parse_config(home_, base_config(), "t.toml");
  }

  [[nodiscard]] Result<void> try_open() {
    GODWIT_TRY(Config config, read_config());
    service_ = std::make_unique<Service>(
        world_, std::move(config), [this] { return read_config(); }, log_);
    return test::run_task(world_, service_->open());
  }
  void open() {
    const auto opened = try_open();
    ASSERT_TRUE(opened) << opened.error().to_string();
  }
  void close() {
    if (client_) (void)test::run_task(world_, client_->close());
    client_.reset();
    if (service_) world_.run(service_->close());
    service_.reset();
  }

  static Task<Told> fetch(http::Client& client, Context context, http::Request& request) {
    GODWIT_CO_TRY(http::Response response, co_await client.send(context, request));
    Told told{.status = response.status, .headers = response.headers};
    GODWIT_CO_TRY(told.body, co_await read_all(*response.body, 64 * kMiB));
    co_return told;
  }
  Told ask(const std::string& method, const std::string& target, const std::string& body = "",
           const std::vector<http::Headers::Field>& headers = {}) {
    if (!client_) client_ = http::make_client(world_);
    ViewBody bytes(as_bytes(body));
    http::Request request{.method = method, .endpoint = service_->endpoint(), .target = target};
    for (const auto& [name, value] : headers) request.headers.add(name, value);
    if (!token.empty()) request.headers.set("Authorization", "Bearer " + token);
    if (!body.empty() || method == "PUT" || method == "POST") {
      request.body = &bytes;
      request.body_size = body.size();
    }
    auto told = test::run_task(
        world_, fetch(*client_, Context(world_).with_timeout(std::chrono::seconds(20)), request));
    EXPECT_TRUE(told) << told.error().to_string();
    return told ? *std::move(told) : Told();
  }
  /// Asks until `holds` of the answer, for some seconds.
  template <class F>
  bool soon(const std::string& target, F holds) {
    for (int i = 0; i < 500; ++i) {
      if (holds(ask("GET", target).json())) return true;
      (void)test::run_task(world_, Context(world_).sleep(std::chrono::milliseconds(10)));
    }
    return false;
  }
  bool settled() {
    return soon("/api/v1/groups/g", [](const Json& json) {
      return std::ranges::all_of(json["targets"], [](const Json& t) { return t["caught_up"]; });
    });
  }
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::ofstream(path(name)) << text;
  }
  [[nodiscard]] std::string contents(const std::string& name) const {
    std::ifstream file(path(name));
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  std::string api;    ///< further keys of [api]
  std::string group;  ///< of the group
  std::vector<std::string> stores{"a", "b", "c"};
  std::string targets = R"({ store = "b" }, { store = "c" })";
  std::string slow = "10s";
  std::string token;  ///< that is sent
  test::FakeWorld home_;
  RealWorld world_{{.blocking_threads = Calls::kThreads}};
  std::ostringstream log_;
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<Service> service_;
};

}  // namespace godwit::service
