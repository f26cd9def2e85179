#include "service/rate_limit.h"

#include <gtest/gtest.h>

#include "support/service_fixture.h"

namespace godwit::service {
namespace {

using namespace std::chrono_literals;

constexpr MonoTime kStart = MonoTime(1h);

TEST(RateLimit, lets_a_burst_pass_then_as_many_as_the_rate_says) {
  RateLimit limit({.per_second = 10, .burst = 3});
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(limit.take("a", kStart));
  EXPECT_EQ(limit.take("a", kStart), 100ms);
  EXPECT_EQ(limit.take("a", kStart + 50ms), 50ms);
  EXPECT_FALSE(limit.take("a", kStart + 100ms));
  EXPECT_TRUE(limit.take("a", kStart + 100ms));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(limit.take("a", kStart + 1h)) << "no more than a burst";
  EXPECT_TRUE(limit.take("a", kStart + 1h));
}

TEST(RateLimit, callers_do_not_spend_what_is_anothers) {
  RateLimit limit({.per_second = 1, .burst = 1});
  EXPECT_FALSE(limit.take("a", kStart));
  EXPECT_TRUE(limit.take("a", kStart));
  EXPECT_FALSE(limit.take("b", kStart));
}

TEST(RateLimit, none_lets_all_pass_and_remembers_nobody) {
  RateLimit limit({});
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(limit.take("a", kStart));
  EXPECT_EQ(limit.callers(), 0U);
}

TEST(RateLimit, ever_new_callers_take_no_more_than_its_memory) {
  RateLimit limit({.per_second = 1, .burst = 1});
  for (std::size_t i = 0; i < RateLimit::kMostCallers; ++i) {
    EXPECT_FALSE(limit.take(std::to_string(i), kStart));
  }
  EXPECT_FALSE(limit.take("one more", kStart)) << "of what the rest shares";
  EXPECT_TRUE(limit.take("yet another", kStart));
  EXPECT_LE(limit.callers(), RateLimit::kMostCallers + 1);
  EXPECT_FALSE(limit.take("yet another", kStart + 1min));
  EXPECT_LE(limit.callers(), 2U) << "those who were away are forgotten";
}

class RateLimitOfService : public ServiceTest {};

TEST_F(RateLimitOfService, too_many_calls_are_refused_until_it_is_time_again) {
  api = "rate_limit = 2\nrate_burst = 4\n";
  open();
  const std::string path = "/api/v1/groups/g";
  Told told;
  for (int i = 0; i < 20 && told.status != 429; ++i) told = ask("GET", path);
  ASSERT_EQ(told.status, 429U);
  EXPECT_EQ(told.json()["error"]["code"], "limit_exceeded");
  EXPECT_TRUE(told.json()["error"]["retry"]);
  EXPECT_TRUE(told.json().contains("request_id"));
  EXPECT_EQ(told.headers.find("Retry-After"), "1");
  for (const char* open_to_all : {"/healthz", "/readyz", "/metrics", "/"}) {
    EXPECT_EQ(ask("GET", open_to_all).status, 200U) << open_to_all;
  }
  (void)test::run_task(world_, Context(world_).sleep(700ms));
  EXPECT_EQ(ask("GET", path).status, 200U);
}

TEST_F(RateLimitOfService, each_token_has_its_own_and_a_reload_changes_it) {
  api = "read_token = \"look\"\noperate_token = \"act\"\nrate_limit = 1\nrate_burst = 1\n";
  open();
  const std::string path = "/api/v1/role";
  token = "look";
  Told told;
  for (int i = 0; i < 20 && told.status != 429; ++i) told = ask("GET", path);
  ASSERT_EQ(told.status, 429U);
  token = "act";
  EXPECT_EQ(ask("GET", path).status, 200U);
  (void)test::run_task(world_, Context(world_).sleep(1100ms));
  api = "read_token = \"look\"\noperate_token = \"act\"\n";
  ASSERT_EQ(ask("POST", "/api/v1/reload").status, 200U);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(ask("GET", path).status, 200U);
}

TEST_F(RateLimitOfService, tokens_cannot_be_guessed_quickly) {
  api = "operate_token = \"act\"\n";
  open();
  token = "guess";
  Told told{.status = 401};
  for (int i = 0; i < 1000 && told.status == 401; ++i) told = ask("GET", "/api/v1/role");
  EXPECT_EQ(told.status, 429U);
  token = "act";
  EXPECT_EQ(ask("GET", "/api/v1/role").status, 200U) << "who knows it is let in";
}

}  // namespace
}  // namespace godwit::service
