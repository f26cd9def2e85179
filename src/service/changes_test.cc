#include "service/changes.h"

#include <filesystem>

#include "support/service_fixture.h"

namespace godwit::service {
namespace {

class ChangesTest : public ServiceTest {
 protected:
  /// Until the file holds that, for some seconds.
  bool becomes(const std::string& name, const std::string& text) {
    for (int i = 0; i < 1500; ++i) {
      if (contents(name) == text) return true;
      (void)test::run_task(world_, Context(world_).sleep(std::chrono::milliseconds(10)));
    }
    return false;
  }
  void remove(const std::string& name) const { std::filesystem::remove_all(path(name)); }
};

TEST_F(ChangesTest, a_file_that_is_put_into_the_primary_gets_to_the_targets_with_no_call) {
  group = "detect_changes = \"inotify\"\npropagate_removals = true\n";
  open();
  ASSERT_TRUE(settled());
  write("a/dir/k", "theirs");
  EXPECT_TRUE(becomes("b/dir/k", "theirs"));
  EXPECT_TRUE(becomes("c/dir/k", "theirs"));
  write("a/dir/k", "again");
  EXPECT_TRUE(becomes("b/dir/k", "again"));
  remove("a/dir/k");
  EXPECT_TRUE(becomes("b/dir/k", ""));
}

TEST_F(ChangesTest, a_directory_that_is_moved_moves_at_the_targets) {
  group = "detect_changes = \"inotify\"\npropagate_removals = true\n";
  open();
  write("a/old/sub/k", "theirs");
  ASSERT_TRUE(becomes("b/old/sub/k", "theirs"));
  std::filesystem::rename(path("a/old"), path("a/new"));
  EXPECT_TRUE(becomes("b/new/sub/k", "theirs"));
  EXPECT_TRUE(becomes("b/old/sub/k", ""));
}

TEST_F(ChangesTest, what_happened_while_it_was_down_is_found_at_the_start) {
  group = "detect_changes = \"webhook\"\n";
  open();
  ASSERT_TRUE(settled());
  close();
  write("a/k", "theirs");
  open();
  EXPECT_TRUE(becomes("b/k", "theirs"));
}

TEST_F(ChangesTest, a_scan_finds_changes_at_its_interval_and_removals_only_when_told_to) {
  group = "detect_changes = \"scan\"\nscan_interval = \"300ms\"\n";
  open();
  write("a/k", "theirs");
  ASSERT_TRUE(becomes("b/k", "theirs"));
  remove("a/k");
  write("a/l", "theirs");
  ASSERT_TRUE(becomes("b/l", "theirs"));
  EXPECT_EQ(contents("b/k"), "theirs");
}

TEST_F(ChangesTest, our_own_writes_are_delivered_once) {
  group = "detect_changes = \"inotify\"\n";
  open();
  ASSERT_EQ(ask("PUT", "/api/v1/groups/g/objects/k?mode=sync", "ours").status, 200U);
  (void)test::run_task(world_, Context(world_).sleep(std::chrono::seconds(3)));
  const Json json = ask("GET", "/api/v1/groups/g").json();
  for (const Json& target : json["targets"]) EXPECT_EQ(target["replicated"], 1);
}

TEST_F(ChangesTest, what_the_config_cannot_mean_is_refused) {
  group = "detect_changes = \"inotfy\"\n";
  const auto wrong = read_config();
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().hint().find("inotify"), std::string::npos) << wrong.error().to_string();
}

TEST_F(ChangesTest, what_is_told_before_the_store_shows_it_is_looked_at_once_more) {
  group = "detect_changes = \"webhook\"\n";
  open();
  ASSERT_TRUE(settled());
  const ServedGroup& served = *service_->groups().find("g").value();
  const LookTimes times{.first = std::chrono::milliseconds(1),
                        .once_more = std::chrono::milliseconds(500)};
  Changes changes(world_, *served.store, served.detect, served.config->log, times);
  const std::vector<std::string> keys{"k"};
  ASSERT_TRUE(changes.offer(keys));
  // What its beginning makes of scans is over by then, and so is the first look.
  (void)test::run_task(world_, Context(world_).sleep(std::chrono::milliseconds(250)));
  write("a/k", "theirs");
  EXPECT_TRUE(becomes("b/k", "theirs"));
}

TEST(ChangeQueueTest, a_key_waits_once_for_its_time_and_no_more_than_there_is_room_for) {
  RealWorld world;
  ChangeQueue queue(world);
  const std::vector<std::string> keys{"a", "b", "a"};
  ASSERT_TRUE(queue.offer(keys, {}, Look::last));
  EXPECT_EQ(queue.size(), 2U);
  EXPECT_EQ(queue.take()->key, "a");
  EXPECT_EQ(queue.take()->key, "b");
  queue.put_back({.key = "c"}, std::chrono::milliseconds(20));
  const MonoTime begun = world.mono_now();
  EXPECT_EQ(queue.take()->key, "c");
  EXPECT_GE(world.mono_now() - begun, std::chrono::milliseconds(19));
  std::vector<std::string> many;
  for (std::size_t i = 0; i < ChangeQueue::kMost; ++i) many.push_back(std::to_string(i));
  ASSERT_TRUE(queue.offer(many, {}, Look::last));
  const auto full = queue.offer(keys, {}, Look::last);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code(), Code::throttled);
  EXPECT_TRUE(full.error().retry_after());
  queue.stop();
  EXPECT_FALSE(queue.take());
}

