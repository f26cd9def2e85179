// Reads of which more than one store may be asked. What a read may never miss: group_test.cc.
#include <algorithm>

#include "replication/read_times.h"
#include "store/layers/forwarding.h"
#include "support/group_fixture.h"

namespace godwit::replication {
namespace {

/// A body that ends when its reader is cancelled, as those that come over a connection.
class Connected final : public Body {
 public:
  Connected(Context context, std::unique_ptr<Body> inner)
      : context_(std::move(context)), inner_(std::move(inner)) {}
  Task<std::size_t> read(MutableByteSpan into) override {
    GODWIT_CO_CHECK(context_.check());
    co_return co_await inner_->read(into);
  }

 private:
  Context context_;
  std::unique_ptr<Body> inner_;
};

class ConnectedStore final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  Task<GetResult> get(const Context& context, const std::string& key,
                      const GetOptions& options) override {
    GODWIT_CO_TRY(GetResult got, co_await inner().get(context, key, options));
    got.body = std::make_unique<Connected>(context, std::move(got.body));
    co_return got;
  }
};

class ReadsTest : public GroupTest {
 protected:
  /// "a" is nearest, then "b", then the primary.
  void start_at_distances() {
    faults_["a"].longest_delay = 2ms;
    faults_["b"].longest_delay = 20ms;
    faults_["p"].longest_delay = 200ms;
    start();
    ASSERT_TRUE(put("k", "1"));
    wait(5min);
  }
  /// How long each of so many reads took, in order of length; each 25th answer of "a" may take 5 s.
  std::vector<Duration> times_of_reads(ReadPreference preference) {
    std::vector<Duration> times;
    for (int i = 0; i < 1000; ++i) {
      faults_["a"].longest_delay = i % 25 == 0 ? Duration(5s) : Duration(2ms);
      const MonoTime begun = world_.mono_now();
      EXPECT_TRUE(read("k", {.preference = preference}));
      times.push_back(world_.mono_now() - begun);
    }
    std::ranges::sort(times);
    return times;
  }
};

TEST_F(ReadsTest, one_slow_answer_in_many_does_not_make_reads_by_any_slow) {
  start_at_distances();
  const auto hedged = times_of_reads(ReadPreference::any);
  EXPECT_LE(hedged.at(989), 50ms);
  const ReplicationMetrics metrics = group_->metrics();
  EXPECT_LE(metrics.hedged_reads, 150U) << "a second request is the exception";
  EXPECT_GE(metrics.hedges_won, 30U);
  EXPECT_LE(metrics.hedges_won, metrics.hedged_reads);
  const auto alone = times_of_reads(ReadPreference::secondary);
  EXPECT_GE(alone.at(989), 500ms) << "the p99 of who waits for whom it has asked";
  EXPECT_EQ(group_->metrics().hedged_reads, metrics.hedged_reads);
}

TEST_F(ReadsTest, a_store_that_has_become_slow_holds_up_no_read_by_any) {
  start_at_distances();
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(read("k", {.preference = ReadPreference::any}));
  faults_["a"].longest_delay = 10s;
  for (int i = 0; i < 200; ++i) {
    const MonoTime begun = world_.mono_now();
    ASSERT_TRUE(read("k", {.preference = ReadPreference::any}));
    EXPECT_LE(world_.mono_now() - begun, 60ms) << i;
  }
}

TEST_F(ReadsTest, who_lacks_the_newest_write_is_not_asked_though_the_others_are_slow) {
  for (TargetConfig& target : config_.targets) target.retry_delay = 60s;
  // None while "b" is throttled: it would be taken for one that is down.
  config_.health_check_interval = 4min;
  start_at_distances();
  for (int i = 0; i < 20; ++i) {
    const std::string bytes = std::to_string(i);
    faults_["b"].throttled = 1;
    ASSERT_TRUE(put("k", bytes));
    wait(1s);
    ASSERT_NE(status("b").health, Health::unhealthy);
    faults_["b"].throttled = 0;
    faults_["a"].longest_delay = 3s;
    const ReadOptions options{.preference = ReadPreference::any};
    const Context context(world_);
    EXPECT_EQ(test::run_task(world_, get_through(context, *group_, "k", options)).value(), bytes);
    faults_["a"].longest_delay = 2ms;
  }
  EXPECT_GE(group_->metrics().hedged_reads, 10U);
}

TEST_F(ReadsTest, by_any_the_next_is_asked_at_once_when_one_fails) {
  start_at_distances();
  faults_["a"].unavailable = 1;
  const MonoTime begun = world_.mono_now();
  EXPECT_EQ(read("k", {.preference = ReadPreference::any})->from, "b");
  EXPECT_LE(world_.mono_now() - begun, 50ms);
  for (const char* name : {"a", "b", "p"}) take_away(name);
  const auto nobody = read("k", {.preference = ReadPreference::any});
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code(), Code::unavailable);
  EXPECT_EQ(group_->metrics().hedged_reads, 0U) << "these are no hedges";
}

