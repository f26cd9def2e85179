#include "replication/group.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>

#include "coordination/local_coordinator.h"
#include "kv/sim_engine.h"
#include "replication/conflicts.h"
#include "replication/versioned.h"
#include "store/memory/memory_store.h"
#include "support/run_task.h"
#include "world/sim/sim_world.h"

namespace godwit::replication {
namespace {

using namespace std::chrono_literals;

Task<void> put_into(Context context, Store& store, std::string key, std::string bytes) {
  ViewBody body(as_bytes(bytes));
  const Upload upload{.body = &body, .size = bytes.size()};
  const PutOptions options;
  GODWIT_CO_CHECK(co_await store.put(context, key, upload, options));
  co_return Result<void>();
}

Task<std::string> get_from(Context context, Store& store, std::string key) {
  const GetOptions options;
  GODWIT_CO_TRY(GetResult got, co_await store.get(context, key, options));
  co_return co_await read_all(*got.body, kMiB);
}

Task<Receipt> put_through(Context context, Group& group, std::string key, std::string bytes,
                          WriteOptions options) {
  ViewBody body(as_bytes(bytes));
  const Upload upload{.body = &body, .size = bytes.size()};
  co_return co_await group.put(context, key, upload, options);
}

Task<std::string> get_through(Context context, Group& group, std::string key, ReadOptions options) {
  GODWIT_CO_TRY(ReadResult got, co_await group.get(context, key, options));
  co_return co_await read_all(*got.object.body, kMiB);
}

class GroupTest : public testing::Test {
 protected:
  GroupTest() {
    config_.name = "g";
    config_.primary = "p";
    config_.primary_region = "p";
    for (const char* name : {"a", "b"}) config_.targets.push_back({.name = name, .region = name});
  }
  void TearDown() override {
    if (!group_) return;
    ASSERT_TRUE(test::run_task(world_, group_->close()));
    ASSERT_TRUE(test::run_task(world_, coordinator_->close()));
  }
  std::unique_ptr<Store> store(const std::string& name) {
    return scheme_.open(world_, StoreSpec{.scheme = "memory", .name = name}).value();
  }
  Result<std::unique_ptr<Group>> open(GroupStores stores) {
    const Context context(world_);
    if (!coordinator_) {
      coordinator_ = test::run_task(world_, LocalCoordinator::open(context, "/agreed")).value();
    }
    const GroupSupport support{
        .engine = engine_, .coordinator = *coordinator_, .journal_directory = "/journal"};
    return test::run_task(world_, Group::open(context, config_, std::move(stores), support));
  }
  void start() {
    GroupStores stores;
    for (const char* name : {"p", "a", "b"}) stores[name] = store(name);
    group_ = open(std::move(stores)).value();
    wait();
  }
  void restart() {
    ASSERT_TRUE(test::run_task(world_, group_->close()));
    group_.reset();
    start();
  }
  Result<MoveReport> move(const MoveOptions& options) {
    const Context context(world_);
    return test::run_task(world_, group_->move_primary(context, options));
  }
  void wait(Duration duration = 5s) {
    ASSERT_TRUE(test::run_task(world_, Context(world_).sleep(duration)));
  }
  void behind_our_back(const std::string& name, const std::string& key, const std::string& bytes) {
    const auto target = store(name);
    ASSERT_TRUE(test::run_task(world_, put_into(Context(world_), *target, key, bytes)));
  }
  Result<Receipt> put(const std::string& key, const std::string& bytes, WriteOptions options = {}) {
    const Context context = Context(world_).with_timeout(1min);
    return test::run_task(world_, put_through(context, *group_, key, bytes, std::move(options)));
  }
  std::string held(const std::string& name, const std::string& key) {
    const auto from = store(name);
    return test::run_task(world_, get_from(Context(world_), *from, key)).value_or("(nothing)");
  }
  std::vector<std::string> rescued(const std::string& name) {
    const auto from = store(name);
    const auto listing = from->list({.prefix = ".godwit/rescue/"});
    const Context context(world_);
    std::vector<std::string> bodies;
    const auto entries = test::run_task(world_, listing->next(context)).value();
    for (const ListEntry& entry : entries) bodies.push_back(held(name, entry.key));
    return bodies;
  }
  TargetStatus status(const std::string& name) {
    for (TargetStatus& each : all_ = group_->status()) {
      if (each.name == name) return each;
    }
    return {};
  }

