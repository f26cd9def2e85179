#include "replication/known_objects.h"
#include "store/layers/forwarding.h"
#include "store/layers/metrics.h"
#include "support/group_fixture.h"

namespace godwit::replication {
namespace {

Version version_of(std::uint64_t number) {
  return {.epoch = 1, .time = {.value = number << HybridTime::kCounterBits}, .region = "a"};
}

TEST(KnownObjectsTest, what_was_put_is_expected_and_of_other_keys_that_there_is_nothing) {
  KnownObjects known;
  EXPECT_EQ(known.expect("k", version_of(1))->condition, Condition::absent);
  known.put("k", version_of(1), "tag");
  EXPECT_EQ(known.expect("k", version_of(2))->condition, Condition::matches);
  EXPECT_EQ(known.expect("k", version_of(2))->etag, "tag");
  EXPECT_FALSE(known.expect("k", version_of(1))) << "it may be there already";
  known.removed("k");
  EXPECT_EQ(known.expect("k", version_of(3))->condition, Condition::absent);
}

TEST(KnownObjectsTest, after_a_wrong_guess_the_next_keys_are_looked_at) {
  KnownObjects known;
  known.was_wrong("k");
  for (int i = 0; i < 8; ++i) EXPECT_FALSE(known.expect("k", version_of(1))) << i;
  EXPECT_TRUE(known.expect("k", version_of(1)));
  known.was_wrong("k");
  for (int i = 0; i < 16; ++i) EXPECT_FALSE(known.expect("k", version_of(1))) << i;
  EXPECT_TRUE(known.expect("k", version_of(1)));
}

TEST(KnownObjectsTest, the_oldest_are_forgotten) {
  KnownObjects known;
  for (std::size_t i = 0; i <= KnownObjects::kMost; ++i) {
    known.put(std::to_string(i), version_of(1), "tag");
  }
  EXPECT_EQ(known.expect("0", version_of(2))->condition, Condition::absent);
  EXPECT_EQ(known.expect("1", version_of(2))->condition, Condition::matches);
}

/// A service that takes what it is given, whatever the condition.
class Heedless final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  Task<PutResult> put(const Context& context, const std::string& key, Upload upload,
                      const PutOptions& options) override {
    PutOptions without = options;
    without.condition = Condition::none;
    co_return co_await inner().put(context, key, upload, without);
  }
};

class DeliveryTest : public GroupTest {
 protected:
  using Wrap = std::function<std::unique_ptr<Store>(std::unique_ptr<Store>)>;
  void start(const Wrap& wrap) {
    GroupStores stores;
    for (const char* name : {"p", "a", "b"}) stores[name] = store(name);
    stores["a"] = wrap(std::move(stores["a"]));
    group_ = open(std::move(stores)).value();
    wait();
  }
};

TEST_F(DeliveryTest, an_object_needs_one_request_at_a_target) {
  StoreMetrics metrics;
  start(
      [&metrics](std::unique_ptr<Store> inner) { return with_metrics(std::move(inner), metrics); });
  const auto looks = metrics.of(Operation::head).count();
  const auto puts = metrics.of(Operation::put).count();
  for (const char* body : {"1", "2", "3"}) {
    for (const char* key : {"k", "l"}) ASSERT_TRUE(put(key, body));
    wait();
  }
  EXPECT_EQ(held("a", "k"), "3");
  EXPECT_EQ(metrics.of(Operation::head).count() - looks, 0U);
  EXPECT_EQ(metrics.of(Operation::put).count() - puts, 6U);
}

TEST_F(DeliveryTest, what_others_put_there_is_not_written_over_by_a_guess) {
  config_.conflict_resolution = ConflictPolicy::manual;
  start([](std::unique_ptr<Store> inner) { return inner; });
  behind_our_back("a", "k", "theirs");
  ASSERT_TRUE(put("k", "ours"));
  wait();
  EXPECT_EQ(held("a", "k"), "theirs");
  EXPECT_EQ(status("a").counts.conflicts, 1U);
}

TEST_F(DeliveryTest, a_store_that_does_not_keep_conditions_is_looked_at) {
  config_.conflict_resolution = ConflictPolicy::manual;
  start([](std::unique_ptr<Store> inner) { return std::make_unique<Heedless>(std::move(inner)); });
  behind_our_back("a", "k", "theirs");
  ASSERT_TRUE(put("k", "ours"));
  wait();
  EXPECT_EQ(held("a", "k"), "theirs");
  EXPECT_EQ(status("a").counts.conflicts, 1U);
}

}  // namespace
}  // namespace godwit::replication
