// The contract of Disk, kept by the machine's disk and by the simulated one alike.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "world/real/real_disk.h"
#include "world/sim/sim_disk.h"

namespace godwit {
namespace {

/// One disk with an empty directory to play in.
class Ground {
 public:
  virtual ~Ground() = default;
  virtual Disk& disk() = 0;
  virtual std::string root() = 0;
  virtual void make_link(const std::string& path, const std::string& leads_to) = 0;
};

class RealGround final : public Ground {
 public:
  RealGround() { std::filesystem::create_directories(root_); }
  ~RealGround() override { std::filesystem::remove_all(root_); }
  Disk& disk() override { return disk_; }
  std::string root() override { return root_; }
  void make_link(const std::string& path, const std::string& leads_to) override {
    std::filesystem::create_symlink(leads_to, path);
  }

 private:
  RealDisk disk_;
  std::string root_ = testing::TempDir() + "godwit-contract-" + std::to_string(::getpid());
};

class SimGround final : public Ground {
 public:
  SimGround() { EXPECT_TRUE(disk_.make_directory("/ground", Access::shared)); }
  Disk& disk() override { return disk_; }
  std::string root() override { return "/ground"; }
  void make_link(const std::string& path, const std::string& leads_to) override {
    EXPECT_TRUE(disk_.plant_link(path, leads_to));
  }

