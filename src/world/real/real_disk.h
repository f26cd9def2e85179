#pragma once

#include "world/disk.h"

namespace godwit {

/// The machine's file system over POSIX and Linux calls. Thread-safe; every call blocks.
class RealDisk final : public Disk {
 public:
  [[nodiscard]] Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  [[nodiscard]] Result<FileStat> stat(const std::string& path, Symlinks symlinks) override;
  [[nodiscard]] Result<std::vector<DirectoryEntry>> list(const std::string& directory) override;
  [[nodiscard]] Result<void> make_directory(const std::string& path) override;
  [[nodiscard]] Result<void> rename(const std::string& from, const std::string& to,
                                    OnExisting on_existing) override;
  [[nodiscard]] Result<void> remove_file(const std::string& path) override;
  [[nodiscard]] Result<void> remove_directory(const std::string& path) override;
  [[nodiscard]] Result<void> sync_directory(const std::string& directory) override;
  [[nodiscard]] Result<void> sync_all(const std::string& path) override;
  [[nodiscard]] Result<std::shared_ptr<void>> lock(const std::string& path) override;
  [[nodiscard]] Result<std::optional<std::string>> attribute(const std::string& path,
                                                             const std::string& name) override;
};

}  // namespace godwit
