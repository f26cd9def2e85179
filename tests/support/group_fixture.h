#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "coordination/local_coordinator.h"
#include "kv/sim_engine.h"
#include "replication/group.h"
#include "store/layers/chaos.h"
#include "store/memory/memory_store.h"
#include "support/run_task.h"
#include "world/sim/sim_world.h"

namespace godwit::replication {

using namespace std::chrono_literals;

inline Task<void> put_into(Context context, Store& store, std::string key, std::string bytes,
                           PutOptions options) {
  ViewBody body(as_bytes(bytes));
  const Upload upload{.body = &body, .size = bytes.size()};
  GODWIT_CO_CHECK(co_await store.put(context, key, upload, options));
  co_return Result<void>();
}

inline Task<std::string> get_from(Context context, Store& store, std::string key) {
  const GetOptions options;
  GODWIT_CO_TRY(GetResult got, co_await store.get(context, key, options));
  co_return co_await read_all(*got.body, 16 * kMiB);
}

inline Task<Receipt> put_through(Context context, Group& group, std::string key, std::string bytes,
                                 WriteOptions options) {
  ViewBody body(as_bytes(bytes));
  const Incoming incoming{.body = &body, .size = bytes.size()};
  co_return co_await group.put(context, key, incoming, options);
}

inline Task<std::string> get_through(Context context, Group& group, std::string key,
                                     ReadOptions options) {
  GODWIT_CO_TRY(ReadResult got, co_await group.get(context, key, options));
  co_return co_await read_all(*got.object.body, 16 * kMiB);
}

/// A group of primary "p" and the targets "a" and "b", in a simulated world.
class GroupTest : public testing::Test {
 protected:
  GroupTest() {
    config_.name = "g";
    config_.primary = "p";
    config_.primary_region = "p";
    config_.failover.automatic = false;
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
  virtual Coordinator& coordinator() { return *coordinator_; }
  Result<std::unique_ptr<Group>> open(GroupStores stores) {
    const Context context(world_);
    if (!coordinator_) {
      coordinator_ = test::run_task(world_, LocalCoordinator::open(context, "/agreed")).value();
    }
    const GroupSupport support{
        .engine = engine_,
        .coordinator = coordinator(),
        .journal_directory = "/journal",
        .on_move = [this](const MoveReport& report) { moves_.push_back(report); }};
    return test::run_task(world_, Group::open(context, config_, std::move(stores), support));
  }
  void start() {
    GroupStores stores;
    for (const char* name : {"p", "a", "b"}) {
      stores[name] = with_chaos(store(name), &faults_[name]);
    }
    group_ = open(std::move(stores)).value();
    wait();
  }
  void restart() {
    ASSERT_TRUE(test::run_task(world_, group_->close()));
    group_.reset();
    start();
  }
  Result<MoveReport> move(const MoveOptions& options) {
    const Context context = Context(world_).with_timeout(2min);
    return test::run_task(world_, group_->move_primary(context, options));
  }
  void wait(Duration duration = 5s) {
    ASSERT_TRUE(test::run_task(world_, Context(world_).sleep(duration)));
  }
  void behind_our_back(const std::string& name, const std::string& key, const std::string& bytes,
                       const PutOptions& options = {}) {
    const auto target = store(name);
    ASSERT_TRUE(test::run_task(world_, put_into(Context(world_), *target, key, bytes, options)));
  }
  Result<Receipt> put(const std::string& key, const std::string& bytes, WriteOptions options = {}) {
    const Context context = Context(world_).with_timeout(1min);
    return test::run_task(world_, put_through(context, *group_, key, bytes, std::move(options)));
  }
  Result<Receipt> remove(const std::string& key) {
    const Context context = Context(world_).with_timeout(1min);
    const WriteOptions options;
    return test::run_task(world_, group_->remove(context, key, options));
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
  void take_away(const std::string& name) { faults_[name].unavailable = 1; }
  void bring_back(const std::string& name) { faults_[name] = {}; }
  /// The group's answer.
  Result<ReadResult> read(const std::string& key, const ReadOptions& options = {}) {
    const Context context = Context(world_).with_timeout(1min);
    return test::run_task(world_, group_->get(context, key, options));
  }
  TargetStatus status(const std::string& name) {
    for (TargetStatus& each : all_ = group_->status()) {
      if (each.name == name) return each;
    }
    return {};
  }

  SimWorld world_{1};
  std::map<std::string, Faults> faults_;  ///< of each store, as the group sees it
  kv::SimEngine engine_{[this] { return world_.random(); }};
  SchemeInfo scheme_ = memory_scheme();
  GroupConfig config_;
  std::unique_ptr<LocalCoordinator> coordinator_;
  std::unique_ptr<Group> group_;
  std::vector<TargetStatus> all_;
  std::vector<MoveReport> moves_;
};

}  // namespace godwit::replication
