#include "replication/versioned.h"
#include "store/layers/forwarding.h"
#include "support/group_fixture.h"

namespace godwit::replication {
namespace {

/// Takes what it is told, and says nothing of it.
class Mute final : public Coordinator {
 public:
  explicit Mute(Coordinator& inner) : inner_(inner) {}

  Task<GroupSnapshot> read(const Context& context, const std::string& group) override {
    if (lost_) co_return fail(Code::unavailable, "the coordinator is away");
    co_return co_await inner_.read(context, group);
  }
  Task<std::uint64_t> compare_and_swap(const Context& context, const std::string& group,
                                       const GroupSnapshot& next) override {
    auto swapped = co_await inner_.compare_and_swap(context, group, next);
    if (!loses_the_next_) co_return swapped;
    loses_the_next_ = false;
    lost_ = true;
    co_return fail(Error(Code::timed_out, "no answer").with(Outcome::unknown));
  }
  Task<Lease> acquire(const Context& context, const LeaseTerms& terms) override {
    return inner_.acquire(context, terms);
  }
  Task<Lease> renew(const Context& context, const Lease& lease) override {
    return inner_.renew(context, lease);
  }
  Task<void> release(const Context& context, const Lease& lease) override {
    return inner_.release(context, lease);
  }
  Task<void> cast_vote(const Context& context, const std::string& group,
                       const Vote& vote) override {
    return inner_.cast_vote(context, group, vote);
  }
  Task<std::vector<Vote>> votes(const Context& context, const std::string& group) override {
    return inner_.votes(context, group);
  }
  Task<void> close() override { return inner_.close(); }

  void lose_the_next_answer() { loses_the_next_ = true; }
  void come_back() { lost_ = false; }

 private:
  Coordinator& inner_;
  bool loses_the_next_ = false;
  bool lost_ = false;
};

/// Notes when it was asked for the marker of its group.
class Clocked final : public ForwardingStore {
 public:
  Clocked(World& world, std::unique_ptr<Store> inner, std::vector<MonoTime>& looks)
      : ForwardingStore(std::move(inner)), world_(world), looks_(looks) {}
  Task<ObjectInfo> head(const Context& context, const std::string& key) override {
    if (key == kMarkerKey) looks_.push_back(world_.mono_now());
    return inner().head(context, key);
  }

 private:
  World& world_;
  std::vector<MonoTime>& looks_;
};

/// Gives no answer while `hangs`.
class Hung final : public ForwardingStore {
 public:
  Hung(std::unique_ptr<Store> inner, const bool& hangs)
      : ForwardingStore(std::move(inner)), hangs_(hangs) {}
  Task<ObjectInfo> head(const Context& context, const std::string& key) override {
    GODWIT_CO_CHECK(co_await hang(context));
    co_return co_await inner().head(context, key);
  }
  Task<PutResult> put(const Context& context, const std::string& key, Upload upload,
                      const PutOptions& options) override {
    GODWIT_CO_CHECK(co_await hang(context));
    co_return co_await inner().put(context, key, upload, options);
  }

 private:
  Task<void> hang(const Context& context) const {
    if (hangs_) (void)co_await context.world().sleep_until(context.deadline(), context.cancel());
    co_return context.check();
  }

