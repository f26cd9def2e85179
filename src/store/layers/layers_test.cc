#include "store/layers/layers.h"

#include <gtest/gtest.h>

#include <map>

#include "store/memory/memory_store.h"
#include "support/run_task.h"
#include "world/sim/sim_world.h"

namespace godwit {
namespace {

using namespace std::chrono_literals;

/// A store whose calls take as long, and fail as often, as a test says.
class Scripted final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;

  Task<ObjectInfo> head(const Context& context, const std::string& key) override {
    ++calls;
    GODWIT_CO_CHECK(co_await context.sleep(takes));
    if (failures > 0) {
      --failures;
      co_return fail(Error(error));
    }
    co_return co_await inner().head(context, key);
  }
  Task<GetResult> get(const Context& context, const std::string& key,
                      const GetOptions& options) override {
    GODWIT_CO_CHECK(co_await context.sleep(takes));
    co_return co_await inner().get(context, key, options);
  }
  Task<PutResult> put(const Context& context, const std::string& key, Upload upload,
                      const PutOptions& options) override {
    GODWIT_CO_CHECK(co_await context.sleep(takes));
    co_return co_await inner().put(context, key, upload, options);
  }
  Task<std::vector<Result<void>>> remove(const Context&,
                                         std::span<const std::string> keys) override {
    std::vector<Result<void>> outcome;
    for (const std::string& key : keys) {
      asked.push_back(key);
      std::size_t& left = refuse[key];
      if (left == 0) outcome.emplace_back();
      if (left > 0) outcome.push_back(fail(Error(error)));
      if (left > 0) --left;
    }
    co_return outcome;
  }

  Duration takes{};
  std::size_t failures = 0;
  std::size_t calls = 0;
  Error error = Error(Code::unavailable, "down").with(Retry::later);
  std::map<std::string, std::size_t> refuse;
  std::vector<std::string> asked;
};

class Lines final : public LogSink {
 public:
  [[nodiscard]] bool wants(LogLevel level) const override { return level >= LogLevel::warning; }
  void write(LogLevel, std::string_view message, std::initializer_list<LogField> fields) override {
    std::string line(message);
    for (const auto& [name, value] : fields) line += " " + std::string(name) + "=" + value;
    lines.push_back(line);
  }
  std::vector<std::string> lines;
};

class LayersTest : public testing::Test {
 protected:
  LayersTest() {
    auto scripted = std::make_unique<Scripted>(make_memory_store(world_, "m"));
    driver_ = scripted.get();
    under_ = std::move(scripted);
  }
  Store& layered() {
    options_.metrics = &metrics_;
    store_ = with_layers(std::move(under_), options_);
    return *store_;
  }
  template <class T>
  Result<T> run(Task<T> task) {
    const MonoTime start = world_.mono_now();
    Result<T> result = test::run_task(world_, std::move(task));
    elapsed_ = world_.mono_now() - start;
    return result;
  }
  Result<PutResult> put(Store& store, const std::string& key, Bytes size) {
    MemoryBody body(std::string(size, 'x'));
    const PutOptions options;
    return run(store.put(context_, key, {&body, size}, options));
  }
  Code head(Store& store) {
    const auto found = run(store.head(context_, key_));
    return found ? Code::internal : found.error().code();
  }

