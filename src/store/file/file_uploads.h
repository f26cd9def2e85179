#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "store/file/file_tree.h"

namespace godwit::file {

/// The blocking work of uploads in parts: a directory `.godwit/uploads/ID` with the data, each part
/// at its offset, and a list of the parts that have arrived. A part counts once its line is
/// written, after its data; before a part that counts is written over, a line says that it no
/// longer does. Thread-safe.
class Uploads {
 public:
  explicit Uploads(std::shared_ptr<const Tree> tree) : tree_(std::move(tree)) {}

  [[nodiscard]] Result<UploadId> create(const std::string& key, std::uint64_t random) const;
  /// The file to write the part into. Failure: not_found for an unknown upload.
  [[nodiscard]] Result<std::shared_ptr<File>> begin_part(const UploadId& upload, PartPlace place);
  [[nodiscard]] Result<PartInfo> end_part(const UploadId& upload, PartPlace place, Bytes size,
                                          File& file);
  [[nodiscard]] Result<std::vector<PartInfo>> parts(const UploadId& upload) const;
  /// Failure: not_found; invalid_argument when `wanted` are not, in order and without gaps, parts
  /// that arrived; of Tree::commit. The upload stays unless it succeeds.
  [[nodiscard]] Result<PutResult> complete(const UploadId& upload, std::span<const PartInfo> wanted,
                                           const PutOptions& options) const;
  [[nodiscard]] Result<void> remove(const std::string& id) const;
  /// Without a prefix also the drafts of puts that were killed, and what is left of uploads whose
  /// creation or removal was: their "key" is their path below the root.
  [[nodiscard]] Result<std::vector<UploadId>> list(const std::string& prefix) const;

 private:
  struct Arrived {
    Bytes offset = 0;
    Bytes size = 0;
    Bytes line = 0;  ///< where in the list its line begins: each arrival has its own
  };
  enum class Sync : std::uint8_t { now, later };
  static PartInfo info(std::uint32_t number, const Arrived& part);
  [[nodiscard]] std::string path_of(const std::string& id, const char* file) const;
  [[nodiscard]] Result<std::map<std::uint32_t, Arrived>> arrived(const UploadId& upload) const;
  /// Says where the line begins.
  [[nodiscard]] Result<Bytes> add_line(const UploadId& upload, const std::string& line,
                                       Sync sync) const;
  [[nodiscard]] Result<void> describe(Draft& draft, const PutOptions& options, Bytes size) const;
  [[nodiscard]] Result<void> add_drafts(std::vector<UploadId>& found) const;

  std::shared_ptr<const Tree> tree_;
  /// Lines are added to lists of parts one at a time.
  std::mutex lines_;
};

}  // namespace godwit::file
