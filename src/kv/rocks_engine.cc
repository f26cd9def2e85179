#include "kv/rocks_engine.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>

#include <atomic>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "kv/rocks_error.h"
#include "kv/rocks_log.h"
#include "kv/rocks_options.h"

namespace godwit::kv {
namespace {

rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }

Result<void> check(const rocksdb::Status& status, std::string_view doing) {
  if (!status.ok()) return fail(error_of(status, doing));
  return {};
}

rocksdb::Status add(const Batch::Change& change, rocksdb::WriteBatch& batch) {
  switch (change.kind) {
    case Batch::Kind::put: return batch.Put(change.key, change.value);
    case Batch::Kind::erase: return batch.Delete(change.key);
    case Batch::Kind::erase_once: return batch.SingleDelete(change.key);
    case Batch::Kind::erase_range:
      // RocksDB refuses a range that goes backwards.
      if (change.key >= change.value) return rocksdb::Status::OK();
      return batch.DeleteRange(change.key, change.value);
  }
  return rocksdb::Status::OK();
}

using OpenedDb = Result<std::unique_ptr<rocksdb::DB>>;

enum class Access : std::uint8_t { read, write };

OpenedDb open_db(const rocksdb::Options& options, const std::string& directory, Access access) {
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = access == Access::read
                                     ? rocksdb::DB::OpenForReadOnly(options, directory, &db)
                                     : rocksdb::DB::Open(options, directory, &db);
  std::unique_ptr<rocksdb::DB> opened(db);
  GODWIT_CHECK(check(status, "open " + directory));
  return opened;
}

class RocksDatabase final : public Database {
 public:
  RocksDatabase(rocksdb::Options options, const std::string& directory,
                std::unique_ptr<rocksdb::DB> db)
      : options_(std::move(options)),
        directory_(directory),
        reading_("read " + directory),
        writing_("write " + directory),
        db_(std::move(db)) {}

  [[nodiscard]] Result<std::optional<std::string>> get(std::string_view key) override {
    const std::shared_lock lock(use_);
    GODWIT_CHECK(check_open());
    std::string value;
    const rocksdb::Status status = db_->Get({}, slice(key), &value);
    if (status.IsNotFound()) return std::nullopt;
    GODWIT_CHECK(check(status, reading_));
    return value;
  }

  [[nodiscard]] Result<std::vector<std::optional<std::string>>> get_many(
      const std::vector<std::string>& keys) override {
    const std::shared_lock lock(use_);
    GODWIT_CHECK(check_open());
    const std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
    std::vector<std::string> values;
    const std::vector<rocksdb::Status> statuses = db_->MultiGet({}, slices, &values);
    std::vector<std::optional<std::string>> found(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (statuses[i].IsNotFound()) continue;
      GODWIT_CHECK(check(statuses[i], reading_));
      found[i] = std::move(values[i]);
    }
    return found;
  }

  [[nodiscard]] Result<void> write(const Batch& batch, Durability durability) override {
    GODWIT_CHECK(recover());
    rocksdb::WriteBatch changes;
    for (const Batch::Change& change : batch.changes()) {
      GODWIT_CHECK(check(add(change, changes), writing_));
    }
    const std::shared_lock lock(use_);
    GODWIT_CHECK(check_open());
    const rocksdb::Status status = write_to(*db_, changes, durability);
    if (status.ok()) return {};
    stopped_ = true;
    // All of its record may be in the log.
    return fail(error_of(status, writing_).with(Retry::never).with(Outcome::unknown));
  }

  [[nodiscard]] Result<std::vector<Row>> scan(const Range& range) override {
    const std::shared_lock lock(use_);
    GODWIT_CHECK(check_open());
    rocksdb::ReadOptions options;
    const rocksdb::Slice end = slice(range.end);
    if (!range.end.empty()) options.iterate_upper_bound = &end;
    const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(options));
    std::vector<Row> rows;
    Bytes bytes = 0;
    for (at->Seek(range.first); at->Valid() && rows.size() < range.most; at->Next()) {
      bytes += at->key().size() + at->value().size();
      if (!rows.empty() && bytes > range.most_bytes) break;
      rows.push_back({at->key().ToString(), at->value().ToString()});
    }
    GODWIT_CHECK(check(at->status(), reading_));
    return rows;
  }

