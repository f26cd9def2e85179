#include "replication/versioned.h"
#include "store/layers/forwarding.h"
#include "support/group_fixture.h"

namespace godwit::replication {
namespace {

using Action = std::function<asio::awaitable<void>()>;

/// What happens once, when "k" has been looked at or read and nobody has heard the answer yet.
struct Meddling {
  Action after_head;
  Action after_get;
  bool refuses_conditions = false;  ///< though the store says that it keeps them
};

asio::awaitable<void> meddle(const std::string& key, Action& action) {
  if (key != "k" || !action) co_return;
  const Action now = std::exchange(action, {});
  co_await now();
}

class Meddled final : public ForwardingStore {
 public:
  Meddled(std::unique_ptr<Store> inner, Meddling& meddling)
      : ForwardingStore(std::move(inner)), meddling_(meddling) {}
  Task<ObjectInfo> head(const Context& context, const std::string& key) override {
    auto there = co_await inner().head(context, key);
    co_await meddle(key, meddling_.after_head);
    co_return there;
  }
  Task<GetResult> get(const Context& context, const std::string& key,
                      const GetOptions& options) override {
    auto got = co_await inner().get(context, key, options);
    co_await meddle(key, meddling_.after_get);
    co_return got;
  }
  Task<PutResult> put(const Context& context, const std::string& key, Upload upload,
                      const PutOptions& options) override {
    if (meddling_.refuses_conditions && options.condition != Condition::none) {
      // No probe is to learn it before a delivery does.
      const Code code = key == kMarkerKey ? Code::unavailable : Code::unsupported;
      co_return fail(Error(code, "no conditions here").at(place_of(*this, "put", key)));
    }
    co_return co_await inner().put(context, key, upload, options);
  }

 private:
  Meddling& meddling_;
};

/// What changes in the midst of a delivery.
class MeanwhileTest : public GroupTest {
 protected:
  void start() {
    GroupStores stores;
    for (const char* name : {"p", "a", "b"}) {
      stores[name] =
          with_chaos(std::make_unique<Meddled>(store(name), meddling_[name]), &faults_[name]);
    }
    group_ = open(std::move(stores)).value();
    wait();
  }
  /// "a" has "1" of a key whose next body is no longer in memory.
  void fall_behind(const std::string& body = "2") {
    start();
    ASSERT_TRUE(put("k", "1"));
    wait();
    take_away("a");
    ASSERT_TRUE(put("k", body));
    ASSERT_TRUE(test::run_task(world_, group_->close()));
    group_.reset();
    start();
  }
  void catch_up() {
    bring_back("a");
    wait(1min);
  }
  /// The primary moves to "a", and "p" has an object of others that is adopted; `action` comes
  /// between the look at both sides and the write.
  void adopt_theirs(Action action) {
    config_.detection = {.others_write = true};
    start();
    behind_our_back("p", "k", "theirs");
    meddling_["p"].after_get = std::move(action);
    ASSERT_TRUE(move({.to = "a"}));
    wait(1min);
    ASSERT_FALSE(meddling_["p"].after_get) << "it was in the midst of it";
  }
  asio::awaitable<void> remove_k() {
    const WriteOptions options;
    const Context context = Context(world_).with_timeout(1min);
    EXPECT_TRUE(co_await group_->remove(context, "k", options));
  }
  asio::awaitable<void> pause_a() {
    EXPECT_TRUE(group_->pause("a"));
    co_return;
  }
  asio::awaitable<void> leave_unsettled() {
    faults_["a"].lost_answer = 1;
    const WriteOptions options;
    const Context context = Context(world_).with_timeout(5s);
    EXPECT_FALSE(co_await put_through(context, *group_, "k", "unsettled", options));
    take_away("a");
  }
  asio::awaitable<void> put_late() {
    const WriteOptions options;
    const Context context = Context(world_).with_timeout(5s);
    answer_ = co_await put_through(context, *group_, "k", "late", options);
  }
  asio::awaitable<void> theirs_over_k(std::string where) {
    const auto there = store(where);
    const PutOptions options;
    EXPECT_TRUE(co_await put_into(Context(world_), *there, "k", "theirs", options));
  }

