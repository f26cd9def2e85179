#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "store/s3/s3_credentials.h"
#include "world/real/real_disk.h"
#include "world/signal.h"
#include "world/sim/sim_world.h"

namespace godwit::s3 {
namespace {

using namespace std::chrono_literals;

/// A simulated world with an environment, a clock that tests turn, and a directory of its own.
class FakeWorld final : public World {
 public:
  FakeWorld() {
    std::string pattern = testing::TempDir() + "s3_credentials_XXXXXX";
    home_ = ::mkdtemp(pattern.data());
    variables["HOME"] = home_;
    std::filesystem::create_directory(home_ + "/.aws");
  }
  FakeWorld(FakeWorld&&) = delete;
  ~FakeWorld() override { std::filesystem::remove_all(home_); }

  void write(const std::string& name, std::string_view text) const {
    std::ofstream(home_ + "/.aws/" + name) << text;
  }
  [[nodiscard]] bool run(asio::awaitable<void> main) { return sim_.run(std::move(main)); }

  WallTime wall_now() override { return sim_.wall_now() + turned; }
  MonoTime mono_now() override { return sim_.mono_now(); }
  std::uint64_t random() override { return sim_.random(); }
  asio::any_io_executor executor() override { return sim_.executor(); }
  Task<void> sleep_until(MonoTime deadline, CancelToken cancel) override {
    return sim_.sleep_until(deadline, std::move(cancel));
  }
  void post_blocking(std::move_only_function<void()> work) override {
    sim_.post_blocking(std::move(work));
  }
  Disk& disk() override { return disk_; }
  std::optional<std::string> environment(const std::string& name) override {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  }

  std::map<std::string, std::string> variables;
  Duration turned{};

 private:
  SimWorld sim_{1};
  RealDisk disk_;
  std::string home_;
};

/// Answers by "METHOD URL", after a second; what it does not know is refused like a closed port.
class FakeTransport final : public http::Transport {
 public:
  explicit FakeTransport(World& world) : world_(world) {}

  Task<http::Response> send(const Context& context, http::Request& request) override {
    const std::string url = request.endpoint.to_string() + request.target;
    asked.push_back(request.method + " " + url);
    for (const auto& [name, value] : request.headers.fields()) asked.back() += " " + value;
    GODWIT_CO_CHECK(co_await world_.sleep_until(world_.mono_now() + 1s, context.cancel()));
    const auto answer = answers.find(request.method + " " + url);
    if (answer == answers.end()) co_return fail(Code::unavailable, "refused");
    http::Response response;
    response.status = 200;
    response.body = std::make_unique<MemoryBody>(answer->second);
    co_return response;
  }
  Task<void> close() override { co_return Result<void>(); }

  std::map<std::string, std::string> answers;
  std::vector<std::string> asked;

 private:
  World& world_;
};

struct Chain {
  FakeWorld world;
  FakeTransport transport{world};
  Config config;
  StoreSpec spec;

