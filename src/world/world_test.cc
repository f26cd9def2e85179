#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <span>

#include "world/body.h"
#include "world/context.h"
#include "world/real/no_links.h"
#include "world/real/real_disk.h"
#include "world/real/real_world.h"
#include "world/signal.h"
#include "world/sim/sim_world.h"

namespace godwit {
namespace {

using namespace std::chrono_literals;

asio::awaitable<void> sleep_and_note(World& world, Duration pause, CancelToken cancel,
                                     std::vector<std::string>& notes) {
  const Result<void> slept = co_await world.sleep_until(world.mono_now() + pause, cancel);
  notes.push_back(slept ? "woke" : std::string(to_string(slept.error().code())));
}

asio::awaitable<void> cancel_one_of_two(World& world, std::vector<std::string>& notes) {
  CancelSource source;
  TaskGroup group(world.executor());
  group.spawn(sleep_and_note(world, 1h, source.token(), notes));
  co_await sleep_and_note(world, 1ms, {}, notes);
  source.cancel();
  co_await group.join();
}

TEST(RealWorld, a_cancelled_sleep_ends_at_once_and_a_group_joins_it) {
  RealWorld world;
  std::vector<std::string> notes;
  world.run(cancel_one_of_two(world, notes));
  EXPECT_EQ(notes, (std::vector<std::string>{"woke", "cancelled"}));
}

asio::awaitable<void> read_whole(Body& body, Bytes most,
                                 std::optional<Result<std::string>>& result) {
  result = co_await read_all(body, most);
}

TEST(Body, read_whole_keeps_no_more_memory_than_its_bytes_and_knows_its_limit) {
  RealWorld world;
  for (const std::size_t size : {0U, 1U, 100U, 4096U, 100'000U, 1'000'000U}) {
    MemoryBody body(std::string(size, 'x'));
    std::optional<Result<std::string>> read;
    world.run(read_whole(body, size, read));
    ASSERT_TRUE(*read) << size;
    EXPECT_EQ((*read)->size(), size);
    EXPECT_LE((*read)->capacity(), std::max<std::size_t>(size, 15));
  }
  MemoryBody longer(std::string(5, 'x'));
  std::optional<Result<std::string>> read;
  world.run(read_whole(longer, 4, read));
  EXPECT_EQ(read->error().code(), Code::limit_exceeded);
}

asio::awaitable<void> answer_from_pool(World& world, int& answer) {
  auto work = [] { return 42; };
  answer = co_await run_blocking(world, std::move(work));
}

asio::awaitable<void> sleep_until_next(World& world, Duration interval) {
  (void)co_await Context(world).sleep(until_next(world, interval));
}

TEST(RealWorld, what_nobody_can_guess_is_another_in_each_world) {
  std::array<std::byte, 300> one{};
  std::array<std::byte, 300> two{};
  RealWorld().fill_unguessable(one);
  RealWorld().fill_unguessable(two);
  EXPECT_NE(one, two);
  const std::span<const std::byte> end = std::span(one).last(8);
  EXPECT_FALSE(std::ranges::all_of(end, [](std::byte b) { return b == std::byte{}; }));
}

TEST(RealWorld, run_blocking_resumes_with_the_result) {
  RealWorld world;
  int answer = 0;
  world.run(answer_from_pool(world, answer));
  EXPECT_EQ(answer, 42);
}

TEST(CancelToken, a_child_is_cancelled_with_its_parent_and_not_the_other_way_round) {
  CancelSource parent;
  CancelSource child(parent.token());
  CancelSource other(parent.token());
  other.cancel();
  EXPECT_FALSE(parent.token().cancelled());
  parent.cancel();
  EXPECT_TRUE(child.token().cancelled());
}

TEST(CancelToken, a_listener_that_has_gone_is_not_called) {
  CancelSource source;
  int calls = 0;
  {
    const CancelRegistration gone = source.token().on_cancel([&calls] { ++calls; });
  }
  const CancelRegistration stays = source.token().on_cancel([&calls] { calls += 10; });
  source.cancel();
  source.cancel();
  EXPECT_EQ(calls, 10);
}

TEST(Context, a_child_never_outlives_its_parents_deadline) {
  RealWorld world;
  const Context parent = Context(world).with_timeout(1s);
  EXPECT_LE(parent.with_timeout(1h).deadline(), parent.deadline());
}

TEST(Context, the_next_moment_is_a_multiple_of_the_interval_and_yet_to_come) {
  SimWorld world(1);
  EXPECT_EQ(until_next(world, 500ms), 500ms - world.mono_now().time_since_epoch() % 500ms);
  ASSERT_TRUE(world.run(sleep_until_next(world, 500ms)));
  EXPECT_EQ(world.mono_now().time_since_epoch() % 500ms, 0ms);
  EXPECT_EQ(until_next(world, 500ms), 500ms) << "not at once again";
}

class RealDiskTest : public testing::Test {
 protected:
  RealDiskTest() { std::filesystem::create_directories(root_); }
  ~RealDiskTest() override { std::filesystem::remove_all(root_); }
  [[nodiscard]] std::string path(const std::string& name) const { return root_ + "/" + name; }

  RealDisk disk_;
  std::string root_ = testing::TempDir() + "godwit-disk-" + std::to_string(::getpid());
};

TEST_F(RealDiskTest, a_directory_that_is_removed_while_a_file_is_opened_in_it_is_not_found) {
  std::filesystem::create_directory(path("d"));
  const int held = ::open(path("d").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  ASSERT_GE(held, 0);
  std::filesystem::remove(path("d"));
  const auto file = disk_.open_unnamed("/proc/self/fd/" + std::to_string(held));
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code(), Code::not_found) << file.error().to_string();
  ::close(held);
}

TEST_F(RealDiskTest, a_fifo_is_told_apart_and_opening_it_does_not_wait) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(disk_.stat(path("fifo"))->type, FileType::other);
  EXPECT_TRUE(disk_.open(path("fifo"), OpenMode::read));
}

TEST_F(RealDiskTest, the_way_of_old_kernels_refuses_links_too) {
  ASSERT_TRUE(disk_.make_directory(path("d/e"), Access::owner_only));
  ASSERT_TRUE(disk_.open(path("d/e/a"), OpenMode::write_new));
  ASSERT_EQ(::symlink("d", path("link").c_str()), 0);
  ASSERT_EQ(::symlink("a", path("d/e/to_a").c_str()), 0);
  const std::string root = disk_.resolve(path(""));
  for (const auto open : {open_without_links, open_by_steps}) {
    const int file = open(root + "/d/e/a", O_RDONLY, 0);
    EXPECT_GE(file, 0);
    ::close(file);
    const int directory = open("/", O_RDONLY | O_DIRECTORY, 0);
    EXPECT_GE(directory, 0);
    ::close(directory);
    EXPECT_EQ(open(root + "/link/e/a", O_RDONLY, 0), -1);
    EXPECT_EQ(open(root + "/d/e/to_a", O_RDONLY, 0), -1);
    EXPECT_EQ(open(root + "/none/a", O_RDONLY, 0), -1);
    EXPECT_EQ(errno, ENOENT);
  }
}

}  // namespace
}  // namespace godwit
