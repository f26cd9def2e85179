#pragma once

#include <array>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "store/rocksdb/objects.h"

namespace godwit::rocks {

/// Uploads in parts as rows: a part is a header, whose body becomes the object's without being
/// moved. All calls block. Thread-safe. Failure of all but `create` and `list`: not_found.
class Uploads {
 public:
  Uploads(kv::Database& database, Bodies& bodies, Objects& objects)
      : database_(database), bodies_(bodies), objects_(objects) {}

  [[nodiscard]] Result<void> create(const std::string& id, const UploadRow& upload);
  [[nodiscard]] Result<void> check(const UploadId& upload) const;
  /// Makes the draft the part, in place of what it was.
  [[nodiscard]] Result<PartInfo> commit(const UploadId& upload, std::uint32_t number,
                                        const Draft& draft, const Description& description);
  [[nodiscard]] Result<std::vector<PartInfo>> parts(const UploadId& upload) const;
  /// As Multipart::complete.
  [[nodiscard]] Result<PutResult> complete(const UploadId& upload, std::span<const PartInfo> wanted,
                                           const PutOptions& options,
                                           const Description& description);
  /// Fine when it is gone.
  [[nodiscard]] Result<void> remove(const UploadId& upload);
  /// Of keys that begin with `prefix`.
  [[nodiscard]] Result<std::vector<UploadId>> list(const std::string& prefix) const;

 private:
  using Parts = std::map<std::uint32_t, Header>;
  static constexpr std::size_t kStripes = 64;
  [[nodiscard]] std::mutex& lock_of(const std::string& id);
  [[nodiscard]] Result<Parts> read_parts(const std::string& id) const;
  /// What ends the upload: its rows are erased, and bodies without an owner named.
  static Objects::Along end_of(const std::string& id, const Parts& unowned);

  kv::Database& database_;
  Bodies& bodies_;
  Objects& objects_;
  std::array<std::mutex, kStripes> locks_;
};

}  // namespace godwit::rocks
