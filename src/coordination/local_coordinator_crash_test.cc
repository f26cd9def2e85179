#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "coordination/local_coordinator.h"
#include "support/run_task.h"
#include "world/sim/sim_world.h"

namespace godwit {
namespace {

using namespace std::chrono_literals;

/// One machine whose coordinator is crashed at a call of the disk, and what it had promised by
/// then.
class Machine {
 public:
  explicit Machine(std::uint64_t seed) : world_(seed) {}

  SimDisk& disk() { return world_.disk(); }
  std::uint32_t promised_epoch() const { return promised_epoch_; }
  std::uint64_t calls() const { return calls_; }

  /// The process starts, and will die at its `call`th call of the disk.
  void start(std::uint64_t call, Crash kind) {
    coordinator_.reset();
    disk().restart();
    calls_ = 0;
    disk().on_call([this, call, kind] {
      if (++calls_ == call) disk().crash(kind);
    });
    auto opened = run(LocalCoordinator::open(context_, directory_));
    if (opened) coordinator_ = *std::move(opened);
  }
  /// Whatever it hears, it may have told others: that is promised.
  void read() {
    if (!coordinator_) return;
    const auto snapshot = run(coordinator_->read(context_, group_));
    if (!snapshot) return;
    const std::uint32_t epoch = snapshot->state.epoch;
    EXPECT_GE(epoch, promised_epoch_) << "an epoch went back";
    EXPECT_LE(epoch, attempted_epoch_);
    EXPECT_EQ(epoch, snapshot->revision) << "a mix of two states";
    EXPECT_EQ(epoch, settled_epoch_.value_or(epoch)) << "a write that was not, came to life";
    settled_epoch_ = epoch;
    promised_epoch_ = std::max(promised_epoch_, epoch);
  }
  void raise_epoch() {
    if (!coordinator_) return;
    const auto snapshot = run(coordinator_->read(context_, group_));
    if (!snapshot) return;
    GroupSnapshot next = *snapshot;
    attempted_epoch_ = std::max(attempted_epoch_, ++next.state.epoch);
    settled_epoch_.reset();
    if (run(coordinator_->compare_and_swap(context_, group_, next))) {
      promised_epoch_ = std::max(promised_epoch_, next.state.epoch);
    }
  }
  void take_lease() {
    if (!coordinator_) return;
    const LeaseTerms terms{group_, "primary", "node-a", 10s};
    const auto lease = run(coordinator_->acquire(context_, terms));
    if (!lease) return;
    EXPECT_GT(lease->token, promised_token_);
    promised_token_ = lease->token;
    if (promised_token_ % 2 == 0) (void)run(coordinator_->release(context_, *lease));
  }
  void live() {
    for (int i = 0; i < 3; ++i) {
      raise_epoch();
      take_lease();
      read();
    }
  }

 private:
  template <class T>
  Result<T> run(Task<T> task) {
    return test::run_task(world_, std::move(task));
  }

  SimWorld world_;
  Context context_{world_};
  std::string directory_ = "/var/godwit/coordination";
  std::string group_ = "backups";
  std::unique_ptr<LocalCoordinator> coordinator_;
  std::uint64_t calls_ = 0;
  std::uint32_t promised_epoch_ = 0;
  std::uint32_t attempted_epoch_ = 0;
  std::optional<std::uint32_t> settled_epoch_;  // read, and nobody tried to write since
  std::uint64_t promised_token_ = 0;
};

constexpr auto kNoCrash = std::numeric_limits<std::uint64_t>::max();

/// A life that ends at each call in turn, then one that reads and ends by power loss at each call
/// in turn, then one that must still know all that was promised.
void crash_everywhere(Crash first_end) {
  for (std::uint64_t first = 1;; ++first) {
    bool second_ended = false;
    for (std::uint64_t second = 1; !second_ended; ++second) {
      Machine machine(first * 1000 + second);
      machine.start(first, first_end);
      machine.live();
      const bool first_ended = machine.calls() < first;
      machine.start(second, Crash::power);
      machine.read();
      second_ended = machine.calls() < second;
      if (second_ended) machine.disk().crash(Crash::power);
      machine.start(kNoCrash, Crash::power);
      machine.read();
      machine.live();
      EXPECT_GE(machine.promised_epoch(), 3U) << "no life after the crash";
      if (first_ended && second_ended) return;
    }
  }
}

TEST(LocalCoordinatorCrash, leaves_the_old_or_the_new_state_at_any_power_loss) {
  crash_everywhere(Crash::power);
}

TEST(LocalCoordinatorCrash, takes_back_nothing_that_was_read_after_a_kill) {
  crash_everywhere(Crash::process);
}

TEST(LocalCoordinatorCrash, promises_nothing_that_a_failing_disk_did_not_keep) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Machine machine(seed);
    DiskFaults& faults = machine.disk().faults("/");
    machine.start(kNoCrash, Crash::power);
    for (int life = 0; life < 4; ++life) {
      faults.write_error = faults.read_error = 0.05;
      faults.sync_error = 0.2;
      faults.no_space = 0.05;
      machine.live();
      machine.disk().crash(life % 2 == 0 ? Crash::power : Crash::process);
      faults = {};
      machine.start(kNoCrash, Crash::power);
      machine.read();
    }
    machine.live();
  }
}

}  // namespace
}  // namespace godwit