  std::map<std::string, Meddling> meddling_;
  std::optional<Result<Receipt>> answer_;
};

TEST_F(MeanwhileTest, a_pause_stops_what_was_only_looked_at) {
  fall_behind();
  meddling_["a"].after_head = [this] { return pause_a(); };
  catch_up();
  EXPECT_EQ(status("a").state, State::paused);
  EXPECT_EQ(held("a", "k"), "1");
  ASSERT_TRUE(group_->resume("a"));
  wait();
  EXPECT_EQ(held("a", "k"), "2");
}

TEST_F(MeanwhileTest, a_copy_says_what_it_is_of_though_others_have_replaced_it) {
  config_.detection = {.others_write = true};
  fall_behind();
  meddling_["a"].after_head = [this] { return theirs_over_k("p"); };
  catch_up();
  ASSERT_EQ(held("a", "k"), "theirs");
  const auto a = store("a");
  const auto copy = test::run_task(world_, a->head(Context(world_), "k")).value();
  EXPECT_FALSE(source_of(copy).empty());
}

TEST_F(MeanwhileTest, what_others_put_over_what_was_looked_at_is_in_conflict) {
  fall_behind();
  meddling_["a"].after_head = [this] { return theirs_over_k("a"); };
  catch_up();
  EXPECT_EQ(held("a", "k"), "2");
  EXPECT_EQ(rescued("a"), std::vector<std::string>{"theirs"});
  EXPECT_EQ(status("a").counts.conflicts, 1U);
}

TEST_F(MeanwhileTest, so_it_is_where_the_body_goes_in_parts) {
  config_.part_size = 4;
  fall_behind("a body of many parts");
  meddling_["a"].after_head = [this] { return theirs_over_k("a"); };
  catch_up();
  EXPECT_EQ(held("a", "k"), "a body of many parts");
  EXPECT_EQ(rescued("a"), std::vector<std::string>{"theirs"});
}

TEST_F(MeanwhileTest, a_target_that_refuses_conditions_is_delivered_to_without) {
  meddling_["a"].refuses_conditions = true;
  fall_behind();
  catch_up();
  EXPECT_EQ(held("a", "k"), "2");
  EXPECT_EQ(status("a").dead_letters, 0U);
}

TEST_F(MeanwhileTest, what_came_before_a_write_that_is_lost_is_not_lost_with_it) {
  config_.part_size = 4;  // nobody remembers the bodies
  start();
  faults_["p"].longest_delay = 50ms;
  take_away("a");
  ASSERT_TRUE(put("k", "which b alone has"));
  ASSERT_TRUE(put("gone", "which b alone has"));
  wait();
  take_away("b");
  ASSERT_TRUE(put("k", "which is lost"));
  ASSERT_TRUE(remove("gone"));
  ASSERT_TRUE(put("gone", "which is lost"));
  take_away("p");
  bring_back("a");
  bring_back("b");
  wait(1min);
  const auto report = move({.kind = MoveKind::failover, .to = "a"});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->at_risk.size(), 2U);
  wait(1min);
  EXPECT_EQ(held("a", "k"), "which b alone has");
  EXPECT_EQ(held("b", "k"), "which b alone has");
  EXPECT_EQ(held("a", "gone"), "(nothing)") << "it was removed since";
}

TEST_F(MeanwhileTest, a_removal_is_not_undone_by_the_adoption_of_what_was_there_before) {
  adopt_theirs([this] { return remove_k(); });
  for (const char* name : {"p", "a", "b"}) EXPECT_EQ(held(name, "k"), "(nothing)") << name;
  EXPECT_EQ(rescued("p"), std::vector<std::string>{"theirs"});
}

TEST_F(MeanwhileTest, an_adoption_holds_up_no_writer_of_its_key) {
  adopt_theirs([this] { return leave_unsettled(); });
  TaskGroup clients(world_.executor());
  clients.spawn(put_late());
  wait(10s);
  EXPECT_TRUE(answer_) << "it has a deadline";
  bring_back("a");
  wait(2min);
  ASSERT_TRUE(answer_);
  EXPECT_FALSE(*answer_);
}

}  // namespace
}  // namespace godwit::replication