  const bool& hangs_;
};

class MuteCoordinator : public GroupTest {
 protected:
  Coordinator& coordinator() override {
    if (!mute_) mute_ = std::make_unique<Mute>(*coordinator_);
    return *mute_;
  }
  std::unique_ptr<Mute> mute_;
};

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

TEST_F(GroupTest, of_candidates_that_lack_nothing_the_first_by_priority_becomes_primary) {
  config_.targets[0].priority = 2;
  config_.targets[1].priority = 1;
  start();
  ASSERT_TRUE(put("k", "1"));
  wait();
  EXPECT_EQ(move({.kind = MoveKind::failover})->to, "b");
}

TEST_F(GroupTest, who_lacks_least_becomes_primary_whatever_its_priority) {
  config_.targets[0].priority = 1;
  config_.targets[1].priority = 2;
  start();
  take_away("a");
  ASSERT_TRUE(put("k", "1"));
  wait(1s);
  EXPECT_EQ(status("a").health, Health::degraded) << "it could be primary";
  EXPECT_EQ(move({.kind = MoveKind::failover, .dry_run = true})->to, "b");
}

TEST_F(GroupTest, a_read_replica_never_becomes_primary) {
  for (TargetConfig& target : config_.targets) target.role = Role::read_replica;
  start();
  const auto none = move({.kind = MoveKind::failover});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), Code::unavailable);
  EXPECT_EQ(none.error().message(),
            "no target can become primary: a is a read replica; b is a read replica");
  const auto named = move({.kind = MoveKind::failover, .to = "a"});
  ASSERT_FALSE(named);
  EXPECT_EQ(named.error().message(), "'a' is a read replica");
}

TEST_F(GroupTest, a_failover_takes_nothing_from_a_store_that_another_group_has_taken) {
  config_.part_size = kMiB;
  start();
  wait();
  const Marker others{.group = "other", .target = "x", .epoch = 1, .primary = "x"};
  behind_our_back("b", std::string(kMarkerKey), to_text(others));
  wait(1min);
  ASSERT_EQ(status("b").state, State::failed);
  const Version newer{.epoch = 9, .time = {}, .region = "x"};
  behind_our_back("b", "large", "theirs", {.metadata = with_version({}, newer)});
  take_away("a");
  ASSERT_TRUE(put("large", std::string(5 * kMiB, 'x')));  // not kept in memory
  take_away("p");
  bring_back("a");
  wait(1min);
  const auto report = move({.kind = MoveKind::failover, .to = "a"});
  ASSERT_TRUE(report) << report.error().to_string();
  ASSERT_EQ(report->at_risk.size(), 1U);
  EXPECT_EQ(held("a", "large"), "(nothing)");
}

TEST_F(GroupTest, a_failover_names_the_writes_at_risk_and_they_heal_when_the_old_primary_returns) {
  config_.part_size = kMiB;
  start();
  ASSERT_TRUE(put("k", "1"));
  wait();
  take_away("a");
  take_away("b");
  ASSERT_TRUE(put("k", "2"));
  const std::string large(5 * kMiB, 'x');  // not kept in memory
  ASSERT_TRUE(put("large", large));
  take_away("p");
  bring_back("a");
  bring_back("b");
  wait(5min);
  const auto report = move({.kind = MoveKind::failover, .to = "a"});
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->lacking, 1U) << "the small one was delivered from memory";
  EXPECT_EQ(report->healed, 0U);
  ASSERT_EQ(report->at_risk.size(), 1U);
  EXPECT_EQ(report->at_risk[0].key, "large");
  EXPECT_TRUE(report->exact);
  EXPECT_EQ(test::run_task(world_, get_through(Context(world_), *group_, "k", {})).value(), "2");
  ASSERT_TRUE(put("new", "3"));
  bring_back("p");
  wait(5min);
  for (const char* name : {"p", "a", "b"}) {
    EXPECT_EQ(held(name, "k"), "2") << name;
    EXPECT_EQ(held(name, "new"), "3") << name;
    EXPECT_EQ(held(name, "large").size(), large.size()) << name;
  }
  EXPECT_TRUE(status("p").caught_up);
}

