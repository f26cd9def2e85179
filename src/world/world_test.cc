#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "world/context.h"
#include "world/real/real_disk.h"
#include "world/real/real_world.h"
#include "world/signal.h"

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

asio::awaitable<void> answer_from_pool(World& world, int& answer) {
  auto work = [] { return 42; };
  answer = co_await run_blocking(world, std::move(work));
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

class RealDiskTest : public testing::Test {
 protected:
  RealDiskTest() { std::filesystem::create_directories(root_); }
  ~RealDiskTest() override { std::filesystem::remove_all(root_); }
  [[nodiscard]] std::string path(const std::string& name) const { return root_ + "/" + name; }
  void write(const std::string& name, std::string_view text) {
    const auto file = disk_.open(path(name), OpenMode::write_new);
    ASSERT_TRUE(file) << file.error().to_string();
    ASSERT_TRUE((*file)->write_at(0, as_bytes(text)));
  }

  RealDisk disk_;
  std::string root_ = testing::TempDir() + "godwit-disk-" + std::to_string(::getpid());
};

TEST_F(RealDiskTest, errors_are_told_apart_by_what_a_caller_does) {
  write("a", "1");
  EXPECT_EQ(disk_.open(path("none"), OpenMode::read).error().code(), Code::not_found);
  EXPECT_EQ(disk_.open(path("a"), OpenMode::write_new).error().code(), Code::precondition_failed);
  EXPECT_EQ(disk_.open(path("a/b"), OpenMode::read).error().code(), Code::not_found);
  EXPECT_EQ(disk_.open(path(std::string(300, 'x')), OpenMode::read).error().code(),
            Code::invalid_argument);
}

TEST_F(RealDiskTest, rename_without_replacing_refuses_an_existing_name) {
  write("a", "1");
  write("b", "2");
  EXPECT_EQ(disk_.rename(path("a"), path("b"), OnExisting::fail).error().code(),
            Code::precondition_failed);
  EXPECT_TRUE(disk_.rename(path("a"), path("c"), OnExisting::fail));
}

TEST_F(RealDiskTest, attributes_and_times_are_kept) {
  write("a", "1");
  const auto file = disk_.open(path("a"), OpenMode::write_existing).value();
  const WallTime when(std::chrono::nanoseconds(1'699'999'999'123'456'789));
  ASSERT_TRUE(file->set_modified(when));
  EXPECT_EQ(file->stat()->modified, when);
  EXPECT_EQ(file->attribute("user.none").value(), std::nullopt);
  ASSERT_TRUE(file->set_attribute("user.godwit", std::string(2000, 'x')));
  EXPECT_EQ(disk_.attribute(path("a"), "user.godwit").value(), std::string(2000, 'x'));
}

TEST_F(RealDiskTest, copies_a_file_inside_the_kernel) {
  write("a", std::string(100'000, 'y'));
  const auto from = disk_.open(path("a"), OpenMode::read).value();
  const auto to = disk_.open(path("b"), OpenMode::write_new).value();
  ASSERT_TRUE(to->copy_from(*from, 0, 100'000));
  EXPECT_EQ(to->stat()->size, 100'000);
  EXPECT_EQ(to->copy_from(*from, 0, 200'000).error().code(), Code::precondition_failed);
}

TEST_F(RealDiskTest, a_lock_is_exclusive_until_it_is_dropped) {
  auto held = disk_.lock(path("lock"));
  ASSERT_TRUE(held);
  EXPECT_EQ(disk_.lock(path("lock")).error().code(), Code::precondition_failed);
  held->reset();
  EXPECT_TRUE(disk_.lock(path("lock")));
}

TEST_F(RealDiskTest, a_fifo_is_told_apart_and_opening_it_does_not_wait) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(disk_.stat(path("fifo"), Symlinks::do_not_follow)->type, FileType::other);
  EXPECT_TRUE(disk_.open(path("fifo"), OpenMode::read));
}

}  // namespace
}  // namespace godwit
