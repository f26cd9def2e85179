#include "coordination/local_coordinator.h"

#include <gtest/gtest.h>

#include <fstream>
#include <optional>

#include "support/fake_world.h"
#include "support/run_task.h"

namespace godwit {
namespace {

using namespace std::chrono_literals;

/// On the machine's disk, in a world whose wall clock the test turns.
class LocalCoordination : public testing::Test {
 protected:
  LocalCoordination() { restart(); }

  [[nodiscard]] Result<std::unique_ptr<LocalCoordinator>> open() {
    return run(LocalCoordinator::open(context_, directory_));
  }
  /// A new process.
  void restart() {
    coordinator_.reset();
    coordinator_ = open().value();
  }
  template <class T>
  Result<T> run(Task<T> task) {
    return test::run_task(world_, std::move(task));
  }
  void pass(Duration time) { ASSERT_TRUE(run(context_.sleep(time))); }

  [[nodiscard]] Result<GroupSnapshot> read() { return run(coordinator_->read(context_, group_)); }
  [[nodiscard]] Result<std::uint64_t> write(std::uint32_t epoch, std::uint64_t revision) {
    GroupSnapshot next{.state = {.epoch = epoch, .primary = "sgp1"}, .revision = revision};
    return run(coordinator_->compare_and_swap(context_, group_, next));
  }
  [[nodiscard]] Result<Lease> acquire(const std::string& holder) {
    const LeaseTerms terms{group_, "primary", holder, 10s};
    return run(coordinator_->acquire(context_, terms));
  }
  [[nodiscard]] Result<Lease> renew(const Lease& lease) {
    return run(coordinator_->renew(context_, lease));
  }
  [[nodiscard]] Result<void> vote(const std::string& observer, std::uint32_t epoch) {
    const Vote cast{observer, "sgp1", epoch, Sight::dead, 5s};
    return run(coordinator_->cast_vote(context_, group_, cast));
  }
  [[nodiscard]] std::size_t votes() { return run(coordinator_->votes(context_, group_))->size(); }

  test::FakeWorld world_;
  Context context_{world_};
  std::string directory_ = world_.path("data/coordination");
  std::string group_ = "backups";
  std::unique_ptr<LocalCoordinator> coordinator_;
};

TEST_F(LocalCoordination, begins_with_a_group_that_nobody_has_written) {
  EXPECT_EQ(read().value(), GroupSnapshot());
}

TEST_F(LocalCoordination, swaps_only_what_nobody_changed_meanwhile) {
  EXPECT_EQ(write(1, 0).value(), 1U);
  const auto late = write(2, 0);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), Code::precondition_failed);
  EXPECT_EQ(read()->state.epoch, 1U);
  EXPECT_EQ(write(2, 1).value(), 2U);
  EXPECT_EQ(write(1, 2).error().code(), Code::invalid_argument) << "the epoch never goes back";
  restart();
  EXPECT_EQ(read()->state.epoch, 2U);
  EXPECT_EQ(read()->revision, 2U);
}

asio::awaitable<void> swap_group(Coordinator& coordinator, Context context, std::uint32_t epoch,
                                 std::optional<Result<std::uint64_t>>& result) {
  const GroupSnapshot next{.state = {.epoch = epoch}, .revision = 0};
  const std::string group = "backups";
  result = co_await coordinator.compare_and_swap(context, group, next);
}

asio::awaitable<void> swap_side_by_side(
    Coordinator& coordinator, Context context,
    std::vector<std::optional<Result<std::uint64_t>>>& results) {
  TaskGroup tasks(context.world().executor());
  for (std::uint32_t i = 0; i < results.size(); ++i) {
    tasks.spawn(swap_group(coordinator, context, i + 1, results[i]));
  }
  co_await tasks.join();
}

TEST_F(LocalCoordination, lets_one_of_many_swaps_win) {
  std::vector<std::optional<Result<std::uint64_t>>> results(8);
  ASSERT_TRUE(world_.run(swap_side_by_side(*coordinator_, context_, results)));
  EXPECT_EQ(std::ranges::count_if(results, [](const auto& one) { return one->has_value(); }), 1);
  EXPECT_EQ(read()->revision, 1U);
}

TEST_F(LocalCoordination, keeps_every_other_process_out) {
  const auto second = open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::precondition_failed);
  EXPECT_NE(second.error().hint().find("one process at a time"), std::string::npos);
  ASSERT_TRUE(run(coordinator_->close()));
  EXPECT_TRUE(open());
}

TEST_F(LocalCoordination, refuses_names_that_could_lead_elsewhere) {
  for (const char* name : {"", "../x", "a/b", "A"}) {
    group_ = name;
    EXPECT_EQ(read().error().code(), Code::invalid_argument) << name;
  }
}

