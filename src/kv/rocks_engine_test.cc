#include "kv/rocks_engine.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

namespace godwit::kv {
namespace {

namespace fs = std::filesystem;

std::string read_all_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_all_of(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

Batch one(const std::string& key, const std::string& value) {
  Batch batch;
  batch.put(key, value);
  return batch;
}

/// A directory of its own, and words for what happens to the files in it.
class RocksFiles : public testing::Test {
 protected:
  RocksFiles() { fs::remove_all(root_); }
  ~RocksFiles() override { fs::remove_all(root_); }

  Result<std::unique_ptr<Database>> open() { return engine_.open(directory_, options_); }

  /// Rows 0 to `count`, each in a batch of its own.
  void fill(int count, std::size_t size) {
    auto database = open().value();
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(database->write(one(key(i), value(i, size)), Durability::later));
    }
  }
  static std::string key(int i) { return std::to_string(1000 + i); }
  static std::string value(int i, std::size_t size) {
    std::string bytes = std::to_string(i) + ":";
    for (unsigned c = static_cast<unsigned>(i); bytes.size() < size; c = c * 1103515245 + 12345) {
      bytes += static_cast<char>(c >> 16);
    }
    return bytes;
  }

  /// The one file of this kind. It is an error when there are others.
  [[nodiscard]] fs::path only(const std::string& extension) const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(directory_)) {
      if (entry.path().extension() == extension) found.push_back(entry.path());
    }
    EXPECT_EQ(found.size(), 1U) << extension;
    return found.at(0);
  }
  void flip(const fs::path& path, std::size_t at) {
    std::string bytes = read_all_of(path);
    bytes.at(at) = static_cast<char>(bytes[at] ^ 0x10);
    write_all_of(path, bytes);
  }
  /// How many rows an open finds; they must be the first ones.
  std::size_t rows_of_prefix(std::size_t size) {
    auto database = open().value();
    const std::vector<Row> rows = database->scan({.most_bytes = kGiB}).value();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      EXPECT_EQ(rows[i], (Row{key(static_cast<int>(i)), value(static_cast<int>(i), size)}));
    }
    return rows.size();
  }

  std::string root_ = testing::TempDir() + "rocks-" + std::to_string(::getpid()) + "-" +
                      testing::UnitTest::GetInstance()->current_test_info()->name();
  std::string directory_ = root_ + "/db";
  DatabaseOptions options_{.memory = 8 * kMiB};
  RocksEngine engine_;
};

