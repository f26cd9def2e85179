#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "store/store.h"
#include "world/context.h"
#include "world/disk.h"

namespace godwit::transfer {

/// What must be known to go on with a multipart copy that was cut off.
struct UploadState {
  std::string source_etag;  ///< the version that the parts are of
  Bytes size = 0;
  Bytes part_size = 0;
  std::string metadata;  ///< `fingerprint` of what the upload was begun with
  std::string upload_id;
  /// MD5 of parts that were hashed on the way and are proven, by number.
  std::map<std::uint32_t, std::string> part_md5s;
};

/// Equal for equal metadata. An upload keeps those of its beginning.
[[nodiscard]] std::string fingerprint(const Metadata& metadata);

/// The durable note of one multipart copy under way, one small file per (source, target) pair of
/// objects. The parts themselves are at the target, which is asked what has arrived.
///
/// Format: a line of JSON, then a line "NUMBER MD5" per hashed part. A torn last line is dropped:
/// that part is sent again. Concurrency: engine executor; one Checkpoint per copy.
class Checkpoint {
 public:
  /// An empty directory: nothing is kept, `load` finds nothing.
  Checkpoint(World& world, const std::string& directory, const std::string& source,
             const std::string& target);

  /// What an earlier run left, if it can be read; a damaged file counts as none.
  [[nodiscard]] asio::awaitable<std::optional<UploadState>> load();
  /// Replaces the file. Durable when it returns.
  [[nodiscard]] Task<void> begin(const UploadState& state);
  /// Adds a hashed part. Not synced: what a crash loses is sent again.
  [[nodiscard]] Task<void> add_part(std::uint32_t number, const std::string& md5);
  /// Forgets it.
  [[nodiscard]] Task<void> remove();

 private:
  [[nodiscard]] bool off() const { return directory_.empty(); }

  World& world_;
  std::string directory_;
  std::string path_;
  std::shared_ptr<File> file_;
  Bytes end_ = 0;
};

}  // namespace godwit::transfer