TEST_F(LocalCoordination, takes_no_damaged_or_newer_file_for_a_fresh_start) {
  ASSERT_TRUE(write(5, 0));
  const std::string path = "data/coordination/backups.group";
  const std::string good = read_file(world_.disk(), world_.path(path), kMiB).value();
  for (const std::string& bad : {good.substr(0, good.size() / 2), std::string(), good + "x",
                                 std::string(kLargestGroupFile + 1, 'x')}) {
    world_.write(path, bad);
    restart();
    for (const auto& error : {read().error(), write(1, 0).error(), acquire("a").error()}) {
      EXPECT_EQ(error.code(), Code::corrupted);
      EXPECT_NE(error.message().find("backups.group: damaged"), std::string::npos);
      EXPECT_FALSE(error.hint().empty());
    }
  }
  world_.write(path, "godwit-group 99 x\n");
  restart();
  EXPECT_EQ(read().error().code(), Code::unsupported);
  world_.write("data/coordination/other.group", good);
  group_ = "other";
  EXPECT_EQ(read().error().code(), Code::corrupted) << "it is of another group";
  group_ = "backups";
  world_.write(path, good);
  EXPECT_EQ(read()->state.epoch, 5U) << "a mended file needs no restart";
}

TEST_F(LocalCoordination, grants_a_lease_to_one_holder_until_the_whole_ttl_has_passed) {
  const MonoTime asked = world_.mono_now();
  const Lease first = acquire("a").value();
  EXPECT_EQ(first.valid_until, asked + 9s);
  pass(9s);
  const auto early = acquire("b");
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code(), Code::precondition_failed);
  EXPECT_EQ(early.error().retry_after(), 1s);
  EXPECT_FALSE(acquire("a")) << "also not to the holder: two tasks of it would act";
  pass(1s);
  const Lease second = acquire("b").value();
  EXPECT_GT(second.token, first.token);
  EXPECT_EQ(renew(first).error().code(), Code::precondition_failed);
}

TEST_F(LocalCoordination, counts_a_renewed_lease_from_its_renewal) {
  Lease lease = acquire("a").value();
  for (int i = 0; i < 10; ++i) {
    pass(5s);
    const MonoTime asked = world_.mono_now();
    lease = renew(lease).value();
    EXPECT_EQ(lease.valid_until, asked + 9s);
    EXPECT_FALSE(acquire("b"));
  }
  pass(10s);
  EXPECT_FALSE(renew(lease)) << "it ran out, even if nobody took it";
  EXPECT_TRUE(acquire("b"));
}

TEST_F(LocalCoordination, measures_leases_by_no_wall_clock) {
  const Lease lease = acquire("a").value();
  for (const Duration turn : {24h * 365, -24h * 365}) {
    world_.turned = turn;
    EXPECT_FALSE(acquire("b"));
    EXPECT_TRUE(renew(lease));
  }
  pass(9s);
  EXPECT_FALSE(acquire("b"));
  pass(1s);
  EXPECT_TRUE(acquire("b"));
}

TEST_F(LocalCoordination, gives_a_released_lease_to_the_next_at_once) {
  const Lease lease = acquire("a").value();
  ASSERT_TRUE(run(coordinator_->release(context_, lease)));
  ASSERT_TRUE(acquire("b"));
  EXPECT_TRUE(run(coordinator_->release(context_, lease))) << "lost already";
  EXPECT_FALSE(acquire("a")) << "b's lease is not a's to release";
}

TEST_F(LocalCoordination, makes_others_wait_the_whole_ttl_after_a_restart) {
  const Lease lease = acquire("a").value();
  pass(9s);
  restart();
  EXPECT_FALSE(acquire("b"));
  pass(9s);
  EXPECT_FALSE(acquire("b")) << "how long the machine was off is not known";
  const Lease again = acquire("a").value();
  EXPECT_GT(again.token, lease.token) << "the lock proves that a's former process is gone";
  EXPECT_FALSE(renew(lease));
  pass(10s);
  EXPECT_TRUE(acquire("b"));
}

TEST_F(LocalCoordination, counts_votes_of_the_epoch_while_they_last) {
  ASSERT_TRUE(write(1, 0));
  ASSERT_TRUE(vote("a", 1));
  ASSERT_TRUE(vote("b", 1));
  ASSERT_TRUE(vote("b", 1));
  EXPECT_EQ(votes(), 2U);
  EXPECT_EQ(vote("c", 0).error().code(), Code::precondition_failed);
  pass(4s);
  ASSERT_TRUE(vote("b", 1));
  pass(1s);
  EXPECT_EQ(votes(), 1U);
  ASSERT_TRUE(write(2, 1));
  EXPECT_EQ(votes(), 0U) << "they spoke of the epoch before";
}

TEST_F(LocalCoordination, does_nothing_for_a_caller_that_gave_up) {
  CancelSource source;
  source.cancel();
  context_ = context_.with_cancel(source.token());
  EXPECT_EQ(write(1, 0).error().code(), Code::cancelled);
  context_ = Context(world_);
  EXPECT_EQ(read().value(), GroupSnapshot());
}

}  // namespace
}  // namespace godwit