TEST(ChangeQueueTest, a_key_that_waits_for_its_second_look_is_taken_at_once_when_it_is_told_again) {
  RealWorld world;
  ChangeQueue queue(world);
  queue.put_back({.key = "k", .look = Look::last}, std::chrono::hours(1));
  const std::vector<std::string> keys{"k"};
  ASSERT_TRUE(queue.offer(keys, {}, Look::once_more));
  EXPECT_EQ(queue.size(), 1U);
  const auto taken = queue.take();
  EXPECT_EQ(taken->key, "k");
  EXPECT_EQ(taken->look, Look::once_more);
  EXPECT_EQ(queue.size(), 0U);
}

/// A webhook of a group whose primary is said to be in a bucket. The stores do not answer.
class HookTest : public ServiceTest {
 protected:
  HookTest() { group = "detect_changes = \"webhook\"\nhook_secret = \"sesame\"\n"; }
  static std::string event(const std::string& name, const std::string& bucket,
                           const std::string& key) {
    return R"({"Records":[{"eventName":")" + name + R"(","s3":{"bucket":{"name":")" + bucket +
           R"("},"object":{"key":")" + key + R"("}}}]})";
  }
  Told tell(const std::string& body, const std::string& query = "?secret=sesame") {
    return ask("POST", "/api/v1/groups/g/hooks/s3" + query, body);
  }
};

TEST_F(HookTest, only_who_knows_the_secret_is_heard) {
  open();
  const std::string body = event("ObjectCreated:Put", "x", "k");
  EXPECT_EQ(tell(body, "").status, 401U);
  EXPECT_TRUE(tell(body, "").headers.find("WWW-Authenticate"));
  EXPECT_EQ(tell(body, "?secret=wrong").status, 401U);
  // "x:sesame" and "x:wrong".
  const std::string hook = "/api/v1/groups/g/hooks/s3";
  EXPECT_EQ(ask("POST", hook, body, {{"Authorization", "Basic eDpzZXNhbWU="}}).status, 400U);
  EXPECT_EQ(ask("POST", hook, body, {{"Authorization", "Basic eDp3cm9uZw=="}}).status, 401U);
  EXPECT_EQ(ask("POST", hook, body, {{"Authorization", "Bearer sesame"}}).status, 400U);
  EXPECT_EQ(ask("POST", hook, body, {{"Authorization", "sesame"}}).status, 400U);
  EXPECT_EQ(log_.str().find("sesame"), std::string::npos);
}

TEST_F(HookTest, rubbish_is_refused_with_the_reason) {
  open();
  EXPECT_EQ(tell("").status, 400U);
  EXPECT_EQ(tell("{").status, 400U);
  EXPECT_EQ(tell(std::string(std::size_t{2} << 20U, ' ')).status, 413U);
  const Told other = tell(event("ObjectCreated:Put", "others", "k"));
  EXPECT_EQ(other.status, 400U);
  EXPECT_NE(other.body.find("'others'"), std::string::npos) << other.body;
  EXPECT_EQ(ask("POST", "/api/v1/groups/gg/hooks/s3?secret=sesame", "{}").status, 404U);
}

TEST_F(HookTest, sns_is_told_that_a_person_must_confirm) {
  open();
  const Told told =
      tell(R"({"Type":"SubscriptionConfirmation","TopicArn":"t","SubscribeURL":"https://sns/x"})");
  EXPECT_EQ(told.status, 200U);
  EXPECT_EQ(told.json()["subscription"]["confirm"], "https://sns/x");
  EXPECT_NE(log_.str().find("https://sns/x"), std::string::npos);
}

TEST_F(HookTest, a_group_that_takes_no_webhooks_says_so) {
  group.clear();
  open();
  EXPECT_EQ(tell("{}", "").status, 409U);
}

}  // namespace
}  // namespace godwit::service