 private:
  std::mt19937_64 generator_{1};
  WallTime now_{std::chrono::sys_days{std::chrono::year(2026) / 1 / 1}};
  SimDisk disk_{[this] { return generator_(); }, [this] { return now_ += Duration(1); }};
};

struct Kind {
  const char* name;
  std::unique_ptr<Ground> (*make)();
};

class DiskContract : public testing::TestWithParam<Kind> {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const {
    return ground_->root() + "/" + name;
  }
  std::unique_ptr<File> write(const std::string& name, std::string_view text) {
    auto file = disk_.open(path(name), OpenMode::write_new);
    EXPECT_TRUE(file) << file.error().to_string();
    EXPECT_TRUE((*file)->write_at(0, as_bytes(text)));
    return *std::move(file);
  }
  std::string read(const std::string& name) {
    const auto file = disk_.open(path(name), OpenMode::read);
    if (!file) return "(" + std::string(to_string(file.error().code())) + ")";
    std::string text(100'000, '\0');
    text.resize((*file)->read_at(0, std::as_writable_bytes(std::span(text))).value());
    return text;
  }
  template <class T>
  static Code code(const Result<T>& result) {
    EXPECT_FALSE(result);
    return result ? Code::internal : result.error().code();
  }

  std::unique_ptr<Ground> ground_ = GetParam().make();
  Disk& disk_ = ground_->disk();
};

TEST_P(DiskContract, a_file_is_made_once_and_keeps_what_is_written_at_any_offset) {
  const auto file = write("a", "hello");
  EXPECT_EQ(code(disk_.open(path("a"), OpenMode::write_new)), Code::precondition_failed);
  ASSERT_TRUE(file->write_at(7, as_bytes("world")));
  EXPECT_EQ(read("a"), std::string("hello\0\0world", 12));
  ASSERT_TRUE(file->truncate(3));
  EXPECT_EQ(read("a"), "hel");
  EXPECT_EQ(file->stat()->size, 3);
  ASSERT_TRUE(file->sync());
  std::array<std::byte, 4> beyond{};
  EXPECT_EQ(file->read_at(100, beyond), 0);
}

TEST_P(DiskContract, what_is_missing_and_what_is_no_directory_is_not_found) {
  write("a", "1");
  EXPECT_EQ(code(disk_.open(path("none"), OpenMode::read)), Code::not_found);
  EXPECT_EQ(code(disk_.open(path("none"), OpenMode::write_existing)), Code::not_found);
  EXPECT_EQ(code(disk_.open(path("none/b"), OpenMode::write_new)), Code::not_found);
  EXPECT_EQ(code(disk_.open(path("a/b"), OpenMode::read)), Code::not_found);
  EXPECT_EQ(code(disk_.stat(path("none"))), Code::not_found);
  EXPECT_EQ(code(disk_.list(path("none"))), Code::not_found);
  EXPECT_EQ(code(disk_.list(path("a"))), Code::not_found);
  EXPECT_EQ(code(disk_.remove_file(path("none"))), Code::not_found);
  EXPECT_EQ(code(disk_.remove_directory(path("none"))), Code::not_found);
  EXPECT_EQ(code(disk_.rename(path("none"), path("b"), OnExisting::replace)), Code::not_found);
  EXPECT_EQ(code(disk_.rename(path("a"), path("none/b"), OnExisting::replace)), Code::not_found);
  EXPECT_EQ(code(disk_.sync_directory(path("none"))), Code::not_found);
  EXPECT_EQ(code(disk_.inspect(path("none"), {}, "user.godwit")), Code::not_found);
  EXPECT_EQ(code(disk_.open(path(std::string(300, 'x')), OpenMode::read)), Code::invalid_argument);
}

TEST_P(DiskContract, directories_come_with_their_parents_and_go_when_they_are_empty) {
  ASSERT_TRUE(disk_.make_directory(path("d/e/f"), Access::shared));
  ASSERT_TRUE(disk_.make_directory(path("d/e/f"), Access::shared));
  write("d/e/a", "1");
  EXPECT_EQ(code(disk_.make_directory(path("d/e/a"), Access::shared)), Code::precondition_failed);
  EXPECT_EQ(code(disk_.make_directory(path("d/e/a/g"), Access::shared)), Code::precondition_failed);
  EXPECT_EQ(code(disk_.remove_directory(path("d/e"))), Code::precondition_failed);
  EXPECT_EQ(code(disk_.remove_file(path("d/e"))), Code::precondition_failed);
  EXPECT_EQ(code(disk_.remove_directory(path("d/e/a"))), Code::not_found);
  ASSERT_TRUE(disk_.remove_directory(path("d/e/f")));
  ASSERT_TRUE(disk_.remove_file(path("d/e/a")));
  ASSERT_TRUE(disk_.sync_directory(path("d/e")));
  ASSERT_TRUE(disk_.remove_directory(path("d/e")));
  EXPECT_EQ(disk_.stat(path("d"))->type, FileType::directory);
}

TEST_P(DiskContract, a_listing_has_every_name_with_its_type) {
  write("a", "1");
  write(".b", "2");
  ASSERT_TRUE(disk_.make_directory(path("c"), Access::shared));
  ground_->make_link(path("d"), "a");
  auto entries = disk_.list(ground_->root()).value();
  std::ranges::sort(entries, {}, &DirectoryEntry::name);
  ASSERT_EQ(entries.size(), 4);
  EXPECT_EQ(entries[0].name, ".b");
  EXPECT_EQ(entries[1].type, FileType::regular);
  EXPECT_EQ(entries[2].type, FileType::directory);
  EXPECT_EQ(entries[3].type, FileType::symlink);
}

TEST_P(DiskContract, a_rename_replaces_unless_it_was_asked_not_to) {
  write("a", "1");
  write("b", "2");
  EXPECT_EQ(code(disk_.rename(path("a"), path("b"), OnExisting::fail)), Code::precondition_failed);
  EXPECT_TRUE(disk_.rename(path("a"), path("b"), OnExisting::replace));
  EXPECT_EQ(read("b"), "1");
  EXPECT_EQ(read("a"), "(not_found)");
  EXPECT_TRUE(disk_.rename(path("b"), path("c"), OnExisting::fail));
  ASSERT_TRUE(disk_.make_directory(path("d"), Access::shared));
  EXPECT_EQ(code(disk_.rename(path("c"), path("d"), OnExisting::replace)),
            Code::precondition_failed);
  EXPECT_TRUE(disk_.rename(path("d"), path("e"), OnExisting::replace));
  EXPECT_EQ(code(disk_.rename(path("e"), path("e/f"), OnExisting::replace)),
            Code::invalid_argument);
}

TEST_P(DiskContract, an_open_file_outlives_its_name) {
  const auto file = write("a", "old");
  ASSERT_TRUE(disk_.remove_file(path("a")));
  write("a", "new");
  std::string text(3, '\0');
  ASSERT_EQ(file->read_at(0, std::as_writable_bytes(std::span(text))), 3);
  EXPECT_EQ(text, "old");
  EXPECT_NE(file->stat()->inode, disk_.stat(path("a"))->inode);
}

TEST_P(DiskContract, attributes_and_times_are_kept_with_the_file) {
  const auto file = write("a", "1");
  const WallTime when(std::chrono::nanoseconds(1'699'999'999'123'456'789));
  ASSERT_TRUE(file->set_modified(when));
  EXPECT_EQ(file->stat()->modified, when);
  EXPECT_EQ(file->attribute("user.none").value(), std::nullopt);
  ASSERT_TRUE(file->set_attribute("user.godwit", std::string(2000, 'x')));
  EXPECT_EQ(file->stat()->modified, when);
  ASSERT_TRUE(disk_.rename(path("a"), path("b"), OnExisting::replace));
  const std::vector<std::string> names = {"b", "none"};
  const Inspection found = disk_.inspect(ground_->root(), names, "user.godwit").value();
  EXPECT_EQ(found.directory.inode, disk_.stat(ground_->root())->inode);
  EXPECT_EQ(found.entries[0]->attribute, std::string(2000, 'x'));
  EXPECT_EQ(found.entries[0]->stat.modified, when);
  EXPECT_EQ(code(found.entries[1]), Code::not_found);
  EXPECT_EQ(disk_.stat(path("b"))->modified, when);
}

TEST_P(DiskContract, copies_from_another_file_or_says_that_it_ended) {
  const auto from = write("a", std::string(70'000, 'y'));
  const auto to = write("b", "");
  ASSERT_TRUE(to->copy_from(*from, 0, 70'000));
  EXPECT_EQ(read("b"), std::string(70'000, 'y'));
  EXPECT_EQ(code(to->copy_from(*from, 0, 80'000)), Code::precondition_failed);
}

TEST_P(DiskContract, links_lead_where_they_should_unless_they_are_looked_at) {
  ASSERT_TRUE(disk_.make_directory(path("d"), Access::shared));
  write("d/a", "1");
  ground_->make_link(path("to_file"), "d/a");
  ground_->make_link(path("to_directory"), "d");
  ground_->make_link(path("d/up"), "../d");
  ground_->make_link(path("nowhere"), "none");
  ground_->make_link(path("circle"), "circle");
  EXPECT_EQ(read("to_file"), "1");
  EXPECT_EQ(read("to_directory/up/a"), "1");
  EXPECT_EQ(disk_.stat(path("to_file"))->type, FileType::regular);
  EXPECT_EQ(code(disk_.stat(path("nowhere"))), Code::not_found);
  EXPECT_EQ(code(disk_.stat(path("circle"))), Code::not_found);
  EXPECT_EQ(code(disk_.open(path("nowhere"), OpenMode::write_new)), Code::precondition_failed);
  ASSERT_TRUE(disk_.remove_file(path("to_directory")));
  EXPECT_EQ(read("d/a"), "1");
}

TEST_P(DiskContract, a_file_without_a_name_is_seen_once_it_gets_one) {
  ASSERT_TRUE(disk_.make_directory(path("d"), Access::shared));
  write("d/there", "1");
  EXPECT_EQ(code(disk_.open_unnamed(path("none"))), Code::not_found);
  const auto file = disk_.open_unnamed(path("d")).value();
  ASSERT_TRUE(file->write_at(0, as_bytes("text")));
  EXPECT_EQ(disk_.list(path("d"))->size(), 1);
  EXPECT_EQ(code(disk_.link(*file, path("none/a"))), Code::not_found);
  EXPECT_EQ(code(disk_.link(*file, path("d/there"))), Code::precondition_failed);
  ASSERT_TRUE(disk_.link(*file, path("d/a")));
  EXPECT_EQ(read("d/a"), "text");
  EXPECT_EQ(file->stat()->inode, disk_.stat(path("d/a"))->inode);
  EXPECT_EQ(read("d/there"), "1");
}

TEST_P(DiskContract, a_whole_file_is_read_or_none_of_it) {
  write("a", "text");
  EXPECT_EQ(read_file(disk_, path("a"), 4).value(), "text");
  EXPECT_EQ(code(read_file(disk_, path("a"), 3)), Code::invalid_argument);
  EXPECT_EQ(read_file_if_there(disk_, path("none"), 4).value(), std::nullopt);
  EXPECT_EQ(code(read_file(disk_, path("none"), 4)), Code::not_found);
}

TEST_P(DiskContract, without_links_no_call_leaves_by_one) {
  ASSERT_TRUE(disk_.make_directory(path("real"), Access::shared));
  write("real/a", "1");
  ground_->make_link(path("link"), "real");
  ground_->make_link(path("to_a"), "real/a");
  Disk& strict = disk_.without_links();
  const std::vector<std::string> names = {"a"};
  EXPECT_EQ(code(strict.open(path("link/a"), OpenMode::read)), Code::not_found);
  EXPECT_EQ(code(strict.open(path("to_a"), OpenMode::read)), Code::not_found);
  EXPECT_EQ(code(strict.open(path("link/b"), OpenMode::write_new)), Code::not_found);
  EXPECT_EQ(code(strict.stat(path("link/a"))), Code::not_found);
  EXPECT_EQ(strict.stat(path("to_a"))->type, FileType::symlink);
  EXPECT_EQ(code(strict.list(path("link"))), Code::not_found);
  EXPECT_EQ(code(strict.open_unnamed(path("link"))), Code::not_found);
  const auto unnamed = strict.open_unnamed(path("real")).value();
  EXPECT_EQ(code(strict.link(*unnamed, path("link/b"))), Code::not_found);
  EXPECT_EQ(code(strict.inspect(path("link"), names, "user.x")), Code::not_found);
  for (const char* name : {"link/d", "link"}) {
    EXPECT_EQ(code(strict.make_directory(path(name), Access::shared)), Code::precondition_failed);
  }
  EXPECT_FALSE(strict.rename(path("real/a"), path("link/b"), OnExisting::replace));
  EXPECT_FALSE(strict.rename(path("link/a"), path("b"), OnExisting::fail));
  EXPECT_FALSE(strict.remove_file(path("link/a")));
  EXPECT_FALSE(strict.remove_directory(path("link")));
  EXPECT_TRUE(strict.stat(path("real/a")));
}

TEST_P(DiskContract, a_file_is_replaced_as_a_whole_also_after_a_try_that_was_cut_short) {
  const std::string file = path("replaced");
  EXPECT_TRUE(replace_file(disk_, file, as_bytes("a long first text")));
  ASSERT_TRUE(disk_.open(file + ".new", OpenMode::write_new));
  auto replaced = replace_file(disk_, file, as_bytes("short"));
  ASSERT_TRUE(replaced);
  EXPECT_EQ(read_file(disk_, file, 100).value(), "short");
  EXPECT_EQ(code(disk_.stat(file + ".new")), Code::not_found);
  EXPECT_TRUE((*replaced)->write_at(5, as_bytes("er")));
  EXPECT_EQ(read_file(disk_, file, 100).value(), "shorter");
  const auto nowhere = replace_file(disk_, path("none/a"), as_bytes("x"));
  EXPECT_EQ(code(nowhere), Code::not_found);
  EXPECT_EQ(nowhere.error().outcome(), Outcome::not_applied);
}

TEST_P(DiskContract, a_lock_is_exclusive_until_it_is_dropped) {
  auto held = disk_.lock(path("lock"));
  ASSERT_TRUE(held);
  EXPECT_EQ(code(disk_.lock(path("lock"))), Code::precondition_failed);
  held->reset();
  EXPECT_TRUE(disk_.lock(path("lock")));
  EXPECT_TRUE(disk_.sync_all(ground_->root()));
}

template <class T>
std::unique_ptr<Ground> make() {
  return std::make_unique<T>();
}

INSTANTIATE_TEST_SUITE_P(Disks, DiskContract,
                         testing::Values(Kind{"real", make<RealGround>},
                                         Kind{"simulated", make<SimGround>}),
                         [](const auto& kind) { return std::string(kind.param.name); });

TEST(FileModeTest, a_file_that_began_without_a_name_may_be_read_by_whoever_may_read_others) {
  const mode_t before = ::umask(0027);
  RealDisk disk;
  const std::string directory = testing::TempDir() + "/modes" + std::to_string(::getpid());
  ASSERT_TRUE(disk.make_directory(directory, Access::shared));
  for (Disk* each : {static_cast<Disk*>(&disk), &disk.without_links()}) {
    const std::string path = directory + (each == &disk ? "/a" : "/b");
    const auto file = each->open_unnamed(directory).value();
    ASSERT_TRUE(each->link(*file, path));
    EXPECT_EQ(each->stat(path)->mode, 0640U) << path;
    ASSERT_TRUE(disk.remove_file(path));
  }
  ASSERT_TRUE(disk.remove_directory(directory));
  ::umask(before);
}

TEST(DiskSpaceTest, tells_how_much_room_there_is) {
  RealDisk disk;
  const auto space = disk.space(testing::TempDir());
  ASSERT_TRUE(space);
  EXPECT_GT(space->total, 0U);
  EXPECT_LE(space->free, space->total);
  EXPECT_FALSE(disk.space(testing::TempDir() + "/no/such/place"));
}

}  // namespace
}  // namespace godwit