TEST_F(GroupTest, what_the_journal_keeps_is_given_to_the_new_primary_also_after_a_restart) {
  config_.payload.keep = JournalPayload::inlined;
  start();
  take_away("a");
  take_away("b");
  WriteOptions options;
  options.metadata.user["owner"] = "me";
  ASSERT_TRUE(put("k", "1", options));
  ASSERT_TRUE(put("large", std::string(2 * kMiB, 'x')));
  restart();
  bring_back("a");
  take_away("p");
  wait(5min);
  const auto plan = move({.kind = MoveKind::failover, .to = "a", .dry_run = true});
  ASSERT_TRUE(plan) << plan.error().to_string();
  ASSERT_EQ(plan->at_risk.size(), 1U);
  EXPECT_EQ(plan->healed, 1U);
  const auto report = move({.kind = MoveKind::failover, .to = "a"});
  ASSERT_TRUE(report) << report.error().to_string();
  ASSERT_EQ(report->at_risk.size(), 1U);
  EXPECT_EQ(report->at_risk[0].key, "large") << "only small ones are kept";
  EXPECT_EQ(held("a", "k"), "1");
  EXPECT_EQ(read("k")->from, "a");
  EXPECT_EQ(read("k")->object.info.metadata.user.at("owner"), "me");
  EXPECT_GT(group_->metrics().journal_payload, 0U) << "b lacks it still";
  bring_back("b");
  bring_back("p");
  wait(5min);
  for (const char* name : {"p", "b"}) EXPECT_EQ(held(name, "k"), "1") << name;
  EXPECT_EQ(group_->metrics().journal_payload, 0U);
}

TEST_F(GroupTest, what_another_target_has_is_given_to_the_new_primary_before_it_takes_writes) {
  config_.part_size = kMiB;
  start();
  const std::string large(5 * kMiB, 'x');  // not kept in memory
  ASSERT_TRUE(group_->pause("a"));
  ASSERT_TRUE(put("large", large));
  wait();
  EXPECT_EQ(held("b", "large").size(), large.size());
  ASSERT_TRUE(group_->resume("a"));
  take_away("p");
  const auto report = move({.kind = MoveKind::failover, .to = "a"});
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->lacking, 1U);
  EXPECT_EQ(report->healed, 1U);
  EXPECT_TRUE(report->at_risk.empty());
  EXPECT_EQ(held("a", "large").size(), large.size());
}

TEST_F(GroupTest, a_key_whose_write_was_lost_with_the_primary_is_written_right_after_the_failover) {
  start();
  ASSERT_TRUE(put("k", "1"));
  wait();
  faults_["p"].lost_answer = 1;
  EXPECT_FALSE(put("k", "2"));
  take_away("p");
  ASSERT_TRUE(move({.kind = MoveKind::failover, .to = "a"}));
  const MonoTime moved = world_.mono_now();
  ASSERT_TRUE(put("k", "3"));
  EXPECT_LT(world_.mono_now() - moved, 2s) << "nothing of it is on its way to the new primary";
}

TEST_F(GroupTest, after_a_failover_to_a_target_that_lacks_who_knows_what_the_others_are_compared) {
  start();
  for (const char* key : {"removed", "kept"}) ASSERT_TRUE(put(key, "1"));
  wait();
  ASSERT_TRUE(group_->pause("a"));
  ASSERT_TRUE(remove("removed"));
  ASSERT_TRUE(put("kept", "2"));
  ASSERT_TRUE(put("new", "1"));
  wait();
  ASSERT_TRUE(group_->compare_anew("a"));  // its tasks are gone
  take_away("p");
  ASSERT_TRUE(group_->resume("a"));
  const auto report = move({.kind = MoveKind::failover, .to = "a"});
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_FALSE(report->exact);
  wait(1min);
  EXPECT_EQ(held("a", "kept"), "2") << "another target had it";
  EXPECT_EQ(held("a", "new"), "1");
  for (const char* name : {"a", "b"}) EXPECT_EQ(held(name, "removed"), "1") << name;
  EXPECT_TRUE(status("b").caught_up);
}

/// Two keys whose writes were given up at "a", and may land there for 20 seconds.
class LateAtPrimary : public GroupTest {
 protected:
  void start_in_doubt() {
    config_.late_write_window = 20s;
    start();
    wait(1min);
    faults_["a"].lost_answer = 1;
    for (const char* key : {"k", "l"}) ASSERT_TRUE(put(key, "1"));
    wait(500ms);
    faults_["a"] = {};
  }
  /// Where "a" is the primary.
  void expect_held_up_and_undone() {
    // Of no version, so older than all of ours: as if it landed late.
    behind_our_back("a", "l", "0");
    EXPECT_EQ(read("l")->from, "b");
    const MonoTime begun = world_.mono_now();
    ASSERT_TRUE(put("k", "2"));
    EXPECT_GT(world_.mono_now() - begun, 5s);
    EXPECT_LT(world_.mono_now() - begun, 25s);
    wait(1min);
    EXPECT_EQ(held("a", "l"), "1");
    EXPECT_EQ(read("l")->from, "a");
  }
};

