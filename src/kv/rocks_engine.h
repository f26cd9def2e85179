#pragma once

#include "kv/database.h"

namespace rocksdb {
class Env;
}

namespace godwit::kv {

/// Databases on disk, by RocksDB.
///
/// A batch is one record of a write-ahead log with a checksum. On opening, a last record that is
/// not whole is what a crash has torn, and is dropped. Damage with whole records behind it is
/// `corrupted`: the open fails and changes nothing.
/// After a write that failed the database can be read. The next write first opens it anew inside,
/// without what failed; it fails as long as there is no space, or the disk is broken.
class RocksEngine final : public Engine {
 public:
  /// On the machine's files.
  RocksEngine();
  /// On the files of `env`, which outlives all databases: for tests that inject faults.
  explicit RocksEngine(rocksdb::Env& env) : env_(env) {}

  [[nodiscard]] Result<std::unique_ptr<Database>> open(const std::string& directory,
                                                       const DatabaseOptions& options) override;

 private:
  rocksdb::Env& env_;
};

}  // namespace godwit::kv
