#include "world/sim/sim_disk.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "world/sim/sim_world.h"

namespace godwit {
namespace {

using sim_storage::Losses;

/// A disk from a seed, with files written and read whole.
class Drive {
 public:
  explicit Drive(std::uint64_t seed) : generator_(seed) {}

  SimDisk& disk() { return disk_; }
  std::unique_ptr<File> write(const std::string& path, const std::string& text) {
    auto file = disk_.open(path, OpenMode::write_new);
    if (!file) return nullptr;
    EXPECT_TRUE((*file)->write_at(0, as_bytes(text)));
    return *std::move(file);
  }
  std::string read(const std::string& path) {
    const auto file = disk_.open(path, OpenMode::read);
    if (!file) return "(none)";
    std::string text((*file)->stat()->size, '\0');
    EXPECT_TRUE((*file)->read_at(0, std::as_writable_bytes(std::span(text))));
    return text;
  }
  void crash(Crash kind, Losses losses = Losses::any_subset) {
    disk_.crash(kind, losses);
    disk_.restart();
  }

 private:
  std::mt19937_64 generator_;
  WallTime now_{};
  SimDisk disk_{[this] { return generator_(); }, [this] { return now_ += Duration(1); }};
};

/// What is left of what `play` does, over many seeds.
std::set<std::string> outcomes(void (*play)(Drive&), const std::string& path,
                               Losses losses = Losses::any_subset) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Drive drive(seed);
    play(drive);
    drive.crash(Crash::power, losses);
    seen.insert(drive.read(path));
  }
  return seen;
}

using Seen = std::set<std::string>;

TEST(SimDisk, a_file_is_sure_after_it_and_its_directory_were_synced) {
  const auto play = [](Drive& drive) {
    ASSERT_TRUE(drive.write("/a", "1")->sync());
    ASSERT_TRUE(drive.disk().sync_directory("/"));
  };
  EXPECT_EQ(outcomes(play, "/a"), Seen{"1"});
}

TEST(SimDisk, without_a_sync_of_the_directory_the_name_may_be_lost) {
  const auto play = [](Drive& drive) { ASSERT_TRUE(drive.write("/a", "1")->sync()); };
  EXPECT_EQ(outcomes(play, "/a"), (Seen{"1", "(none)"}));
}

TEST(SimDisk, a_directory_that_was_never_synced_is_lost_with_what_was_synced_in_it) {
  const auto play = [](Drive& drive) {
    ASSERT_TRUE(drive.disk().make_directory("/d/e", Access::shared));
    ASSERT_TRUE(drive.write("/d/e/a", "1")->sync());
    ASSERT_TRUE(drive.disk().sync_directory("/d/e"));
    ASSERT_TRUE(drive.disk().sync_directory("/d"));
  };
  EXPECT_EQ(outcomes(play, "/d/e/a"), (Seen{"1", "(none)"}));
}

TEST(SimDisk, a_rename_over_a_file_leaves_the_old_or_the_new_one) {
  const auto play = [](Drive& drive) {
    ASSERT_TRUE(drive.write("/a", "old")->sync());
    ASSERT_TRUE(drive.disk().sync_directory("/"));
    ASSERT_TRUE(drive.write("/b", "new")->sync());
    ASSERT_TRUE(drive.disk().rename("/b", "/a", OnExisting::replace));
  };
  EXPECT_EQ(outcomes(play, "/a"), (Seen{"old", "new"}));
}

TEST(SimDisk, a_rename_of_what_was_not_synced_may_leave_less_than_was_written) {
  const auto play = [](Drive& drive) {
    drive.write("/b", std::string(512, 'x') + std::string(512, 'y'));
    ASSERT_TRUE(drive.disk().rename("/b", "/a", OnExisting::replace));
    ASSERT_TRUE(drive.disk().sync_directory("/"));
  };
  const std::string x(512, 'x');
  const std::string y(512, 'y');
  const std::string hole(512, '\0');
  EXPECT_EQ(outcomes(play, "/a"), (Seen{"", x, hole + y, x + y}));
  EXPECT_EQ(outcomes(play, "/a", Losses::in_order), (Seen{"", x, x + y}));
}

TEST(SimDisk, what_was_moved_out_of_a_directory_is_not_lost_with_it) {
  const auto play = [](Drive& drive) {
    ASSERT_TRUE(drive.disk().make_directory("/d", Access::shared));
    ASSERT_TRUE(drive.write("/d/a", "1")->sync());
    ASSERT_TRUE(drive.disk().sync_all("/"));
    ASSERT_TRUE(drive.disk().rename("/d/a", "/a", OnExisting::replace));
    ASSERT_TRUE(drive.disk().remove_directory("/d"));
    // What was before is no matter of this directory's names, yet the removal builds on it.
    ASSERT_TRUE(drive.disk().sync_directory("/"));
  };
  EXPECT_EQ(outcomes(play, "/a"), Seen{"1"});
}