TEST_F(LateAtPrimary, holds_up_its_key_for_the_window_and_is_undone) {
  start_in_doubt();
  wait();
  EXPECT_EQ(status("a").in_doubt, 2U);
  take_away("p");
  const auto report = move({.kind = MoveKind::failover, .to = "a"});
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_TRUE(report->at_risk.empty()) << "another target has both";
  expect_held_up_and_undone();
}

TEST_F(LateAtPrimary, is_not_taken_for_what_a_target_lacks_too) {
  start_in_doubt();
  const auto a = store("a");
  const auto old = test::run_task(world_, a->head(Context(world_), "k")).value();
  take_away("b");
  ASSERT_TRUE(remove("k"));
  wait();
  take_away("p");
  ASSERT_TRUE(move({.kind = MoveKind::failover, .to = "a"}));
  behind_our_back("a", "k", "1", {.metadata = old.metadata});  // the put has landed once more
  ASSERT_TRUE(group_->compare_anew("b"));
  bring_back("b");
  wait(10s);
  ASSERT_EQ(held("b", "k"), "1");
  EXPECT_FALSE(status("b").caught_up) << "it was removed, and both hold it again";
  wait(1min);
  EXPECT_TRUE(status("b").caught_up);
  EXPECT_EQ(held("b", "k"), "(nothing)");
}

TEST_F(LateAtPrimary, is_remembered_over_a_restart) {
  start_in_doubt();
  wait();
  take_away("p");
  ASSERT_TRUE(move({.kind = MoveKind::failover, .to = "a"}));
  restart();
  EXPECT_EQ(group_->primary(), "a");
  expect_held_up_and_undone();
}

TEST_F(LateAtPrimary, undoes_no_removal_when_that_primary_is_lost_again) {
  start_in_doubt();
  const auto a = store("a");
  const auto old = test::run_task(world_, a->head(Context(world_), "k")).value();
  ASSERT_TRUE(remove("k"));
  wait();
  ASSERT_EQ(held("a", "k"), "(nothing)");
  take_away("p");
  ASSERT_TRUE(move({.kind = MoveKind::failover, .to = "a"}));
  behind_our_back("a", "k", "1", {.metadata = old.metadata});  // the put has landed once more
  take_away("a");
  ASSERT_TRUE(move({.kind = MoveKind::failover, .to = "b"}));
  bring_back("a");
  bring_back("p");
  wait(5min);
  for (const char* name : {"p", "a", "b"}) EXPECT_EQ(held(name, "k"), "(nothing)") << name;
}

TEST_F(GroupTest, a_switchover_to_a_target_with_dead_letters_says_so_at_once) {
  config_.conflict_resolution = ConflictPolicy::manual;
  start();
  behind_our_back("a", "k", "theirs");
  ASSERT_TRUE(put("k", "ours"));
  wait();
  const auto refused = move({.to = "a"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "'a' has 1 dead letters: nothing was changed");
  ASSERT_TRUE(put("k", "ours"));
}

TEST_F(MuteCoordinator, while_nobody_knows_who_is_primary_nothing_is_written) {
  start();
  ASSERT_TRUE(put("k", "1"));
  wait();
  mute_->lose_the_next_answer();
  const auto unknown = move({.to = "a"});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().outcome(), Outcome::unknown);
  const auto refused = put("k", "2");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::timed_out);
  mute_->come_back();
  EXPECT_FALSE(move({.to = "a"})) << "it is the primary already: the coordinator had taken it";
  EXPECT_EQ(group_->primary(), "a");
  ASSERT_TRUE(put("k", "3"));
  wait(1min);
  for (const char* name : {"p", "a", "b"}) EXPECT_EQ(held(name, "k"), "3") << name;
}

