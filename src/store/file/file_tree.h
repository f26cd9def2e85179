#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "store/file/file_metadata.h"
#include "store/file/file_records.h"
#include "store/file/file_unflushed.h"
#include "store/store.h"
#include "world/disk.h"

namespace godwit::file {

/// When what was written is on stable storage.
enum class Fsync : std::uint8_t {
  always,  ///< before each put returns
  batch,   ///< at `flush`; a power loss before may spoil what is new (file_unflushed.h says what),
           ///< never what was replaced
  never
};

enum class SymlinkPolicy : std::uint8_t { skip, follow, error };

/// What a root that does not exist means to a listing.
enum class MissingRoot : std::uint8_t { error, empty };

struct TreeOptions {
  std::string root;  ///< absolute, without links on its way, without '/' at its end
  MissingRoot missing = MissingRoot::error;
  Fsync fsync = Fsync::always;
  SymlinkPolicy symlinks = SymlinkPolicy::skip;
};

/// A file under construction. Gone with this, unless it was committed.
struct Draft {
  std::string path;  ///< empty while it has no name
  std::unique_ptr<File> file;
  Disk* disk = nullptr;
  std::string spare_path;  ///< the name to take when it needs one on its way into place
  bool described = false;  ///< has its record already
  bool synced = false;     ///< with Fsync::batch: has all its bytes on stable storage

  Draft() = default;
  Draft(Draft&& other) noexcept;
  Draft& operator=(Draft&& other) noexcept;
  ~Draft();
};

/// A file that was opened for reading, and what was true of it then.
struct OpenedFile {
  std::unique_ptr<File> file;
  FileStat stat;
  std::optional<Record> record;
  Trust trust = Trust::sound;

  [[nodiscard]] std::string etag() const {
    return etag_of(stat, record ? &*record : nullptr, trust);
  }
  [[nodiscard]] ObjectInfo info(const std::string& key) const;
};

/// The blocking work of the file store: paths, drafts, records. Called on the blocking pool.
/// Nothing outside the root is reached unless links are followed. Thread-safe.
class Tree {
 public:
  Tree(Disk& disk, const TreeOptions& options);

  [[nodiscard]] const TreeOptions& options() const { return options_; }
  [[nodiscard]] Disk& disk() const { return disk_; }
  [[nodiscard]] const Records& records() const { return records_; }
  /// What was synced by itself is sound whatever became of its run.
  [[nodiscard]] Result<Trust> trust(const FileStat& file,
                                    const std::optional<Record>& record) const;
  [[nodiscard]] std::string path_of(const std::string& key) const {
    return options_.root + "/" + key;
  }
  /// A path below `.godwit`.
  [[nodiscard]] std::string own_path(const std::string& name) const;

  /// Failure: unavailable where something else is in the place of the root, so that what was there
  /// is not taken for gone. Fine where there is nothing.
  [[nodiscard]] Result<void> check_root() const;
  /// A regular file's stat. Failure: not_found, also for what is no file; see `check_root`.
  [[nodiscard]] Result<FileStat> stat(const std::string& key) const;
  [[nodiscard]] Result<ObjectInfo> info(const std::string& key) const;
  /// Failure: not_found, also for what is no regular file; permission_denied.
  [[nodiscard]] Result<OpenedFile> open(const std::string& key) const;

  /// A new file for `key` that nobody sees: one without a name, which a crash takes with it, where
  /// the file system knows such; else one in `.godwit/tmp`, whose name `random` makes.
  [[nodiscard]] Result<Draft> draft(const std::string& key, std::uint64_t random) const;
  /// Gives the draft its record and time before `commit`, where all of it is known, so that it can
  /// be synced with them.
  [[nodiscard]] Result<void> describe(Draft& draft, const PutOptions& options, Bytes size) const;
  /// Gives the draft its record and time, makes it durable as the policy says, and puts it in the
  /// place of `key`, in one step that readers see.
  /// Failure: precondition_failed; invalid_argument when a directory is in the way, or a file whose
  /// name differs in case where the file system folds it; no_space; never not_found.
  [[nodiscard]] Result<PutResult> commit(Draft& draft, const std::string& key,
                                         const PutOptions& options) const;
  /// The names in `directory`, its own and those of the directories above it are on stable storage
  /// when this returns. Cost: one sync; once per directory one for each of those above it.
  [[nodiscard]] Result<void> sync_names(std::string directory) const;
  /// With Fsync::batch: all that was committed before is on stable storage when this returns.
  [[nodiscard]] Result<void> flush() const;
  /// Removes the file and the directories that it leaves empty.
  [[nodiscard]] Result<void> remove(const std::string& key) const;

 private:
  template <class T>
  [[nodiscard]] Result<T> unless_lost(Result<T> result) const;
  [[nodiscard]] Result<ObjectInfo> look(const std::string& key) const;
  /// Finds out, once, whether names here fold case, by the other case of a path that is there.
  void learn_case(const std::string& path) const;
  /// Failure: invalid_argument when case is folded and a file or directory on the way to `key` has
  /// another name.
  [[nodiscard]] Result<void> check_exact(const std::string& key) const;
  [[nodiscard]] Result<void> place(Draft& draft, const std::string& key,
                                   OnExisting on_existing) const;
  [[nodiscard]] Result<std::unique_ptr<File>> unnamed(const std::string& key) const;
  [[nodiscard]] Result<void> make_drafts_directory() const;
  [[nodiscard]] Result<void> give_name(Draft& draft) const;
  [[nodiscard]] Result<void> check_device(const FileStat& draft) const;
  [[nodiscard]] Result<void> move(Draft& draft, const std::string& to,
                                  OnExisting on_existing) const;
  [[nodiscard]] Result<void> move_into_place(Draft& draft, const std::string& to,
                                             OnExisting on_existing) const;
  void forget_sure(const std::string& directory) const;

  Disk& disk_;
  TreeOptions options_;
  Records records_;
  Unflushed unflushed_;
  enum class Case : std::uint8_t { not_looked, kept, folded };
  mutable std::atomic<Case> case_ = Case::not_looked;
  mutable std::atomic<bool> has_unnamed_ = true;
  mutable std::atomic<std::uint64_t> device_ = 0;  // of the root, once known
  mutable std::mutex mutex_;
  /// Directories whose own names, and those above, are on stable storage.
  mutable std::set<std::string> sure_;
};

}  // namespace godwit::file
