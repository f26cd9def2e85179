#pragma once

#include "world/disk.h"

namespace godwit {

/// The machine's file system over POSIX and Linux calls. Thread-safe; every call blocks.
class RealDisk final : public Disk {
 public:
  explicit RealDisk(Links links = Links::follow);

  [[nodiscard]] Disk& without_links() override;
  [[nodiscard]] std::string resolve(const std::string& path) override;
  [[nodiscard]] Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  [[nodiscard]] Result<std::unique_ptr<File>> open_unnamed(const std::string& directory) override;
  [[nodiscard]] Result<void> link(File& file, const std::string& path) override;
  [[nodiscard]] Result<FileStat> stat(const std::string& path) override;
  [[nodiscard]] Result<std::vector<DirectoryEntry>> list(const std::string& directory) override;
  [[nodiscard]] Result<Inspection> inspect(const std::string& directory,
                                           std::span<const std::string> names,
                                           const std::string& attribute) override;
  [[nodiscard]] Result<void> make_directory(const std::string& path, Access access) override;
  [[nodiscard]] Result<void> rename(const std::string& from, const std::string& to,
                                    OnExisting on_existing) override;
  [[nodiscard]] Result<void> remove_file(const std::string& path) override;
  [[nodiscard]] Result<void> remove_directory(const std::string& path) override;
  [[nodiscard]] Result<void> sync_directory(const std::string& directory) override;
  [[nodiscard]] Result<void> sync_all(const std::string& path) override;
  [[nodiscard]] Result<DiskSpace> space(const std::string& path) override;
  [[nodiscard]] Result<std::shared_ptr<void>> lock(const std::string& path) override;

 private:
  struct Place;
  [[nodiscard]] int open_path(const std::string& path, int flags) const;
  [[nodiscard]] Place place(const std::string& path) const;
  [[nodiscard]] int link_flag() const;

  Links links_;
  std::unique_ptr<RealDisk> strict_;  // only in the one that follows
};

}  // namespace godwit