 private:
  static rocksdb::Status write_to(rocksdb::DB& db, rocksdb::WriteBatch& changes,
                                  Durability durability) {
    const bool sync = durability == Durability::now;
    if (changes.Count() == 0) return sync ? db.SyncWAL() : rocksdb::Status::OK();
    rocksdb::WriteOptions options;
    options.sync = sync;
    return db.Write(options, &changes);
  }

  [[nodiscard]] Result<void> check_open() const {
    if (db_) return {};
    return fail(Code::unavailable, directory_ + " could not be opened again after a write failed");
  }

  /// After a failed write RocksDB takes none, and its own way back (`Resume`) goes on in a log
  /// whose end may be torn.
  [[nodiscard]] Result<void> recover() {
    if (!stopped_) return {};
    const std::unique_lock lock(use_);
    if (!stopped_) return {};
    GODWIT_CHECK(check_space());
    if (db_) last_sequence_ = db_->GetLatestSequenceNumber();
    db_.reset();
    GODWIT_CHECK(cut_logs(*options_.env, directory_, last_sequence_));
    OpenedDb again = open_db(options_, directory_, Access::write);
    if (again) {
      db_ = *std::move(again);
      stopped_ = false;
      return {};
    }
    if (OpenedDb readable = open_db(options_, directory_, Access::read)) {
      db_ = *std::move(readable);
    }
    return fail(std::move(again).error());
  }

  /// Opening moves what is in write buffers to a table: try it only when there is space for that.
  [[nodiscard]] Result<void> check_space() const {
    std::uint64_t space = 0;
    const rocksdb::Status status = options_.env->GetFreeSpace(directory_, &space);
    const Bytes buffers = options_.write_buffer_manager->buffer_size();
    if (!status.ok() || space >= buffers) return {};
    return fail(Code::no_space, writing_ + ": less than " + format_bytes(buffers) + " are free");
  }

  const rocksdb::Options options_;
  const std::string directory_;
  const std::string reading_;
  const std::string writing_;
  /// Shared by all calls; `recover` has it alone.
  mutable std::shared_mutex use_;
  std::unique_ptr<rocksdb::DB> db_;
  std::uint64_t last_sequence_ = 0;  // of what is visible, when writing stopped
  std::atomic<bool> stopped_ = false;
};

/// Makes the directory and those above it, so that a power loss does not take their names.
Result<void> make_directory(rocksdb::Env& env, const std::string& path) {
  if (env.FileExists(path).ok()) return {};
  const std::size_t slash = path.find_last_of('/');
  const std::string parent = slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
  if (parent != "/") GODWIT_CHECK(make_directory(env, parent));
  const std::string doing = "make " + path;
  GODWIT_CHECK(check(env.CreateDirIfMissing(path), doing));
  std::unique_ptr<rocksdb::Directory> names;
  GODWIT_CHECK(check(env.NewDirectory(parent, &names), doing));
  return check(names->Fsync(), doing);
}

/// Whether all that is whole in the logs would come back. A look that changes nothing, since
/// opening drops what it does not take.
/// Failure: corrupted; precondition_failed when another process has the database open.
Result<void> check_logs(const rocksdb::Options& options, const std::string& directory) {
  const std::string doing = "open " + directory;
  rocksdb::FileLock* lock = nullptr;
  GODWIT_CHECK(check(options.env->LockFile(directory + "/LOCK", &lock), doing));
  const Result<LogSurvey> survey = survey_logs(*options.env, directory);
  GODWIT_CHECK(check(options.env->UnlockFile(lock), doing));
  if (!survey) return fail(Error(survey.error()));
  if (survey->damage.empty() || survey->last_sequence == 0) return {};
  GODWIT_TRY(const auto db, open_db(options, directory, Access::read));
  if (db->GetLatestSequenceNumber() >= survey->last_sequence) return {};
  return fail(damaged(doing, survey->damage + " is no record, but there are records behind it"));
}

}  // namespace

RocksEngine::RocksEngine() : env_(*rocksdb::Env::Default()) {}

Result<std::unique_ptr<Database>> RocksEngine::open(const std::string& directory,
                                                    const DatabaseOptions& wanted) {
  GODWIT_CHECK(make_directory(env_, directory));
  rocksdb::Options options = rocks_options(wanted);
  options.env = &env_;
  GODWIT_CHECK(check_logs(options, directory));
  GODWIT_TRY(std::unique_ptr<rocksdb::DB> db, open_db(options, directory, Access::write));
  return std::make_unique<RocksDatabase>(std::move(options), directory, std::move(db));
}

}  // namespace godwit::kv
