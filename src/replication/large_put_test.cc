#include "replication/large_put.h"

#include <algorithm>
#include <cstring>

#include "support/group_fixture.h"

namespace godwit::replication {
namespace {

/// A body that comes in when the test lets it.
class HeldBody final : public Body {
 public:
  HeldBody(World& world, std::string bytes) : world_(world), bytes_(std::move(bytes)) {}

  Task<std::size_t> read(MutableByteSpan into) override {
    while (position_ == allowed_ && !breaks_off && allowed_ < bytes_.size()) {
      GODWIT_CO_CHECK(co_await Context(world_).sleep(10ms));
    }
    if (breaks_off) co_return fail(Code::unavailable, "the writer is gone");
    const std::size_t count = std::min(into.size(), allowed_ - position_);
    std::memcpy(into.data(), bytes_.data() + position_, count);
    position_ += count;
    co_return count;
  }
  void let_come(std::size_t bytes) { allowed_ = std::min(bytes_.size(), allowed_ + bytes); }
  void let_all_come() { allowed_ = bytes_.size(); }

  bool breaks_off = false;

 private:
  World& world_;
  std::string bytes_;
  std::size_t allowed_ = 0;
  std::size_t position_ = 0;
};

asio::awaitable<void> put_held(Group* group, Context context, std::string key, Incoming incoming,
                               WriteOptions options, std::optional<Result<Receipt>>* result) {
  *result = co_await group->put(context, key, incoming, options);
}

std::string large_body() {
  std::string bytes(10 * kKiB + 77, 'x');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * i / 7);
  return bytes;
}

/// Parts are of 1 KiB here.
class LargePutTest : public GroupTest {
 protected:
  LargePutTest() : writers_(world_.executor()) { config_.part_size = kKiB; }
  void TearDown() override {
    ASSERT_TRUE(test::run_task(world_, joined()));
    GroupTest::TearDown();
  }
  Task<void> joined() {
    co_await writers_.join();
    co_return Result<void>();
  }
  /// Begins a put whose body comes in when told to.
  void begin(const WriteOptions& options = {}, std::optional<Bytes> size = {}) {
    const Incoming incoming{.body = &body_, .size = size};
    const Context context = Context(world_).with_timeout(10min);
    writers_.spawn(put_held(group_.get(), context, "k", incoming, options, &result_));
  }
  std::size_t uploads(const std::string& name) {
    const auto there = store(name);
    const Context context(world_);
    const std::string all;
    return test::run_task(world_, there->multipart()->list(context, all)).value().size();
  }
  std::size_t parts(const std::string& name) {
    const auto there = store(name);
    const Context context(world_);
    const std::string all;
    const auto open = test::run_task(world_, there->multipart()->list(context, all)).value();
    if (open.empty()) return 0;
    return test::run_task(world_, there->multipart()->parts(context, open.front())).value().size();
  }
  void expect_everywhere(const std::string& bytes) {
    for (const char* name : {"p", "a", "b"}) {
      EXPECT_TRUE(held(name, "k") == bytes) << name;
      EXPECT_EQ(uploads(name), 0U) << name;
    }
  }