TEST_F(ReadsTest, by_any_an_object_that_was_removed_is_found_nowhere) {
  start_at_distances();
  ASSERT_TRUE(remove("k"));
  faults_["a"].longest_delay = 3s;
  const auto gone = read("k", {.preference = ReadPreference::any});
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code(), Code::not_found);
}

TEST_F(ReadsTest, secondaries_are_read_by_their_weights) {
  config_.targets[0].read_weight = 3;
  start();
  ASSERT_TRUE(put("k", "1"));
  wait();
  std::map<std::string, int> answers;
  for (int i = 0; i < 100; ++i) {
    ++answers[read("k", {.preference = ReadPreference::secondary})->from];
  }
  EXPECT_EQ(answers["a"], 75);
  EXPECT_EQ(answers["b"], 25);
  take_away("a");
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(read("k", {.preference = ReadPreference::secondary})->from, "b");
  }
}

TEST_F(ReadsTest, who_has_no_weight_is_not_read) {
  config_.targets[0].read_weight = 0;
  start();
  ASSERT_TRUE(put("k", "1"));
  wait();
  for (const auto preference :
       {ReadPreference::secondary, ReadPreference::secondary_only, ReadPreference::nearest}) {
    for (int i = 0; i < 4; ++i) {
      EXPECT_EQ(read("k", {.preference = preference, .region = "b"})->from, "b");
    }
  }
  take_away("b");
  EXPECT_EQ(read("k", {.preference = ReadPreference::any})->from, "p");
}

TEST_F(ReadsTest, by_secondary_only_the_primary_is_never_asked) {
  start();
  ASSERT_TRUE(put("k", "1"));
  wait();
  const ReadOptions strictly{.preference = ReadPreference::secondary_only};
  for (int i = 0; i < 4; ++i) EXPECT_NE(read("k", strictly)->from, "p");
  ASSERT_TRUE(group_->pause("a"));
  ASSERT_TRUE(group_->pause("b"));
  const auto nobody = read("k", strictly);
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code(), Code::unavailable);
  EXPECT_EQ(nobody.error().message(),
            "no target is well, lags little enough and has the newest write of the key");
  EXPECT_EQ(read("k", {.preference = ReadPreference::secondary})->from, "p");
  ASSERT_TRUE(group_->resume("a"));
  wait(1min);
  EXPECT_EQ(read("k", strictly)->from, "a");
}

TEST_F(ReadsTest, a_store_that_is_named_answers_as_it_stands_and_nobody_for_it) {
  start();
  ASSERT_TRUE(put("k", "old"));
  wait();
  for (const char* name : {"p", "a", "b"}) EXPECT_EQ(read("k", {.from = name})->from, name);
  faults_["a"].throttled = 1;
  const auto newer = put("k", "new");
  ASSERT_TRUE(newer);
  wait(1s);
  faults_["a"].throttled = 0;
  EXPECT_LT(read("k", {.from = "a"})->version, newer->version);
  EXPECT_EQ(read("k", {.from = "b"})->version, newer->version);
  EXPECT_EQ(read("k", {.from = "a", .at_least = newer->version}).error().code(), Code::unavailable);
  EXPECT_EQ(read("k", {.from = "nobody"}).error().code(), Code::not_found);
  take_away("b");
  EXPECT_FALSE(read("k", {.from = "b"}));
  ASSERT_TRUE(group_->pause("a"));
  EXPECT_EQ(read("k", {.from = "a"}).error().code(), Code::precondition_failed);
}

Task<std::size_t> read_into(Body& body, MutableByteSpan into) { return body.read(into); }

TEST_F(ReadsTest, the_body_of_a_read_by_any_ends_when_its_reader_is_cancelled) {
  GroupStores stores;
  for (const char* name : {"p", "a", "b"}) {
    stores[name] = std::make_unique<ConnectedStore>(store(name));
  }
  group_ = open(std::move(stores)).value();
  wait();
  ASSERT_TRUE(put("k", "123"));
  CancelSource reader;
  const Context context = Context(world_).with_cancel(reader.token());
  const ReadOptions options{.preference = ReadPreference::any};
  const auto got = test::run_task(world_, group_->get(context, "k", options));
  ASSERT_TRUE(got);
  std::array<std::byte, 1> piece{};
  EXPECT_TRUE(test::run_task(world_, read_into(*got->object.body, piece)));
  reader.cancel();
  const auto ended = test::run_task(world_, read_into(*got->object.body, piece));
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), Code::cancelled);
}

TEST(ReadTimesTest, say_within_which_time_most_reads_were_answered) {
  ReadTimes times;
  EXPECT_EQ(times.p95(), ReadTimes::kUnknown);
  for (int i = 1; i <= 100; ++i) times.add(i * 1s);
  EXPECT_EQ(times.p95(), 95s);
  for (std::size_t i = 0; i < ReadTimes::kMost; ++i) times.add(1us);
  EXPECT_EQ(times.p95(), ReadTimes::kLeast) << "what is long ago is forgotten";
}

}  // namespace
}  // namespace godwit::replication
