#pragma once

#include <memory>
#include <string>

#include "world/sim/sim_disk.h"

namespace godwit {

/// An open file: of one process, dead with it.
class SimFile final : public File {
 public:
  SimFile(SimDisk& disk, sim_storage::InodePtr inode, std::string path);
  [[nodiscard]] const sim_storage::InodePtr& inode() const { return inode_; }

  [[nodiscard]] Result<std::size_t> read_at(Bytes offset, MutableByteSpan into) override;
  /// What fails has written a part.
  [[nodiscard]] Result<void> write_at(Bytes offset, ByteSpan bytes) override;
  [[nodiscard]] Result<void> sync() override;
  [[nodiscard]] Result<void> truncate(Bytes size) override;
  [[nodiscard]] Result<FileStat> stat() override;
  [[nodiscard]] Result<void> copy_from(File& source, Bytes offset, Bytes count) override;
  [[nodiscard]] Result<std::optional<std::string>> attribute(const std::string& name) override;
  [[nodiscard]] Result<void> set_attribute(const std::string& name,
                                           const std::string& value) override;
  [[nodiscard]] Result<void> set_modified(WallTime modified) override;

 private:
  [[nodiscard]] Result<void> begin();
  [[nodiscard]] Result<void> begin(double DiskFaults::* fault, std::string_view what);
  void change(sim_storage::FileChange change);
  [[nodiscard]] bool fits(Bytes size) const;
  [[nodiscard]] std::unexpected<Error> no_attributes() const;

  SimDisk& disk_;
  sim_storage::InodePtr inode_;
  std::string path_;
  std::uint64_t life_;
};

}  // namespace godwit
