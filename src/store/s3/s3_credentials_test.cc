#include <gtest/gtest.h>

#include <map>

#include "store/s3/s3_credentials.h"
#include "support/fake_world.h"
#include "world/signal.h"

namespace godwit::s3 {
namespace {

using namespace std::chrono_literals;
using test::FakeWorld;

/// Answers by "METHOD URL", after a second; what it does not know is refused like a closed port.
class FakeTransport final : public http::Transport {
 public:
  explicit FakeTransport(World& world) : world_(world) {}

  Task<http::Response> send(const Context& context, http::Request& request) override {
    const std::string url = request.endpoint.to_string() + request.target;
    asked.push_back(request.method + " " + url);
    EXPECT_EQ(request.proxying, http::Proxying::never);
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
  chain.world.write(".aws/config",
                    "[default]\naws_access_key_id=CONFIG\naws_secret_access_key=s\n");
  CredentialsProvider config = chain.provider();
  EXPECT_EQ(access_key(get(chain, config)), "CONFIG");
  chain.world.write(".aws/credentials", kFile);
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
  chain.world.write(".aws/credentials", kFile);
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

/// What one of several callers is to do.
struct Caller {
  CancelToken cancel;
  std::optional<Duration> timeout;
};

asio::awaitable<void> get_as(World& world, CredentialsProvider& provider, Caller caller,
                             Keys& keys) {
  Context context = Context(world).with_cancel(caller.cancel);
  if (caller.timeout) context = context.with_timeout(*caller.timeout);
  keys = co_await provider.get(context);
}

asio::awaitable<void> cancel_after(World& world, Duration pause, CancelSource& source) {
  (void)co_await world.sleep_until(world.mono_now() + pause, {});
  source.cancel();
}

asio::awaitable<void> get_all(Chain& chain, CredentialsProvider& provider,
                              std::vector<Caller> callers, CancelSource& source,
                              std::vector<Keys>& keys) {
  TaskGroup group(chain.world.executor());
  for (std::size_t i = 0; i < callers.size(); ++i) {
    group.spawn(get_as(chain.world, provider, callers[i], keys[i]));
  }
  // In the middle of the one second that an answer takes.
  group.spawn(cancel_after(chain.world, 500ms, source));
  co_await group.join();
}

/// All call at once; `source` is cancelled while they wait.
std::vector<Keys> get_at_once(Chain& chain, CredentialsProvider& provider,
                              const std::vector<Caller>& callers, CancelSource& source) {
  std::vector<Keys> keys(callers.size(), fail(Code::internal, "nobody answered"));
  EXPECT_TRUE(chain.world.run(get_all(chain, provider, callers, source, keys)));
  return keys;
}

TEST(CredentialsFetch, callers_at_once_share_one) {
  Chain chain;
  serve_container(chain, keys_json("SHARED", ""));
  CredentialsProvider provider = chain.provider();
  CancelSource source;
  for (const Keys& keys : get_at_once(chain, provider, std::vector<Caller>(20), source)) {
    EXPECT_EQ(access_key(keys), "SHARED");
  }
  EXPECT_EQ(chain.transport.asked.size(), 1);
}

TEST(CredentialsFetch, its_failure_is_told_to_all_and_the_next_call_tries_again) {
  Chain chain;
  serve_container(chain, "{}");
  CredentialsProvider provider = chain.provider();
  CancelSource source;
  for (const Keys& keys : get_at_once(chain, provider, std::vector<Caller>(3), source)) {
    ASSERT_FALSE(keys);
    EXPECT_EQ(keys.error().code(), Code::permission_denied);
  }
  serve_container(chain, keys_json("LATER", ""));
  EXPECT_EQ(access_key(get(chain, provider)), "LATER");
  EXPECT_EQ(chain.transport.asked.size(), 2);
}

TEST(CredentialsFetch, one_that_gives_up_does_not_end_it_for_the_others) {
  Chain chain;
  serve_container(chain, keys_json("SHARED", ""));
  CredentialsProvider provider = chain.provider();
  CancelSource source;
  const std::vector<Keys> keys =
      get_at_once(chain, provider, {{source.token(), {}}, {{}, 300ms}, {}}, source);
  ASSERT_FALSE(keys[0] || keys[1]);
  EXPECT_EQ(keys[0].error().code(), Code::cancelled);
  EXPECT_EQ(keys[1].error().code(), Code::timed_out);
  EXPECT_EQ(access_key(keys[2]), "SHARED");
  EXPECT_EQ(chain.transport.asked.size(), 1);
}

TEST(CredentialsFetch, ends_when_nobody_waits_for_it) {
  Chain chain;
  serve_container(chain, keys_json("LATER", ""));
  CredentialsProvider provider = chain.provider();
  CancelSource source;
  for (const Keys& keys :
       get_at_once(chain, provider, {{source.token(), {}}, {source.token(), {}}}, source)) {
    ASSERT_FALSE(keys);
    EXPECT_EQ(keys.error().code(), Code::cancelled);
  }
  EXPECT_EQ(access_key(get(chain, provider)), "LATER");
}

TEST(CredentialsFetch, that_fails_does_no_harm_while_the_old_keys_are_valid) {
  Chain chain;
  serve_container(chain, keys_json("OLD", "2026-01-01T01:00:00Z"));
  CredentialsProvider provider = chain.provider();
  EXPECT_EQ(access_key(get(chain, provider)), "OLD");
  chain.transport.answers.clear();
  chain.world.turned = 56min;
  CancelSource source;
  for (const Keys& keys : get_at_once(chain, provider, std::vector<Caller>(3), source)) {
    EXPECT_EQ(access_key(keys), "OLD");
  }
  EXPECT_EQ(chain.transport.asked.size(), 2) << "each call tried again at once";
  chain.world.turned = 57min;
  EXPECT_EQ(access_key(get(chain, provider)), "OLD");
  EXPECT_EQ(chain.transport.asked.size(), 3);
  chain.world.turned = 61min;
  EXPECT_FALSE(get(chain, provider)) << "keys outlived their end";
}

TEST(CredentialsFetch, of_keys_that_the_service_calls_expired_is_made_at_once) {
  Chain chain;
  serve_container(chain, keys_json("OLD", "2026-01-01T01:00:00Z"));
  CredentialsProvider provider = chain.provider();
  const Keys old = get(chain, provider);
  serve_container(chain, keys_json("NEW", ""));
  EXPECT_TRUE(provider.expire(*old));
  EXPECT_EQ(access_key(get(chain, provider)), "NEW");
  EXPECT_FALSE(provider.expire(*old)) << "keys without an end cannot be renewed";
}

TEST(ContainerKeys, are_asked_for_with_the_token_of_the_file) {
  Chain chain;
  serve_container(chain, keys_json("CONTAINER", ""));
  chain.world.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "STALE";
  chain.world.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = chain.world.path("token");
  CredentialsProvider provider = chain.provider();
  EXPECT_EQ(get(chain, provider).error().code(), Code::invalid_argument);
  chain.world.write("token", "FRESH\n");
  EXPECT_EQ(access_key(get(chain, provider)), "CONTAINER");
  EXPECT_EQ(chain.transport.asked.back(), std::string("GET ") + kFullUri + " FRESH");
}

TEST(ContainerKeys, come_over_plain_http_from_this_machine_only) {
  for (const char* host : {"http://10.0.0.1", "http://example.com", "http://169.254.1.1"}) {
    Chain chain;
    chain.world.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = std::string(host) + "/keys";
    CredentialsProvider provider = chain.provider();
    const Keys keys = get(chain, provider);
    ASSERT_FALSE(keys);
    EXPECT_EQ(keys.error().code(), Code::invalid_argument) << host;
    EXPECT_TRUE(chain.transport.asked.empty()) << host;
  }
  for (const char* host : {"http://[::1]:80", "http://localhost", "http://169.254.170.23",
                           "http://[fd00:ec2::23]", "https://keys.example.com"}) {
    Chain chain;
    chain.world.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = std::string(host) + "/keys";
    CredentialsProvider provider = chain.provider();
    (void)get(chain, provider);
    EXPECT_EQ(chain.transport.asked.size(), 1) << host;
  }
}

TEST(Profile, that_the_url_names_goes_before_the_environment) {
  Chain chain;
  chain.world.write(".aws/credentials",
                    "[other]\naws_access_key_id=OTHER\naws_secret_access_key=s\n");
  chain.world.variables["AWS_ACCESS_KEY_ID"] = "ENVIRONMENT";
  chain.world.variables["AWS_SECRET_ACCESS_KEY"] = "s";
  chain.config.profile = "other";
  for (const auto& [from, expected] : {std::pair(ProfileFrom::option, "OTHER"),
                                       std::pair(ProfileFrom::environment, "ENVIRONMENT")}) {
    chain.config.profile_from = from;
    CredentialsProvider provider = chain.provider();
    EXPECT_EQ(access_key(get(chain, provider)), expected);
  }
}

TEST(Profile, that_somebody_named_must_be_there) {
  Chain chain;
  chain.config.profile = "none";
  chain.config.profile_from = ProfileFrom::environment;
  CredentialsProvider provider = chain.provider();
  const Keys keys = get(chain, provider);
  ASSERT_FALSE(keys);
  EXPECT_NE(keys.error().to_string().find("'none'"), std::string::npos);
  EXPECT_TRUE(chain.transport.asked.empty());
}

TEST(Profile, half_a_pair_of_keys_is_told_and_not_passed_over) {
  Chain chain;
  chain.world.variables["AWS_ACCESS_KEY_ID"] = "ENVIRONMENT";
  CredentialsProvider environment = chain.provider();
  EXPECT_NE(access_key(get(chain, environment)).find("AWS_SECRET_ACCESS_KEY"), std::string::npos);
  chain.world.variables.erase("AWS_ACCESS_KEY_ID");
  chain.world.write(".aws/credentials", "[default]\naws_access_key_id=A\n");
  CredentialsProvider file = chain.provider();
  EXPECT_NE(access_key(get(chain, file)).find("aws_secret_access_key"), std::string::npos);
}

}  // namespace
}  // namespace godwit::s3
