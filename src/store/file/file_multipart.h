#pragma once

#include <memory>

#include "store/file/file_uploads.h"
#include "world/world.h"

namespace godwit::file {

/// Uploads in parts (file_uploads.h), as the interface wants them.
class FileMultipart final : public Multipart {
 public:
  FileMultipart(const Store& store, World& world, std::shared_ptr<const Tree> tree)
      : store_(store), world_(world), uploads_(std::make_shared<Uploads>(std::move(tree))) {}

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
  /// Runs `work(uploads)` on the blocking pool and says where it failed.
  template <class F>
  [[nodiscard]] auto run(const char* operation, const std::string& key, F work);
  [[nodiscard]] Task<PartInfo> receive_part(const Context& context, const UploadId& upload,
                                            PartPlace place, Upload part);

  const Store& store_;
  World& world_;
  std::shared_ptr<Uploads> uploads_;
};

}  // namespace godwit::file
