#pragma once

#include <memory>
#include <mutex>

#include "store/file/file_tree.h"

namespace godwit::file {

/// Uploads in parts: a directory `.godwit/uploads/ID` with the data, each part at its offset, and
/// a list of the parts that have arrived. A part counts once its line is written, after its data.
class FileMultipart final : public Multipart {
 public:
  FileMultipart(World& world, std::shared_ptr<const Tree> tree)
      : world_(world), tree_(std::move(tree)) {}

  [[nodiscard]] Task<UploadId> create(const Context& context, const std::string& key,
                                      const PutOptions& options) override;
  [[nodiscard]] Task<PartInfo> put_part(const Context& context, const UploadId& upload,
                                        PartPlace place, Upload part) override;
  [[nodiscard]] Task<PartInfo> copy_part(const Context& context, const UploadId& upload,
                                         PartPlace place, const CopySource& source) override;
  [[nodiscard]] Task<std::vector<PartInfo>> parts(const Context& context,
                                                  const UploadId& upload) override;
  [[nodiscard]] Task<PutResult> complete(const Context& context, const UploadId& upload,
                                         std::span<const PartInfo> parts,
                                         const PutOptions& options) override;
  [[nodiscard]] Task<void> abort(const Context& context, const UploadId& upload) override;
  [[nodiscard]] Task<std::vector<UploadId>> list(const Context& context,
                                                 const std::string& prefix) override;

 private:
  World& world_;
  std::shared_ptr<const Tree> tree_;
  /// Lines are added to lists of parts one at a time.
  std::shared_ptr<std::mutex> notes_ = std::make_shared<std::mutex>();
};

}  // namespace godwit::file