  Chain() { config.profile = "default"; }
  [[nodiscard]] CredentialsProvider provider() {
    return CredentialsProvider(world, transport, config, spec);
  }
};

using Keys = Result<http::Credentials>;

asio::awaitable<void> get_into(World& world, CredentialsProvider& provider, CancelToken cancel,
                               Keys& keys) {
  const Context context = Context(world).with_cancel(std::move(cancel));
  keys = co_await provider.get(context);
}

Keys get(Chain& chain, CredentialsProvider& provider, CancelToken cancel = {}) {
  Keys keys = fail(Code::internal, "nobody answered");
  EXPECT_TRUE(chain.world.run(get_into(chain.world, provider, std::move(cancel), keys)));
  return keys;
}

std::string access_key(const Keys& keys) {
  return keys ? keys->access_key : keys.error().to_string();
}

constexpr const char* kFile = "[default]\naws_access_key_id=FILE\naws_secret_access_key=s\n";
constexpr const char* kFullUri = "http://127.0.0.1:1/keys";

void serve_container(Chain& chain, const std::string& json) {
  chain.world.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = kFullUri;
  chain.transport.answers[std::string("GET ") + kFullUri] = json;
}

std::string keys_json(const std::string& name, const std::string& expiration) {
  return R"({"AccessKeyId":")" + name + R"(","SecretAccessKey":"s","Token":"t","Expiration":")" +
         expiration + "\"}";
}

TEST(CredentialsChain, takes_the_first_place_that_has_keys) {
  Chain chain;
  serve_container(chain, keys_json("CONTAINER", ""));
  CredentialsProvider container = chain.provider();
  EXPECT_EQ(access_key(get(chain, container)), "CONTAINER");
  chain.world.write("config", "[default]\naws_access_key_id=CONFIG\naws_secret_access_key=s\n");
  CredentialsProvider config = chain.provider();
  EXPECT_EQ(access_key(get(chain, config)), "CONFIG");
  chain.world.write("credentials", kFile);
  CredentialsProvider file = chain.provider();
  EXPECT_EQ(access_key(get(chain, file)), "FILE");
  chain.world.variables["AWS_ACCESS_KEY_ID"] = "ENVIRONMENT";
  chain.world.variables["AWS_SECRET_ACCESS_KEY"] = "s";
  CredentialsProvider environment = chain.provider();
  EXPECT_EQ(access_key(get(chain, environment)), "ENVIRONMENT");
  chain.spec.secrets = {{"access_key", "SPEC"}, {"secret_key", "s"}};
  CredentialsProvider given = chain.provider();
  EXPECT_EQ(access_key(get(chain, given)), "SPEC");
  EXPECT_EQ(chain.transport.asked.size(), 1);
}

TEST(CredentialsChain, asks_the_instance_with_a_token_and_the_name_of_its_role) {
  Chain chain;
  chain.world.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://127.0.0.1:2";
  const std::string role = "http://127.0.0.1:2/latest/meta-data/iam/security-credentials/";
  chain.transport.answers = {{"PUT http://127.0.0.1:2/latest/api/token", "TOKEN"},
                             {"GET " + role, "writer\n"},
                             {"GET " + role + "writer", keys_json("INSTANCE", "")}};
  CredentialsProvider provider = chain.provider();
  const Keys keys = get(chain, provider);
  EXPECT_EQ(access_key(keys), "INSTANCE");
  EXPECT_EQ(keys->session_token, "t");
  EXPECT_EQ(chain.transport.asked.back(), "GET " + role + "writer TOKEN");
}

TEST(CredentialsChain, says_what_to_do_when_no_place_has_keys) {
  Chain chain;
  CredentialsProvider provider = chain.provider();
  const Keys keys = get(chain, provider);
  ASSERT_FALSE(keys);
  EXPECT_EQ(keys.error().code(), Code::permission_denied);
  EXPECT_NE(keys.error().hint().find("AWS_ACCESS_KEY_ID"), std::string::npos);
}

TEST(CredentialsChain, asks_no_instance_where_that_is_forbidden) {
  Chain chain;
  chain.world.variables["AWS_EC2_METADATA_DISABLED"] = "true";
  CredentialsProvider provider = chain.provider();
  EXPECT_FALSE(get(chain, provider));
  EXPECT_TRUE(chain.transport.asked.empty());
}

TEST(CredentialsChain, anonymous_asks_nobody) {
  Chain chain;
  chain.config.signing = Signing::anonymous;
  chain.world.write("credentials", kFile);
  CredentialsProvider provider = chain.provider();
  EXPECT_TRUE(get(chain, provider).value().anonymous());
}

TEST(CredentialsChain, a_cancelled_call_says_so_and_not_that_keys_are_missing) {
  Chain chain;
  CancelSource source;
  source.cancel();
  CredentialsProvider provider = chain.provider();
  const Keys keys = get(chain, provider, source.token());
  ASSERT_FALSE(keys);
  EXPECT_EQ(keys.error().code(), Code::cancelled);
}

TEST(CredentialsChain, fetches_again_five_minutes_before_the_end_and_not_earlier) {
  Chain chain;
  serve_container(chain, keys_json("FIRST", "2026-01-01T01:00:00Z"));
  CredentialsProvider provider = chain.provider();
  EXPECT_EQ(access_key(get(chain, provider)), "FIRST");
  serve_container(chain, keys_json("SECOND", ""));
  chain.world.turned = 54min;
  EXPECT_EQ(access_key(get(chain, provider)), "FIRST");
  chain.world.turned = 56min;
  EXPECT_EQ(access_key(get(chain, provider)), "SECOND");
  chain.world.turned = 100h;
  EXPECT_EQ(access_key(get(chain, provider)), "SECOND");
  EXPECT_EQ(chain.transport.asked.size(), 2) << "keys without an end were fetched again";
}

TEST(CredentialsChain, an_answer_that_is_no_keys_is_an_error_whatever_its_types) {
  const std::vector<std::string> answers = {"",
                                            "[]",
                                            "{}",
                                            "{",
                                            R"({"AccessKeyId":null})",
                                            R"({"AccessKeyId":1,"SecretAccessKey":{}})",
                                            R"({"AccessKeyId":"A","SecretAccessKey":[]})"};
  for (const std::string& answer : answers) {
    Chain chain;
    serve_container(chain, answer);
    CredentialsProvider provider = chain.provider();
    const Keys keys = get(chain, provider);
    ASSERT_FALSE(keys) << answer;
    EXPECT_EQ(keys.error().code(), Code::permission_denied) << answer;
  }
}

asio::awaitable<void> get_twice(Chain& chain, CredentialsProvider& provider, CancelToken first,
                                std::vector<Keys>& keys) {
  TaskGroup group(chain.world.executor());
  group.spawn(get_into(chain.world, provider, std::move(first), keys[0]));
  group.spawn(get_into(chain.world, provider, {}, keys[1]));
  co_await group.join();
}

TEST(CredentialsChain, a_caller_that_gives_up_does_not_fail_the_one_that_waits) {
  Chain chain;
  serve_container(chain, keys_json("SHARED", ""));
  CredentialsProvider provider = chain.provider();
  CancelSource source;
  source.cancel();
  std::vector<Keys> keys(2);
  ASSERT_TRUE(chain.world.run(get_twice(chain, provider, source.token(), keys)));
  EXPECT_FALSE(keys[0]);
  EXPECT_EQ(access_key(keys[1]), "SHARED");
}

}  // namespace
}  // namespace godwit::s3