TEST_F(RocksFiles, a_log_that_a_crash_has_cut_leaves_the_batches_that_are_whole) {
  fill(3, 50'000);  // each batch reaches over blocks of the log
  const std::string log = read_all_of(only(".log"));
  const std::string name = only(".log");
  const std::string kept = root_ + "/kept";
  fs::copy(directory_, kept, fs::copy_options::recursive);
  for (std::size_t cut = log.size(); cut > 0; cut -= std::min<std::size_t>(cut, 9'973)) {
    for (const bool zeros : {false, true}) {
      fs::remove_all(directory_);
      fs::copy(kept, directory_, fs::copy_options::recursive);
      std::string torn = log.substr(0, cut);
      if (zeros) torn.resize(log.size(), '\0');
      write_all_of(name, torn);
      EXPECT_EQ(rows_of_prefix(50'000), cut * 3 / log.size()) << cut;
    }
  }
}

TEST_F(RocksFiles, damage_in_the_midst_of_the_log_is_corrupted_and_changes_nothing) {
  fill(100, 200);
  const fs::path log = only(".log");
  const std::string whole = read_all_of(log);
  // In a checksum, a length, a type, and in the bytes of a row.
  for (const std::size_t at : {0U, 5U, 6U, 100U, 10'000U}) {
    flip(log, at);
    for (int time = 0; time < 2; ++time) {
      const auto opened = open();
      ASSERT_FALSE(opened) << at;
      EXPECT_EQ(opened.error().code(), Code::corrupted);
      EXPECT_NE(opened.error().message().find(log.filename()), std::string::npos);
      EXPECT_FALSE(opened.error().hint().empty());
    }
    write_all_of(log, whole);
  }
  EXPECT_EQ(rows_of_prefix(200), 100U);
}

TEST_F(RocksFiles, a_last_record_that_is_not_whole_is_a_torn_one) {
  fill(10, 200);
  const fs::path log = only(".log");
  flip(log, fs::file_size(log) - 10);
  EXPECT_EQ(rows_of_prefix(200), 9U);
}

TEST_F(RocksFiles, damage_of_a_table_fails_the_reads_that_meet_it) {
  fill(100, 2'000);
  {
    auto flushed = open();
  }  // what is in the log goes to a table
  flip(only(".sst"), 50'000);
  auto database = open().value();
  const auto rows = database->scan({});
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code(), Code::corrupted);
  EXPECT_NE(rows.error().message().find(".sst"), std::string::npos) << rows.error().message();
  EXPECT_EQ(database->get(key(99)).value(), value(99, 2'000));
}

TEST_F(RocksFiles, damage_of_a_large_value_fails_its_read) {
  fill(3, 100'000);
  {
    auto flushed = open();
  }
  flip(only(".blob"), 150'000);
  auto database = open().value();
  EXPECT_EQ(database->get(key(0)).value(), value(0, 100'000));
  const auto damaged = database->get(key(1));
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code(), Code::corrupted);
}

TEST_F(RocksFiles, a_table_of_a_newer_rocksdb_is_unsupported) {
  fill(100, 2'000);
  {
    auto flushed = open();
  }
  const fs::path table = only(".sst");
  std::string bytes = read_all_of(table);
  bytes[bytes.size() - 12] = 99;  // the version of the format, before the magic number
  write_all_of(table, bytes);
  const auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Code::unsupported) << opened.error().to_string();
}

TEST_F(RocksFiles, a_missing_table_is_corrupted) {
  fill(100, 2'000);
  {
    auto flushed = open();
  }
  fs::remove(only(".sst"));
  const auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Code::corrupted) << opened.error().to_string();
}

TEST_F(RocksFiles, another_process_that_has_it_open_is_precondition_failed) {
  fill(1, 10);
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  const pid_t other = ::fork();
  if (other == 0) {
    const int file = ::open((directory_ + "/LOCK").c_str(), O_RDWR);
    flock lock{};
    lock.l_type = F_WRLCK;
    const bool locked = ::fcntl(file, F_SETLK, &lock) == 0 && ::write(ready[1], "x", 1) == 1;
    if (locked) ::pause();
    ::_exit(1);
  }
  char sign = 0;
  ASSERT_EQ(::read(ready[0], &sign, 1), 1);
  const auto opened = open();
  ::kill(other, SIGKILL);
  ::waitpid(other, nullptr, 0);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Code::precondition_failed) << opened.error().to_string();
  EXPECT_TRUE(open());
}

TEST_F(RocksFiles, a_directory_that_may_not_be_written_is_permission_denied) {
  fill(1, 10);
  // Root may write everywhere, so it becomes somebody else for a moment.
  const bool root = ::geteuid() == 0;
  fs::permissions(directory_, fs::perms::owner_read | fs::perms::owner_exec);
  for (const auto& entry : fs::directory_iterator(directory_)) {
    fs::permissions(entry.path(), fs::perms::owner_read);
  }
  ASSERT_EQ(::seteuid(root ? 65534 : ::geteuid()), 0);
  const auto opened = open();
  ASSERT_EQ(::seteuid(root ? 0 : ::geteuid()), 0);
  fs::permissions(directory_, fs::perms::owner_all);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Code::permission_denied) << opened.error().to_string();
}

/// A disk that is full, or broken, when a test says so: of what is written half arrives.
struct Trouble {
  std::atomic<bool> full = false;
  std::atomic<bool> broken = false;
  std::atomic<bool> at_sync = false;  ///< all is written, the sync fails

  [[nodiscard]] rocksdb::IOStatus status() const {
    if (broken) return rocksdb::IOStatus::IOError("Input/output error");
    return full ? rocksdb::IOStatus::NoSpace("No space left on device") : rocksdb::IOStatus::OK();
  }
};

class TroubledFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  TroubledFile(std::unique_ptr<rocksdb::FSWritableFile> file, const Trouble& trouble)
      : FSWritableFileOwnerWrapper(std::move(file)), trouble_(trouble) {}

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
    rocksdb::IOStatus status = trouble_.status();
    if (status.ok() || trouble_.at_sync) {
      return FSWritableFileOwnerWrapper::Append(data, options, debug);
    }
    const rocksdb::Slice half(data.data(), data.size() / 2);
    FSWritableFileOwnerWrapper::Append(half, options, debug).PermitUncheckedError();
    return status;
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo& /*info*/,
                           rocksdb::IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                         rocksdb::IODebugContext* debug) override {
    rocksdb::IOStatus status = trouble_.status();
    return status.ok() ? FSWritableFileOwnerWrapper::Sync(options, debug) : status;
  }

 private:
  const Trouble& trouble_;
};

class TroubledDisk final : public rocksdb::FileSystemWrapper {
 public:
  explicit TroubledDisk(const Trouble& trouble)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), trouble_(trouble) {}
  [[nodiscard]] const char* Name() const override { return "TroubledDisk"; }

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override {
    rocksdb::IOStatus status = FileSystemWrapper::NewWritableFile(path, options, file, debug);
    if (status.ok()) *file = std::make_unique<TroubledFile>(std::move(*file), trouble_);
    return status;
  }

 private:
  const Trouble& trouble_;
};

class RocksTrouble : public RocksFiles {
 protected:
  Trouble trouble_;
  std::unique_ptr<rocksdb::Env> env_ =
      rocksdb::NewCompositeEnv(std::make_shared<TroubledDisk>(trouble_));
  RocksEngine troubled_{*env_};
};

TEST_F(RocksTrouble, a_full_disk_refuses_writes_until_there_is_space) {
  for (const bool at_sync : {false, true}) {
    for (const int before : {0, 5}) {
      fs::remove_all(directory_);
      trouble_.at_sync = at_sync;
      auto database = troubled_.open(directory_, options_).value();
      for (int i = 0; i < before; ++i) {
        ASSERT_TRUE(database->write(one(key(i), value(i, 100)), Durability::now));
      }
      trouble_.full = true;
      for (int time = 0; time < 3; ++time) {
        const auto refused =
            database->write(one("refused", std::string(5'000, 'x')), Durability::now);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code(), Code::no_space) << refused.error().to_string();
        EXPECT_EQ(database->get("refused").value(), std::nullopt);
      }
      EXPECT_EQ(database->scan({}).value().size(), static_cast<std::size_t>(before));
      trouble_.full = false;
      for (int i = before; i < 10; ++i) {
        const auto written = database->write(one(key(i), value(i, 100)), Durability::now);
        ASSERT_TRUE(written) << written.error().to_string();
      }
      database.reset();
      EXPECT_EQ(rows_of_prefix(100), 10U) << "what was refused is not there";
    }
  }
}

TEST_F(RocksTrouble, a_broken_disk_takes_no_writes_and_can_be_read) {
  auto database = troubled_.open(directory_, options_).value();
  ASSERT_TRUE(database->write(one(key(0), value(0, 100)), Durability::now));
  trouble_.broken = true;
  for (int time = 0; time < 2; ++time) {
    const auto failed = database->write(one(key(1), value(1, 100)), Durability::now);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code(), Code::unavailable) << failed.error().to_string();
    EXPECT_EQ(failed.error().outcome(), time == 0 ? Outcome::unknown : Outcome::not_applied);
    EXPECT_EQ(database->get(key(1)).value(), std::nullopt);
    EXPECT_EQ(database->get(key(0)).value(), value(0, 100));
  }
  trouble_.broken = false;
  EXPECT_TRUE(database->write(one(key(1), value(1, 100)), Durability::now));
  database.reset();
  EXPECT_EQ(rows_of_prefix(100), 2U);
}

TEST_F(RocksTrouble, writers_side_by_side_go_on_after_a_full_disk) {
  auto database = troubled_.open(directory_, options_).value();
  std::atomic<int> refused = 0;
  std::vector<std::jthread> writers;
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0; i < 50; ++i) {
        const int number = writer * 50 + i;
        while (!database->write(one(key(number), value(number, 300)), Durability::now)) ++refused;
      }
    });
  }
  for (int time = 0; time < 5; ++time) {
    const int before = refused;
    trouble_.full = true;
    while (refused == before && database->scan({}).value().size() < 200) std::this_thread::yield();
    trouble_.full = false;
  }
  writers.clear();
  EXPECT_EQ(database->scan({}).value().size(), 200U);
  database.reset();
  EXPECT_EQ(rows_of_prefix(300), 200U);
}

/// A real file system of a few megabytes. Only root may mount it.
TEST_F(RocksFiles, a_disk_that_is_really_full_takes_writes_again_once_there_is_space) {
  fs::create_directories(root_);
  if (::mount("none", root_.c_str(), "tmpfs", 0, "size=24m") != 0) {
    GTEST_SKIP() << "may not mount; RocksTrouble tests the same with injected failures";
  }
  write_all_of(root_ + "/ballast", std::string(8 * kMiB, 'b'));
  auto database = open().value();
  int stored = 0;
  Result<void> written;
  while ((written = database->write(one(key(stored), value(stored, 50'000)), Durability::now))) {
    ++stored;
  }
  EXPECT_EQ(written.error().code(), Code::no_space) << written.error().to_string();
  EXPECT_EQ(database->get(key(stored)).value(), std::nullopt);
  fs::remove(root_ + "/ballast");
  for (int i = 0; i < 20; ++i, ++stored) {
    written = database->write(one(key(stored), value(stored, 50'000)), Durability::now);
    ASSERT_TRUE(written) << written.error().to_string();
  }
  database.reset();
  EXPECT_EQ(rows_of_prefix(50'000), static_cast<std::size_t>(stored));
  EXPECT_EQ(::umount(root_.c_str()), 0);
}

}  // namespace
}  // namespace godwit::kv