  std::string large_ = large_body();
  HeldBody body_{world_, large_};
  std::optional<Result<Receipt>> result_;
  TaskGroup writers_;
};

TEST_F(LargePutTest, a_body_reaches_the_targets_while_it_comes_in_and_is_read_from_nowhere) {
  start();
  begin();
  body_.let_come(6 * kKiB);
  wait();
  EXPECT_EQ(uploads("a"), 1U);
  EXPECT_EQ(held("a", "k"), "(nothing)") << "not before the primary has it";
  body_.let_all_come();
  faults_["p"].cut_body = 1;
  wait();
  ASSERT_TRUE(result_ && *result_);
  EXPECT_FALSE((*result_)->superseded);
  faults_["p"] = {};
  expect_everywhere(large_);
  EXPECT_TRUE(status("a").caught_up);
}

TEST_F(LargePutTest, a_slow_body_holds_up_no_other_write_of_its_key_and_is_superseded_by_it) {
  config_.mode = Mode::sync;
  start();
  begin();
  body_.let_come(3 * kKiB);
  wait();
  const auto quick = put("k", "2");
  ASSERT_TRUE(quick);
  body_.let_all_come();
  wait();
  ASSERT_TRUE(result_ && *result_);
  EXPECT_TRUE((*result_)->superseded);
  EXPECT_LT((*result_)->version, quick->version);
  EXPECT_TRUE(std::ranges::all_of((*result_)->targets, [](const TargetAck& target) {
    return target.ack == Ack::acknowledged;
  })) << "each holds a newer one";
  expect_everywhere("2");
}

TEST_F(LargePutTest, a_removal_meanwhile_supersedes_it_too) {
  start();
  begin();
  body_.let_come(3 * kKiB);
  wait();
  ASSERT_TRUE(remove("k"));
  body_.let_all_come();
  wait();
  EXPECT_TRUE((*result_)->superseded);
  expect_everywhere("(nothing)");
}

TEST_F(LargePutTest, a_body_that_breaks_off_leaves_nothing) {
  start();
  begin();
  body_.let_come(5 * kKiB);
  wait();
  body_.breaks_off = true;
  wait();
  ASSERT_TRUE(result_);
  ASSERT_FALSE(*result_);
  EXPECT_EQ(result_->error().outcome(), Outcome::not_applied);
  EXPECT_EQ(result_->error().message(), "the writer is gone");
  expect_everywhere("(nothing)");
}

TEST_F(LargePutTest, a_body_of_another_size_than_announced_is_refused) {
  start();
  body_.let_all_come();
  begin({}, large_.size() + 1);
  wait();
  ASSERT_FALSE(*result_);
  EXPECT_EQ(result_->error().code(), Code::invalid_argument);
  expect_everywhere("(nothing)");
}

TEST_F(LargePutTest, a_write_may_depend_on_what_is_there_at_its_end) {
  start();
  begin({.expected = Expected{}});
  body_.let_come(3 * kKiB);
  wait();
  ASSERT_TRUE(put("k", "2"));
  body_.let_all_come();
  wait();
  ASSERT_FALSE(*result_);
  EXPECT_EQ(result_->error().code(), Code::precondition_failed);
  expect_everywhere("2");
}

TEST_F(LargePutTest, a_target_that_is_slow_is_left_behind_and_gets_the_rest_from_the_primary) {
  start();
  wait(1min);
  faults_["a"].longest_delay = 4s;
  body_.let_all_come();
  begin({}, large_.size());
  wait(1s);
  ASSERT_TRUE(result_ && *result_) << "nobody waits for it";
  EXPECT_EQ(held("a", "k"), "(nothing)");
  wait(2min);
  expect_everywhere(large_);
  EXPECT_LT(status("a").counts.attempts, 3U) << "the first attempt went on from what had arrived";
}

TEST_F(LargePutTest, under_sync_the_pace_is_that_of_the_targets) {
  config_.mode = Mode::sync;
  start();
  wait(1min);
  faults_["a"].longest_delay = 500ms;
  body_.let_all_come();
  begin({}, large_.size());
  wait(30s);
  ASSERT_TRUE(result_ && *result_);
  faults_["p"].unavailable = 1;  // so that nothing more could be read there
  EXPECT_TRUE(held("a", "k") == large_);
}

TEST_F(LargePutTest, a_target_that_is_paused_meanwhile_is_asked_nothing_more) {
  start();
  begin();
  body_.let_come(3 * kKiB);
  wait();
  ASSERT_TRUE(group_->pause("a"));
  wait();
  EXPECT_EQ(uploads("a"), 0U) << "it was freed at once";
  body_.let_all_come();
  wait();
  ASSERT_TRUE(result_ && *result_);
  EXPECT_EQ(uploads("a"), 0U);
  ASSERT_TRUE(group_->resume("a"));
  wait(1min);
  expect_everywhere(large_);
}

TEST_F(LargePutTest, a_switchover_does_not_wait_for_a_slow_body_which_fails_and_leaves_nothing) {
  start();
  begin();
  body_.let_come(3 * kKiB);
  wait();
  ASSERT_TRUE(move({.to = "a"}));
  body_.let_all_come();
  wait();
  ASSERT_FALSE(*result_);
  EXPECT_EQ(result_->error().message(), "the primary moved while the body came in");
  EXPECT_EQ(result_->error().outcome(), Outcome::not_applied);
  expect_everywhere("(nothing)");
}

TEST_F(LargePutTest, a_failover_completes_what_the_new_primary_was_sent) {
  start();
  wait(1min);
  faults_["p"].longest_delay = 10s;
  body_.let_all_come();
  begin({}, large_.size());
  while (parts("a") < 11) wait(10ms);
  ASSERT_FALSE(result_) << "the primary is not done";
  take_away("a");
  take_away("b");
  wait(1min);
  ASSERT_TRUE(result_ && *result_);
  bring_back("a");
  take_away("p");
  wait(1min);
  const auto report = move({.kind = MoveKind::failover, .to = "a"});
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_TRUE(report->at_risk.empty());
  EXPECT_TRUE(held("a", "k") == large_);
}

TEST_F(LargePutTest, a_body_larger_than_the_store_takes_is_refused_before_a_byte_is_sent) {
  start();
  begin({}, Bytes{10'001} * 64 * kMiB);
  wait();
  ASSERT_TRUE(result_);
  ASSERT_FALSE(*result_);
  EXPECT_EQ(result_->error().code(), Code::limit_exceeded);
  body_.let_all_come();
}

}  // namespace
}  // namespace godwit::replication
