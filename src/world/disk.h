#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "world/time.h"

namespace godwit {

enum class FileType : std::uint8_t { regular, directory, symlink, other };

struct FileStat {
  FileType type = FileType::other;
  Bytes size = 0;
  WallTime modified{};
  /// When anything of it was changed last, its name included, by the clock of the file system:
  /// nobody sets it. A power loss takes it only with the name.
  WallTime changed{};
  std::uint64_t device = 0;  ///< with `inode`: the identity of the file
  std::uint64_t inode = 0;
  std::uint32_t mode = 0;  ///< permission bits
};

/// What a listing wants to know of a file.
struct FileFacts {
  FileStat stat;
  std::optional<std::string> attribute;  ///< nothing when absent, or only for other users
};

/// A directory, and facts of entries that were asked for, one answer for each, in order.
struct Inspection {
  FileStat directory;
  std::vector<Result<FileFacts>> entries;
};

struct DirectoryEntry {
  std::string name;
  FileType type = FileType::other;
};

enum class OpenMode : std::uint8_t {
  read,
  write_new,       ///< creates; fails with precondition_failed if it is there
  write_existing,  ///< for writing at offsets; fails with not_found
};

enum class OnExisting : std::uint8_t { replace, fail };

/// An open file. All calls block: make them on the blocking pool.
/// Concurrency: reads and writes at different offsets may run side by side.
/// Failure: no_space, permission_denied, not_found, unavailable (I/O error), with the path.
class File {
 public:
  virtual ~File() = default;  ///< closes; what was not synced may be lost in a crash

  [[nodiscard]] virtual Result<std::size_t> read_at(Bytes offset, MutableByteSpan into) = 0;
  /// Writes all of `bytes`.
  [[nodiscard]] virtual Result<void> write_at(Bytes offset, ByteSpan bytes) = 0;
  /// Contents, size, attributes and time are on stable storage when this returns (fsync).
  /// The file's name is not: see Disk::sync_directory.
  [[nodiscard]] virtual Result<void> sync() = 0;
  [[nodiscard]] virtual Result<void> truncate(Bytes size) = 0;
  [[nodiscard]] virtual Result<FileStat> stat() = 0;
  /// Copies inside the kernel where it can (reflink, copy_file_range), else through memory.
  [[nodiscard]] virtual Result<void> copy_from(File& source, Bytes offset, Bytes count) = 0;
  /// Extended attribute; absent is nullopt; `unsupported` where the file system has none, or has
  /// no room for it.
  [[nodiscard]] virtual Result<std::optional<std::string>> attribute(const std::string& name) = 0;
  [[nodiscard]] virtual Result<void> set_attribute(const std::string& name,
                                                   const std::string& value) = 0;
  [[nodiscard]] virtual Result<void> set_modified(WallTime modified) = 0;
};

/// How much a file system holds.
struct DiskSpace {
  Bytes free = 0;  ///< for us
  Bytes total = 0;
};

/// Who may look into a directory that is made.
enum class Access : std::uint8_t {
  shared,      ///< as the process's umask says
  owner_only,  ///< nobody else, whatever the umask
};

/// Whether a symbolic link leads where it points to, or nowhere.
enum class Links : std::uint8_t { follow, refuse };

/// The file system of a World. All calls block. Paths are absolute.
/// In a simulation: in memory, with crashes that lose what was not synced, and typed faults.
/// Failure: not_found also when something on the way is no directory; the codes of `File`.
class Disk {
 public:
  virtual ~Disk() = default;

  /// The same file system, on which no symbolic link is followed, neither at the end of a path nor
  /// on its way: a path cannot lead out of the directory that it names. A link on the way counts
  /// as no directory; at the end it has its own stat, and cannot be opened.
  [[nodiscard]] virtual Disk& without_links() { return *this; }
  /// `path` with the links on its way resolved; elements that are not there stay as they are.
  [[nodiscard]] virtual std::string resolve(const std::string& path) { return path; }

  [[nodiscard]] virtual Result<std::unique_ptr<File>> open(const std::string& path,
                                                           OpenMode mode) = 0;
  /// A new file in `directory` that has no name and is gone with this, unless `link` gives it one
  /// (O_TMPFILE). Failure: not_found; unsupported where the file system has none.
  [[nodiscard]] virtual Result<std::unique_ptr<File>> open_unnamed(
      const std::string& directory) = 0;
  /// Gives a file that has no name yet, of this disk, the name `path`, atomically.
  /// Failure: precondition_failed when it is there; not_found; unsupported.
  [[nodiscard]] virtual Result<void> link(File& file, const std::string& path) = 0;
  [[nodiscard]] virtual Result<FileStat> stat(const std::string& path) = 0;
  /// All entries but "." and "..", in no order.
  [[nodiscard]] virtual Result<std::vector<DirectoryEntry>> list(const std::string& directory) = 0;
  /// The facts of many entries of one directory, for much less than a `stat` and an `attribute`
  /// each. `attribute` is read of regular files only.
  [[nodiscard]] virtual Result<Inspection> inspect(const std::string& directory,
                                                   std::span<const std::string> names,
                                                   const std::string& attribute) = 0;
  /// With its parents; fine if it is there. `access` is that of the last element.
  /// Failure: precondition_failed when something else is in its place, or in that of a parent.
  [[nodiscard]] virtual Result<void> make_directory(const std::string& path, Access access) = 0;
  /// Atomic. `OnExisting::fail` → precondition_failed when `to` is there. `unsupported` when `to`
  /// is on another file system.
  [[nodiscard]] virtual Result<void> rename(const std::string& from, const std::string& to,
                                            OnExisting on_existing) = 0;
  [[nodiscard]] virtual Result<void> remove_file(const std::string& path) = 0;
  /// precondition_failed if it is not empty.
  [[nodiscard]] virtual Result<void> remove_directory(const std::string& path) = 0;
  /// Names in `directory` are on stable storage when this returns (fsync of the directory).
  [[nodiscard]] virtual Result<void> sync_directory(const std::string& directory) = 0;
  /// All that was written before to the file system that holds `path` is on stable storage
  /// (syncfs): one call in place of thousands of File::sync.
  [[nodiscard]] virtual Result<void> sync_all(const std::string& path) = 0;
  /// Of the file system that holds `path`.
  [[nodiscard]] virtual Result<DiskSpace> space(const std::string& path) {
    return fail(Code::unsupported, "nobody knows how much room there is for " + path);
  }
  /// Takes an exclusive lock on a file (made if absent), held until the result is destroyed or
  /// the process dies. Failure: precondition_failed when another holds it.
  [[nodiscard]] virtual Result<std::shared_ptr<void>> lock(const std::string& path) = 0;
};

/// All of a small file. Failure: those of `Disk::open` and reading; invalid_argument when it has
/// more than `most` bytes: a part of a file is never taken for all of it.
[[nodiscard]] Result<std::string> read_file(Disk& disk, const std::string& path, Bytes most);
/// The same, and nothing where there is no such file.
[[nodiscard]] Result<std::optional<std::string>> read_file_if_there(Disk& disk,
                                                                    const std::string& path,
                                                                    Bytes most);

/// Makes `bytes` the whole of the file at `path`, durably: a crash leaves the old file or the new
/// one. The directory must be there; its own name is its maker's to sync. Writes `path`.new first,
/// so one at a time for each path. Returns the new file, open for writing.
/// Failure: those of `Disk` and `File`; outcome unknown once the new file may have the name.
[[nodiscard]] Result<std::unique_ptr<File>> replace_file(Disk& disk, const std::string& path,
                                                         ByteSpan bytes);

}  // namespace godwit