  SimWorld world_{1};
  Context context_{world_};
  Scripted* driver_ = nullptr;
  std::unique_ptr<Store> under_;
  std::unique_ptr<Store> store_;
  LayerOptions options_;
  StoreMetrics metrics_;
  Duration elapsed_{};
  const std::string key_ = "a";
};

TEST_F(LayersTest, a_passing_failure_is_tried_again_after_growing_pauses) {
  driver_->failures = 3;
  EXPECT_EQ(head(layered()), Code::not_found);
  EXPECT_EQ(driver_->calls, 4);
  EXPECT_LE(elapsed_, 200ms + 400ms + 800ms);
}

TEST_F(LayersTest, attempts_end) {
  driver_->failures = 100;
  EXPECT_EQ(head(layered()), Code::unavailable);
  EXPECT_EQ(driver_->calls, options_.retry.attempts);
}

TEST_F(LayersTest, what_will_fail_again_is_not_tried_again) {
  driver_->failures = 1;
  driver_->error = Error(Code::permission_denied, "no").with(Retry::never);
  EXPECT_EQ(head(layered()), Code::permission_denied);
  EXPECT_EQ(driver_->calls, 1);
}

TEST_F(LayersTest, a_pause_is_what_the_service_asked_for_within_reason) {
  driver_->failures = 1;
  driver_->error = Error(driver_->error).with_retry_after(3s);
  Store& store = layered();
  EXPECT_EQ(head(store), Code::not_found);
  EXPECT_GE(elapsed_, 3s);
  driver_->failures = 1;
  driver_->error = Error(driver_->error).with_retry_after(1h);
  EXPECT_EQ(head(store), Code::not_found);
  EXPECT_EQ(elapsed_, options_.retry.longest_pause);
}

TEST_F(LayersTest, pauses_may_be_nothing) {
  options_.retry.first_pause = Duration::zero();
  driver_->failures = 3;
  EXPECT_EQ(head(layered()), Code::not_found);
  EXPECT_EQ(elapsed_, Duration::zero());
}

TEST_F(LayersTest, an_empty_budget_ends_retries) {
  const auto budget = std::make_shared<RetryBudget>();
  while (budget->spend()) continue;
  context_ = context_.with_retry_budget(budget);
  driver_->failures = 1;
  EXPECT_EQ(head(layered()), Code::unavailable);
}

TEST_F(LayersTest, of_many_removes_only_those_that_failed_are_asked_again) {
  driver_->refuse = {{"b", 2}, {"c", 100}};
  const std::vector<std::string> keys = {"a", "b", "c", "d"};
  const auto outcome = run(layered().remove(context_, keys)).value();
  ASSERT_EQ(outcome.size(), 4);
  EXPECT_TRUE(outcome[0]);
  EXPECT_TRUE(outcome[1]);
  EXPECT_EQ(outcome[2].error().code(), Code::unavailable);
  EXPECT_TRUE(outcome[3]);
  EXPECT_EQ(std::ranges::count(driver_->asked, "a"), 1);
  EXPECT_EQ(std::ranges::count(driver_->asked, "b"), 3);
  EXPECT_EQ(std::ranges::count(driver_->asked, "c"), 4);
}

TEST_F(LayersTest, a_call_that_hangs_ends_by_its_deadline) {
  driver_->takes = 24h;
  Store& store = layered();
  EXPECT_EQ(head(store), Code::timed_out);
  EXPECT_LE(elapsed_, options_.deadline.per_call);
  EXPECT_EQ(put(store, "a", 10).error().code(), Code::timed_out);
}

TEST_F(LayersTest, a_large_body_has_the_time_that_it_needs_and_a_get_its_own) {
  driver_->takes = 6min;
  Store& store = layered();
  EXPECT_TRUE(put(store, "a", 2 * kMiB));
  const GetOptions get;
  EXPECT_TRUE(run(store.get(context_, key_, get)));
  EXPECT_EQ(head(store), Code::timed_out);
}

TEST_F(LayersTest, the_deadline_bounds_all_retries_of_a_call_together) {
  options_.deadline.per_call = 1s;
  options_.retry.attempts = 1000;
  driver_->failures = 1000;
  EXPECT_FALSE(run(layered().head(context_, key_)));
  EXPECT_LE(elapsed_, 1s);
}

Task<void> head_often(const Context& context, Store& store, std::size_t times) {
  const std::string key = "a";
  for (std::size_t i = 0; i < times; ++i) (void)co_await store.head(context, key);
  co_return Result<void>();
}

TEST_F(LayersTest, no_more_calls_a_second_pass_than_were_allowed) {
  options_.calls_per_second = 50;
  ASSERT_TRUE(run(head_often(context_, layered(), 500)));
  EXPECT_NEAR(std::chrono::duration<double>(elapsed_).count(), 10, 0.2);
}

TEST_F(LayersTest, a_throttled_call_can_be_given_up) {
  options_.calls_per_second = 0.001;
  Store& store = layered();
  context_ = context_.with_timeout(1s);
  EXPECT_EQ(head(store), Code::not_found);
  EXPECT_EQ(head(store), Code::timed_out);
}

TEST_F(LayersTest, metrics_count_what_the_engine_asked_for) {
  driver_->takes = 3ms;
  Store& store = layered();
  ASSERT_TRUE(put(store, "a", 1000));
  GetOptions get;
  get.range = ByteRange{0, 100};
  GetResult got = run(store.get(context_, key_, get)).value();
  ASSERT_TRUE(run(read_all(*got.body, kMiB)));
  driver_->failures = 2;
  EXPECT_EQ(head(store), Code::internal);
  driver_->failures = 100;
  EXPECT_EQ(head(store), Code::unavailable);
  driver_->failures = 0;
  const std::string none = "none";
  EXPECT_FALSE(run(store.head(context_, none)));
  EXPECT_EQ(metrics_.bytes_written, 1000);
  EXPECT_EQ(metrics_.bytes_read, 100);
  const StoreMetrics::Calls& heads = metrics_.of(Operation::head);
  EXPECT_EQ(heads.succeeded, 1);
  EXPECT_EQ(heads.failed, 1);
  EXPECT_EQ(heads.absent, 1);
  const StoreMetrics::Calls& puts = metrics_.of(Operation::put);
  EXPECT_EQ(puts.count(), 1);
  EXPECT_EQ(puts.time, 3ms);
  EXPECT_EQ(puts.within[2], 1);  // up to 4 ms
}

TEST_F(LayersTest, what_takes_long_is_a_line_of_the_log) {
  Lines log;
  options_.slow = {.log = &log, .most = 10ms};
  Store& store = layered();
  driver_->takes = 10ms;
  ASSERT_TRUE(put(store, "a", 10));
  EXPECT_TRUE(log.lines.empty());
  driver_->takes = 20ms;
  ASSERT_TRUE(put(store, "a", 10));
  const std::string absent = "b";
  EXPECT_FALSE(run(store.head(context_.with_request_id("job-7"), absent)));
  const std::string call = "slow call of a store request_id=";
  const std::string head = "job-7 operation=head store=memory:m key=b ms=20 error=";
  EXPECT_EQ(log.lines,
            (std::vector<std::string>{call + " operation=put store=memory:m key=a ms=20 error=",
                                      call + head + "there is no such object"}));
}

TEST_F(LayersTest, pages_and_uploads_pass_through_every_layer) {
  options_.calls_per_second = 1e6;
  const Faults none;
  options_.faults = &none;
  Store& store = layered();
  ASSERT_TRUE(put(store, "a", 10));
  const auto listing = store.list(ListOptions{});
  EXPECT_EQ(run(listing->next(context_))->size(), 1);
  EXPECT_TRUE(run(listing->next(context_))->empty());
  const PutOptions options;
  const UploadId upload = run(store.multipart()->create(context_, key_, options)).value();
  MemoryBody body("xyz");
  const PartInfo part =
      run(store.multipart()->put_part(context_, upload, {1, 0}, {&body, 3})).value();
  const std::vector<PartInfo> parts = {part};
  ASSERT_TRUE(run(store.multipart()->complete(context_, upload, parts, options)));
  EXPECT_EQ(metrics_.of(Operation::list).succeeded, 2);
  EXPECT_EQ(metrics_.of(Operation::put_part).succeeded, 1);
  EXPECT_EQ(metrics_.of(Operation::complete_upload).succeeded, 1);
  EXPECT_EQ(metrics_.bytes_written, 13);
  EXPECT_EQ(to_string(Operation::list_uploads), "list_uploads");
}

}  // namespace
}  // namespace godwit