  SimWorld world_{1};
  kv::SimEngine engine_{[this] { return world_.random(); }};
  SchemeInfo scheme_ = memory_scheme();
  GroupConfig config_;
  std::unique_ptr<LocalCoordinator> coordinator_;
  std::unique_ptr<Group> group_;
  std::vector<TargetStatus> all_;
};

TEST_F(GroupTest, a_write_reaches_every_target_and_metadata_go_with_it) {
  start();
  ASSERT_TRUE(put("k", "1", {.metadata = {.content_type = "text/x"}}));
  wait();
  EXPECT_EQ(held("a", "k"), "1");
  EXPECT_EQ(held("b", "k"), "1");
  const auto there = store("a");
  const Context context(world_);
  const std::string key = "k";
  EXPECT_EQ(test::run_task(world_, there->head(context, key)).value().metadata.content_type,
            "text/x");
  EXPECT_TRUE(status("a").caught_up);
  EXPECT_EQ(status("a").counts.replicated, 1U);
}

TEST_F(GroupTest, what_was_there_before_the_target_joined_is_copied_to_it) {
  behind_our_back("p", "old", "1");
  start();
  wait(1min);
  EXPECT_EQ(held("a", "old"), "1");
  EXPECT_TRUE(status("a").caught_up);
}

TEST_F(GroupTest, a_sync_write_says_who_has_it) {
  config_.mode = Mode::sync;
  start();
  const auto receipt = put("k", "1");
  ASSERT_TRUE(receipt);
  ASSERT_EQ(receipt->targets.size(), 2U);
  EXPECT_EQ(receipt->targets[0].ack, Ack::acknowledged);
  EXPECT_EQ(receipt->targets[1].ack, Ack::acknowledged);
  EXPECT_EQ(held("b", "k"), "1");
}

TEST_F(GroupTest, a_paused_target_is_excluded_and_gets_all_of_it_when_resumed) {
  config_.mode = Mode::sync;
  start();
  ASSERT_TRUE(group_->pause("a"));
  const auto receipt = put("k", "1");
  ASSERT_TRUE(receipt);
  EXPECT_EQ(receipt->targets[0].ack, Ack::excluded);
  wait(5min);  // probes pass
  EXPECT_EQ(status("a").state, State::paused);
  EXPECT_EQ(held("a", "k"), "(nothing)");
  EXPECT_GE(status("a").lag, 5min);
  ASSERT_TRUE(group_->resume("a"));
  wait(1min);
  EXPECT_EQ(held("a", "k"), "1");
  EXPECT_EQ(status("a").state, State::active);
  EXPECT_FALSE(group_->resume("a")) << "it is not paused";
}

TEST_F(GroupTest, reads_never_miss_an_acknowledged_write) {
  start();
  ASSERT_TRUE(put("k", "1"));
  ReadOptions options{.preference = ReadPreference::secondary};
  const Context context(world_);
  EXPECT_EQ(test::run_task(world_, get_through(context, *group_, "k", options)).value(), "1");
  wait();
  const auto later = test::run_task(world_, group_->get(context, "k", options));
  EXPECT_NE(later->from, "p");
}

TEST_F(GroupTest, the_newest_write_wins_a_conflict_and_the_loser_is_kept) {
  start();
  behind_our_back("a", "k", "theirs");
  ASSERT_TRUE(put("k", "ours"));
  wait();
  EXPECT_EQ(held("a", "k"), "ours");
  EXPECT_EQ(rescued("a"), std::vector<std::string>{"theirs"});
  EXPECT_EQ(status("a").counts.conflicts, 1U);
  EXPECT_EQ(status("b").counts.conflicts, 0U);
}

TEST_F(GroupTest, merging_makes_one_of_both_everywhere) {
  config_.conflict_resolution = ConflictPolicy::merge;
  config_.merger = "set";
  start();
  behind_our_back("a", "k", R"(["x"])");
  ASSERT_TRUE(put("k", R"(["y"])"));
  wait(2min);
  EXPECT_EQ(held("p", "k"), R"(["x","y"])");
  EXPECT_EQ(held("a", "k"), R"(["x","y"])");
  EXPECT_EQ(held("b", "k"), R"(["x","y"])");
  EXPECT_TRUE(status("a").caught_up);
}

class Manual : public GroupTest {
 protected:
  void conflict() {
    config_.conflict_resolution = ConflictPolicy::manual;
    start();
    behind_our_back("a", "k", "theirs");
    ASSERT_TRUE(put("k", "ours"));
    wait();
    EXPECT_EQ(held("a", "k"), "theirs");
    EXPECT_EQ(status("a").dead_letters, 1U);
    EXPECT_EQ(status("a").counts.conflicts, 1U);
    EXPECT_EQ(status("a").health, Health::healthy);
    EXPECT_FALSE(status("a").caught_up);
    const ReadOptions options{.preference = ReadPreference::nearest, .region = "a"};
    EXPECT_EQ(test::run_task(world_, get_through(Context(world_), *group_, "k", options)).value(),
              "ours");
  }
  void resolve(Standing keep) {
    const Context context(world_);
    ASSERT_TRUE(test::run_task(world_, group_->resolve(context, "a", "k", keep)));
    wait();
  }
};

TEST_F(Manual, a_conflict_waits_for_a_person_who_chooses_the_primarys) {
  conflict();
  resolve(Standing::primary);
  EXPECT_EQ(held("a", "k"), "ours");
  EXPECT_EQ(rescued("a"), std::vector<std::string>{"theirs"});
  EXPECT_TRUE(status("a").caught_up);
}

TEST_F(Manual, a_conflict_waits_for_a_person_who_chooses_the_targets) {
  conflict();
  resolve(Standing::other);
  for (const char* name : {"p", "a", "b"}) EXPECT_EQ(held(name, "k"), "theirs") << name;
  EXPECT_TRUE(status("a").caught_up);
}

TEST_F(GroupTest, keys_of_our_own_are_refused) {
  start();
  const auto refused = put(".godwit/group", "x");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::invalid_argument);
}

TEST_F(GroupTest, two_names_of_one_place_are_refused) {
  GroupStores stores;
  for (const char* name : {"p", "a", "b"}) stores[name] = store(name);
  stores["a"] = store("p");
  const auto refused = open(std::move(stores));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("one place"), std::string::npos);
}

