#include <gtest/gtest.h>

#include "store/etag.h"
#include "store/file/file_tree.h"
#include "store/file/file_uploads.h"
#include "world/sim/sim_world.h"

namespace godwit::file {
namespace {

using namespace std::chrono_literals;

constexpr const char* kNotes = "/root/.godwit/unflushed";

/// One machine, its boots, and processes that write to /root as a sync does.
class UnflushedTest : public testing::Test {
 protected:
  UnflushedTest() { boot(); }

  void boot() {
    const std::string directory = "/proc/sys/kernel/random";
    EXPECT_TRUE(world.disk().make_directory(directory, Access::shared));
    const std::string id = "boot " + std::to_string(++boots) + "\n";
    EXPECT_TRUE(replace_file(world.disk(), directory + "/boot_id", as_bytes(id)));
  }
  void pass(Duration time) { world.set_wall_clock(ahead += time); }
  void lose_power() {
    process.reset();
    world.disk().crash(Crash::power);
    world.disk().restart();
    pass(30s);
    boot();
  }
  Tree& begin_process(Fsync fsync = Fsync::batch) {
    TreeOptions options;
    options.root = "/root";
    options.fsync = fsync;
    process.emplace(world.disk(), options);
    return *process;
  }
  Result<PutResult> put(const Tree& tree, const std::string& key, const std::string& text = "x") {
    pass(10s);
    GODWIT_TRY(Draft draft, tree.draft(key, ++random));
    GODWIT_CHECK(draft.file->write_at(0, as_bytes(text)));
    PutOptions options;
    options.content_etag = "0123456789abcdef0123456789abcdef";
    options.modified = WallTime(1h);
    return tree.commit(draft, key, options);
  }
  /// A note of this process is there, and all that it spoke of happens to have reached the disk.
  void put_and_lose_power(const std::string& key) {
    ASSERT_TRUE(put(begin_process(), key));
    ASSERT_TRUE(world.disk().sync_all("/root"));
    lose_power();
  }
  static std::string etag(const Tree& tree, const std::string& key) {
    const Result<ObjectInfo> info = tree.info(key);
    return info ? info->etag : info.error().to_string();
  }
  std::size_t notes() {
    const auto entries = world.disk().list(kNotes);
    return entries ? entries->size() : 0;
  }