TEST(SimDisk, a_killed_process_loses_nothing_but_its_files_and_locks) {
  Drive drive(1);
  const auto file = drive.write("/a", "1");
  const auto lock = drive.disk().lock("/lock");
  drive.disk().crash(Crash::process);
  EXPECT_FALSE(drive.disk().stat("/a"));
  EXPECT_FALSE(drive.disk().remove_file("/a"));
  drive.disk().restart();
  EXPECT_EQ(drive.read("/a"), "1");
  EXPECT_FALSE(file->write_at(0, as_bytes("2")));
  EXPECT_TRUE(drive.disk().lock("/lock"));
}

TEST(SimDisk, what_a_failed_sync_left_is_not_made_durable_by_the_next_one) {
  const auto play = [](Drive& drive) {
    const auto file = drive.write("/a", "1");
    ASSERT_TRUE(drive.disk().sync_directory("/"));
    drive.disk().faults("/").sync_error = 1;
    EXPECT_FALSE(file->sync());
    drive.disk().faults("/").sync_error = 0;
    EXPECT_TRUE(file->sync());
  };
  EXPECT_EQ(outcomes(play, "/a"), Seen{""});
}

TEST(SimDisk, faults_strike_below_their_path_and_nobody_who_looks_on) {
  Drive drive(1);
  SimDisk& disk = drive.disk();
  ASSERT_TRUE(disk.make_directory("/d", Access::shared));
  disk.faults("/d").list_error = 1;
  disk.faults("/d/e").list_error = 0;
  const auto listed = disk.list("/d");
  ASSERT_FALSE(listed);
  EXPECT_EQ(listed.error().retry(), Retry::never);
  EXPECT_TRUE(disk.list("/"));
  const SimDisk::Undisturbed looking(disk);
  EXPECT_TRUE(disk.list("/d"));
}

TEST(SimDisk, a_full_disk_takes_a_part_and_says_so) {
  Drive drive(3);
  drive.disk().faults("/").capacity = 1000;
  const auto file = drive.write("/a", std::string(900, 'a'));
  const auto more = drive.disk().open("/b", OpenMode::write_new).value();
  const auto written = more->write_at(0, as_bytes(std::string(200, 'b')));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code(), Code::no_space);
  EXPECT_LE(more->stat()->size, 100);
  EXPECT_TRUE(file->write_at(0, as_bytes("over what is there")));
}

TEST(SimDisk, others_may_act_in_the_midst_of_a_call_and_end_its_process) {
  Drive drive(1);
  int calls = 0;
  drive.disk().on_call([&] {
    if (++calls == 2) drive.disk().crash(Crash::process);
  });
  EXPECT_TRUE(drive.disk().make_directory("/a", Access::shared));
  EXPECT_FALSE(drive.disk().make_directory("/b", Access::shared));
  drive.disk().on_call({});
  drive.disk().restart();
  EXPECT_FALSE(drive.disk().stat("/b"));
}

asio::awaitable<void> visit(World& world, Duration& took) {
  const MonoTime start = world.mono_now();
  auto work = [&disk = world.disk()] { return disk.make_directory("/a", Access::shared); };
  const Result<void> made = co_await run_blocking(world, std::move(work));
  EXPECT_TRUE(made);
  took = world.mono_now() - start;
}

TEST(SimWorld, a_slow_disk_takes_time_and_a_seed_repeats_itself) {
  std::array<std::uint64_t, 2> traces{};
  for (std::uint64_t& trace : traces) {
    SimWorld world(7);
    world.disk().faults("/").longest_delay = std::chrono::seconds(1);
    Duration took{};
    EXPECT_TRUE(world.run(visit(world, took)));
    EXPECT_GT(took, Duration::zero());
    trace = world.trace();
  }
  EXPECT_EQ(traces[0], traces[1]);
}

TEST(SimWorld, the_wall_clock_can_be_set_and_time_passes_all_the_same) {
  SimWorld world(7);
  const WallTime wall = world.wall_now();
  const MonoTime mono = world.mono_now();
  world.set_wall_clock(-std::chrono::hours(1));
  EXPECT_EQ(world.wall_now(), wall - std::chrono::hours(1));
  EXPECT_EQ(world.mono_now(), mono);
}

}  // namespace
}  // namespace godwit
