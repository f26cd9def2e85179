#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "store/file/file_metadata.h"
#include "store/store.h"
#include "world/disk.h"

namespace godwit::file {

/// When what was written is on stable storage.
enum class Fsync : std::uint8_t {
  always,  ///< before each put returns
  batch,   ///< at `flush`; a crash before may lose whole objects, never parts of one
  never
};

enum class SymlinkPolicy : std::uint8_t { skip, follow, error };

/// What a root that does not exist means to a listing.
enum class MissingRoot : std::uint8_t { error, empty };

struct TreeOptions {
  std::string root;  ///< absolute, without '/' at its end
  MissingRoot missing = MissingRoot::error;
  Fsync fsync = Fsync::always;
  SymlinkPolicy symlinks = SymlinkPolicy::skip;
};

/// A file under construction. Removed with this, unless it was committed.
struct Draft {
  std::string path;
  std::unique_ptr<File> file;
  Disk* disk = nullptr;

  Draft() = default;
  Draft(Draft&& other) noexcept;
  Draft& operator=(Draft&&) = delete;
  ~Draft();
};

/// The blocking work of the file store: paths, drafts, records. Called on the blocking pool.
/// Thread-safe.
class Tree {
 public:
  Tree(Disk& disk, TreeOptions options) : disk_(disk), options_(std::move(options)) {}

  [[nodiscard]] const TreeOptions& options() const { return options_; }
  [[nodiscard]] Disk& disk() const { return disk_; }
  [[nodiscard]] std::string path_of(const std::string& key) const {
    return options_.root + "/" + key;
  }

  /// A regular file's stat. Failure: not_found, also for what is no file.
  [[nodiscard]] Result<FileStat> stat(const std::string& key) const;
  [[nodiscard]] Result<ObjectInfo> info(const std::string& key) const;
  [[nodiscard]] std::optional<Record> record(const std::string& key) const;
  /// Opens for reading. Failure: not_found, permission_denied; invalid_argument for a FIFO.
  [[nodiscard]] Result<std::unique_ptr<File>> open(const std::string& key) const;

  /// A new private file inside `.godwit/tmp` of the root. `random` makes its name.
  [[nodiscard]] Result<Draft> draft(std::uint64_t random) const;
  /// Gives the draft its record and time, makes it durable as the policy says, and puts it in the
  /// place of `key`, in one step that readers see.
  /// Failure: precondition_failed; invalid_argument when a directory is in the way; no_space.
  [[nodiscard]] Result<PutResult> commit(Draft& draft, const std::string& key,
                                         const PutOptions& options) const;
  /// Removes the file and the directories that it leaves empty.
  [[nodiscard]] Result<void> remove(const std::string& key) const;
  /// Copies a file of another tree of this machine inside the kernel, as a draft.
  [[nodiscard]] Result<PutResult> copy(const Tree& source, const CopySource& from,
                                       const std::string& key, const PutOptions& options,
                                       std::uint64_t random) const;

 private:
  [[nodiscard]] Result<void> write_record(File& file, const std::string& key,
                                          const Record& record) const;
  [[nodiscard]] std::string sidecar(const std::string& key) const;
  [[nodiscard]] Result<void> write_sidecar(const std::string& key, const std::string& text) const;
  void remove_sidecar(const std::string& key) const;
  [[nodiscard]] Result<void> place(Draft& draft, const std::string& key,
                                   OnExisting on_existing) const;
  [[nodiscard]] Result<void> make_own(const std::string& directory) const;

  Disk& disk_;
  TreeOptions options_;
  mutable std::atomic<bool> has_sidecars_ = false;
};

}  // namespace godwit::file
