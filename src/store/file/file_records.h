#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "store/file/file_metadata.h"
#include "world/disk.h"

namespace godwit::file {

/// Where the records of files lie: in an extended attribute, or in a sidecar of the file's own
/// below `.godwit/meta` where the file system has no attributes or the record does not fit.
///
/// A sidecar is named by key and inode and tells size and time, so it speaks of one version of the
/// file: it is written before that version is put in place, and that of the version before is
/// removed after. A crash between leaves at most a sidecar that speaks of nothing.
/// Thread-safe; all calls block.
class Records {
 public:
  /// `directory` is made when the first sidecar is.
  Records(Disk& disk, std::string directory) : disk_(disk), directory_(std::move(directory)) {}

  /// The record of a file, of which `attribute` was read; nothing when it has none.
  /// Failure: of the disk; a sidecar that cannot be read is not absent.
  [[nodiscard]] Result<std::optional<Record>> read(
      const std::string& key, const FileStat& file,
      const std::optional<std::string>& attribute) const;
  /// Failure: no_space; invalid_argument when the record is over 64 KiB. `durable`: what is
  /// written is on stable storage; the names in the directory of sidecars are the caller's to sync.
  [[nodiscard]] Result<void> write(File& file, const std::string& key, const FileStat& stat,
                                   const Record& record, bool durable) const;
  /// Removes the sidecar of that version of the file, if it has one.
  void forget(const std::string& key, std::uint64_t inode) const;
  /// Whether any file here may have a sidecar.
  [[nodiscard]] bool has_sidecars() const;

 private:
  [[nodiscard]] std::string sidecar(const std::string& key, std::uint64_t inode) const;
  [[nodiscard]] Result<void> write_sidecar(const std::string& path, const std::string& text,
                                           bool durable) const;

  Disk& disk_;
  std::string directory_;
  enum class Sidecars : std::uint8_t { not_looked, none, some };
  mutable std::atomic<Sidecars> sidecars_ = Sidecars::not_looked;
};

}  // namespace godwit::file