  SimWorld world{1};
  std::optional<Tree> process;
  Duration ahead{};
  std::uint64_t random = 0;
  int boots = 0;
};

TEST_F(UnflushedTest, what_the_power_ended_is_in_doubt_until_it_is_written_again) {
  ASSERT_TRUE(put(begin_process(), "sound"));
  ASSERT_TRUE(process->flush());
  put_and_lose_power("a");
  const Tree& tree = begin_process();
  EXPECT_FALSE(is_doubtful(etag(tree, "sound")));
  EXPECT_TRUE(is_doubtful(etag(tree, "a")));
  EXPECT_TRUE(tree.open("a")->etag() == etag(tree, "a"));
  ASSERT_TRUE(put(tree, "a"));
  ASSERT_TRUE(put(tree, "b"));
  EXPECT_FALSE(is_doubtful(etag(tree, "a")));
  EXPECT_FALSE(is_doubtful(etag(tree, "b")));
  ASSERT_TRUE(tree.flush());
  EXPECT_FALSE(is_doubtful(etag(begin_process(), "a")));
}

TEST_F(UnflushedTest, an_object_of_parts_is_synced_by_itself_and_not_in_doubt) {
  TreeOptions options;
  options.root = "/root";
  options.fsync = Fsync::batch;
  const auto tree = std::make_shared<const Tree>(world.disk(), options);
  Uploads uploads(tree);
  PutOptions put_options;
  put_options.modified = WallTime(1h);
  const UploadId upload = uploads.create("large", ++random).value();
  const std::shared_ptr<File> data = uploads.begin_part(upload, {1, 0}).value();
  ASSERT_TRUE(data->write_at(0, as_bytes(std::string_view("bytes"))));
  const PartInfo part = uploads.end_part(upload, {1, 0}, 5, *data).value();
  ASSERT_TRUE(uploads.complete(upload, std::span(&part, 1), put_options));
  ASSERT_TRUE(put(*tree, "small"));
  ASSERT_TRUE(world.disk().sync_all("/root"));
  lose_power();
  EXPECT_FALSE(is_doubtful(etag(begin_process(), "large")));
  EXPECT_TRUE(is_doubtful(etag(*process, "small")));
}

TEST_F(UnflushedTest, what_is_in_doubt_stays_so_over_runs_that_write_other_things) {
  put_and_lose_power("a");
  ASSERT_TRUE(put(begin_process(Fsync::always), "b"));
  EXPECT_TRUE(is_doubtful(etag(begin_process(), "a")));
  put_and_lose_power("c");
  const Tree& tree = begin_process();
  EXPECT_TRUE(is_doubtful(etag(tree, "a")));
  EXPECT_FALSE(is_doubtful(etag(tree, "b")));
  EXPECT_TRUE(is_doubtful(etag(tree, "c")));
}

TEST_F(UnflushedTest, a_reader_sees_that_another_process_closed_the_note) {
  put_and_lose_power("a");
  TreeOptions options;
  options.root = "/root";
  const Tree reader(world.disk(), options);
  EXPECT_TRUE(is_doubtful(etag(reader, "a")));
  ASSERT_TRUE(put(begin_process(), "b"));
  EXPECT_TRUE(is_doubtful(etag(reader, "a")));
  EXPECT_FALSE(is_doubtful(etag(reader, "b")));
}

TEST_F(UnflushedTest, a_run_that_flushed_leaves_no_note_and_one_that_writes_nothing_makes_none) {
  const Tree& tree = begin_process();
  ASSERT_TRUE(tree.flush());
  EXPECT_FALSE(world.disk().stat(kNotes));
  ASSERT_TRUE(put(tree, "a"));
  ASSERT_TRUE(put(tree, "b"));
  EXPECT_EQ(notes(), 1);
  ASSERT_TRUE(tree.flush());
  EXPECT_EQ(notes(), 0);
  lose_power();
  EXPECT_EQ(notes(), 0) << "its removal was not sure";
}

TEST_F(UnflushedTest,
       a_killed_process_leaves_nothing_in_doubt_and_the_next_flush_removes_its_note) {
  ASSERT_TRUE(put(begin_process(), "a"));
  process.reset();
  world.disk().crash(Crash::process);
  world.disk().restart();
  const Tree& tree = begin_process();
  EXPECT_FALSE(is_doubtful(etag(tree, "a")));
  EXPECT_EQ(notes(), 1);
  ASSERT_TRUE(tree.flush());
  EXPECT_EQ(notes(), 0);
  lose_power();
  EXPECT_EQ(etag(begin_process(), "a"), "0123456789abcdef0123456789abcdef");
}

TEST_F(UnflushedTest, a_note_of_a_process_that_lives_is_not_removed_by_another_one) {
  TreeOptions options;
  options.root = "/root";
  options.fsync = Fsync::batch;
  Tree other(world.disk(), options);
  ASSERT_TRUE(put(other, "a"));
  ASSERT_TRUE(put(begin_process(), "b"));
  EXPECT_EQ(notes(), 2);
  ASSERT_TRUE(process->flush());
  EXPECT_EQ(notes(), 1);
  ASSERT_TRUE(put(other, "c"));
  ASSERT_TRUE(world.disk().sync_all("/root"));
  lose_power();
  EXPECT_TRUE(is_doubtful(etag(begin_process(), "c")));
}

TEST_F(UnflushedTest, a_flush_that_fails_puts_in_doubt_what_it_was_to_sync) {
  const Tree& tree = begin_process();
  ASSERT_TRUE(put(tree, "a"));
  world.disk().faults("/root").sync_error = 1;
  EXPECT_FALSE(tree.flush());
  world.disk().faults("/root").sync_error = 0;
  EXPECT_FALSE(tree.flush()) << "what the first one lost is not there";
  EXPECT_TRUE(is_doubtful(etag(begin_process(), "a")));
  lose_power();
  EXPECT_TRUE(is_doubtful(etag(begin_process(), "a")) || !process->info("a"));
  ASSERT_TRUE(put(*process, "a"));
  ASSERT_TRUE(process->flush());
  EXPECT_FALSE(is_doubtful(etag(begin_process(), "a")));
}

TEST_F(UnflushedTest, a_clock_that_was_set_back_hides_nothing) {
  put_and_lose_power("a");
  pass(-1h);
  ASSERT_TRUE(put(begin_process(), "b"));
  EXPECT_TRUE(is_doubtful(etag(*process, "a"))) << "set back over the loss";
  EXPECT_FALSE(is_doubtful(etag(*process, "b")));
  ASSERT_TRUE(process->flush());
  pass(24h * 30);
  ASSERT_TRUE(put(begin_process(), "c"));
  pass(-1h);
  ASSERT_TRUE(put(*process, "d"));
  ASSERT_TRUE(world.disk().sync_all("/root"));
  lose_power();
  EXPECT_TRUE(is_doubtful(etag(begin_process(), "c")));
  EXPECT_TRUE(is_doubtful(etag(*process, "d"))) << "set back during the run";
}

TEST_F(UnflushedTest, notes_of_many_losses_become_one) {
  constexpr std::size_t kLosses = 30;
  for (std::size_t i = 0; i < kLosses; ++i) put_and_lose_power(std::to_string(i));
  ASSERT_TRUE(put(begin_process(), "sound"));
  EXPECT_LE(notes(), 10);
  for (std::size_t i = 0; i < kLosses; ++i) {
    EXPECT_TRUE(is_doubtful(etag(begin_process(), std::to_string(i)))) << i;
  }
  EXPECT_FALSE(is_doubtful(etag(begin_process(), "sound")));
}

TEST_F(UnflushedTest, a_note_that_cannot_be_understood_puts_all_in_doubt) {
  ASSERT_TRUE(put(begin_process(), "a"));
  ASSERT_TRUE(process->flush());
  ASSERT_TRUE(replace_file(world.disk(), std::string(kNotes) + "/0123456789abcdef",
                           as_bytes(std::string_view("{\"format\":2}"))));
  EXPECT_TRUE(is_doubtful(etag(begin_process(), "a")));
  ASSERT_TRUE(put(*process, "a"));
  EXPECT_FALSE(is_doubtful(etag(*process, "a")));
}

TEST_F(UnflushedTest, a_note_that_cannot_be_read_is_an_error_and_not_no_note) {
  put_and_lose_power("a");
  world.disk().faults(kNotes).read_error = 1;
  EXPECT_FALSE(begin_process().info("a"));
  world.disk().faults(kNotes).read_error = 0;
  EXPECT_TRUE(is_doubtful(etag(*process, "a")));
}

}  // namespace
}  // namespace godwit::file