class Automatic : public GroupTest {
 protected:
  Automatic() { config_.failover.automatic = true; }
  void start_with(std::unique_ptr<Store> primary) {
    GroupStores stores;
    for (const char* name : {"a", "b"}) stores[name] = store(name);
    stores["p"] = std::move(primary);
    group_ = open(std::move(stores)).value();
  }
  /// Until a write succeeds.
  Duration silence() {
    const MonoTime begun = world_.mono_now();
    WriteOptions options;
    while (!put_within(200ms)) wait(50ms);
    return world_.mono_now() - begun;
  }
  bool put_within(Duration patience) {
    const Context context = Context(world_).with_timeout(patience);
    return test::run_task(world_, put_through(context, *group_, "k", "1", {})).has_value();
  }
};

TEST_F(Automatic, a_lost_primary_is_replaced_within_five_seconds) {
  start();
  ASSERT_TRUE(put("k", "1"));
  take_away("p");
  EXPECT_LE(silence(), 5s);
  ASSERT_EQ(moves_.size(), 1U);
  EXPECT_TRUE(moves_[0].automatic);
  EXPECT_EQ(moves_[0].kind, MoveKind::failover);
  EXPECT_EQ(group_->epoch(), 2U);
}

TEST_F(Automatic, a_primary_that_hangs_just_after_it_was_asked_is_replaced_within_five_seconds) {
  bool hangs = false;
  start_with(std::make_unique<Hung>(store("p"), hangs));
  ASSERT_TRUE(put("k", "1"));
  wait(until_next(world_, 1s) + 1ms);
  hangs = true;
  EXPECT_LE(silence(), 4500ms);
  EXPECT_EQ(group_->epoch(), 2U);
}

TEST_F(Automatic, a_stall_below_the_detection_window_is_none) {
  start();
  for (int i = 0; i < 1000; ++i) {
    // Else it is looked at too seldom to see most of them.
    ASSERT_TRUE(put_within(1min));
    take_away("p");
    wait(1ms * (100 + world_.random() % 2400));
    bring_back("p");
    wait(1ms * (1000 + world_.random() % 2000));
  }
  EXPECT_TRUE(moves_.empty());
}

TEST_F(Automatic, all_groups_of_a_process_look_at_their_primaries_at_the_same_moments) {
  wait(123ms);
  std::vector<MonoTime> looks;
  start_with(std::make_unique<Clocked>(world_, store("p"), looks));
  wait(10s);
  ASSERT_GE(looks.size(), 10U);
  for (std::size_t i = 1; i < looks.size(); ++i) {
    EXPECT_EQ(looks[i].time_since_epoch() % config_.failover.check_interval, 0ms);
  }
}

TEST_F(Automatic, a_primary_that_nobody_writes_to_is_looked_at_seldom_until_a_write_comes) {
  std::vector<MonoTime> looks;
  start_with(std::make_unique<Clocked>(world_, store("p"), looks));
  wait(1min);
  const std::size_t before = looks.size();
  wait(1min);
  EXPECT_EQ(looks.size() - before, 12U);
  ASSERT_TRUE(put("k", "1"));
  const std::size_t until_then = looks.size();
  wait(10s);
  EXPECT_GE(looks.size() - until_then, 9U);
}

TEST_F(Automatic, a_primary_that_was_lost_while_nobody_wrote_is_replaced_within_five_seconds) {
  start();
  wait(1min);
  ASSERT_TRUE(put("k", "1"));
  wait(59s);
  take_away("p");
  wait(1s);
  EXPECT_LE(silence(), 5s);
  EXPECT_EQ(group_->epoch(), 2U);
}

TEST_F(Automatic, when_nobody_answers_it_is_we_who_are_cut_off) {
  start();
  for (const char* name : {"p", "a", "b"}) take_away(name);
  wait(10min);
  EXPECT_TRUE(moves_.empty());
  for (const char* name : {"p", "a", "b"}) bring_back(name);
  wait(1min);
  EXPECT_TRUE(moves_.empty());
  ASSERT_TRUE(put("k", "1"));
}