TEST_F(GroupTest, a_switchover_moves_the_primary_and_survives_a_restart) {
  start();
  ASSERT_TRUE(put("k", "1"));
  const auto report = move({.to = "b"});
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->from, "p");
  EXPECT_EQ(report->epoch, 2U);
  EXPECT_TRUE(report->at_risk.empty());
  ASSERT_TRUE(put("k", "2"));
  wait(1min);
  for (const char* name : {"p", "a", "b"}) EXPECT_EQ(held(name, "k"), "2") << name;
  restart();
  EXPECT_EQ(group_->primary(), "b");
  EXPECT_EQ(group_->epoch(), 2U);
  ASSERT_TRUE(move({.to = "p"})) << "and back";
  ASSERT_TRUE(put("k", "3"));
  wait(1min);
  for (const char* name : {"p", "a", "b"}) EXPECT_EQ(held(name, "k"), "3") << name;
}

TEST_F(GroupTest, a_switchover_to_a_target_that_does_not_catch_up_changes_nothing) {
  start();
  ASSERT_TRUE(group_->pause("a"));
  const auto paused = move({.to = "a"});
  ASSERT_FALSE(paused);
  EXPECT_EQ(paused.error().message(), "'a' is paused");
  EXPECT_EQ(group_->primary(), "p");
  ASSERT_TRUE(put("k", "1"));
}

TEST_F(GroupTest, a_dry_run_names_what_would_be_at_risk_and_changes_nothing) {
  start();
  ASSERT_TRUE(group_->pause("a"));
  ASSERT_TRUE(put("k", "1"));
  const MoveOptions options{.kind = MoveKind::failover, .dry_run = true};
  const auto plan = move(options);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->to, "b");
  EXPECT_EQ(group_->epoch(), 1U);
  EXPECT_EQ(group_->primary(), "p");
}

TEST(GroupConfigCheck, says_which_field_is_wrong) {
  GroupConfig config{.name = "g", .primary = "p", .primary_region = "p"};
  config.targets = {{.name = "a", .region = "a"}, {.name = "a", .region = "b"}};
  EXPECT_EQ(check_config(config).error().message(), "targets.name 'a' is there twice");
  config.targets[1] = {.name = "b", .region = "b", .role = Role::read_replica};
  config.mode = Mode::semi_sync;
  config.min_sync_replicas = 2;
  EXPECT_NE(check_config(config).error().message().find("1 targets can acknowledge"),
            std::string::npos);
  config.min_sync_replicas = 1;
  EXPECT_TRUE(check_config(config));
  config.targets[0].max_attempts = 0;
  EXPECT_EQ(check_config(config).error().message(), "targets.a.max_attempts must be at least 1");
}

}  // namespace
}  // namespace godwit::replication