TEST_F(Automatic, whoever_does_not_answer_now_is_no_candidate) {
  config_.targets[0].priority = 0;
  start();
  take_away("a");
  take_away("p");
  wait(10s);
  ASSERT_EQ(moves_.size(), 1U);
  EXPECT_EQ(moves_[0].to, "b");
}

TEST_F(Automatic, a_second_failover_waits_for_the_cooldown) {
  start();
  take_away("p");
  wait(10s);
  ASSERT_EQ(group_->primary(), "a");
  bring_back("p");
  wait(1min);
  take_away("a");
  wait(3min);
  EXPECT_EQ(moves_.size(), 1U) << "not within five minutes";
  wait(2min);
  EXPECT_EQ(moves_.size(), 2U);
}

TEST_F(Automatic, there_is_a_daily_limit) {
  config_.failover.cooldown = 0s;
  config_.failover.most_per_day = 2;
  start();
  for (int i = 0; i < 4; ++i) {
    const std::string lost = group_->primary();
    take_away(lost);
    wait(30s);
    bring_back(lost);
    wait(2min);
  }
  EXPECT_EQ(moves_.size(), 2U);
}

TEST_F(Automatic, the_new_primary_holds_what_a_sync_write_was_acknowledged_for) {
  config_.mode = Mode::sync;
  start();
  ASSERT_TRUE(put("k", "1"));
  take_away("p");
  wait(10s);
  ASSERT_EQ(moves_.size(), 1U);
  EXPECT_EQ(moves_[0].lacking, 0U);
  EXPECT_TRUE(moves_[0].at_risk.empty());
  EXPECT_EQ(held(group_->primary(), "k"), "1");
}

TEST_F(Automatic, a_primary_that_was_emptied_is_replaced_and_left_alone) {
  start();
  ASSERT_TRUE(put("k", "1"));
  wait();
  const std::vector<std::string> all{"k", ".godwit/group"};
  const Context context(world_);
  ASSERT_TRUE(test::run_task(world_, store("p")->remove(context, all)));
  wait(10s);
  ASSERT_EQ(moves_.size(), 1U);
  ASSERT_TRUE(put("new", "1"));
  wait(5min);
  EXPECT_EQ(held("p", "new"), "(nothing)") << "another disk may be mounted there one day";
  EXPECT_EQ(status("p").state, State::failed);
  EXPECT_NE(status("p").why_failed.find("remove it and add it again"), std::string::npos);
  ASSERT_TRUE(test::run_task(world_, group_->remove_target("p")));
  ASSERT_TRUE(test::run_task(
      world_, group_->add_target(Context(world_), {.name = "p", .region = "p"}, store("p"))));
  wait(1min);
  for (const char* name : {"p", "a", "b"}) {
    EXPECT_EQ(held(name, "k"), "1") << name;
    EXPECT_EQ(held(name, "new"), "1") << name;
  }
}

TEST_F(Automatic, a_primary_whose_disk_was_not_mounted_for_a_while_gets_all_that_it_missed) {
  start();
  ASSERT_TRUE(put("k", "1"));
  wait();
  const std::string marker = held("p", ".godwit/group");
  const std::vector<std::string> mark{".godwit/group"};
  ASSERT_TRUE(test::run_task(world_, store("p")->remove(Context(world_), mark)));
  wait(10s);
  ASSERT_EQ(moves_.size(), 1U);
  ASSERT_TRUE(put("new", "1"));
  wait(5min);
  behind_our_back("p", ".godwit/group", marker);
  wait(5min);
  EXPECT_EQ(held("p", "new"), "1");
  EXPECT_TRUE(status("p").caught_up);
  EXPECT_EQ(status("p").state, State::active);
}

TEST_F(Automatic, it_can_be_turned_off) {
  config_.failover.automatic = false;
  start();
  take_away("p");
  wait(10min);
  EXPECT_TRUE(moves_.empty());
  EXPECT_EQ(group_->primary_health(), Health::unhealthy);
}

}  // namespace
}  // namespace godwit::replication
