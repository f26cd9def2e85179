#pragma once

#include "store/rocksdb/calls.h"

namespace godwit::rocks {

/// Uploads in parts (uploads.h), as the interface wants them.
class RocksMultipart final : public Multipart {
 public:
  RocksMultipart(const Store& store, const Calls& calls, const std::string& root)
      : store_(store), calls_(calls), root_(root) {}

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
  /// The upload as the tables know it, whose keys begin with the store's root.
  [[nodiscard]] UploadId whole(const UploadId& upload) const;
  /// Runs `work(uploads)` and says where it failed.
  template <class F>
  [[nodiscard]] auto run(const char* operation, const std::string& key, F work) const;
  [[nodiscard]] Task<PartInfo> receive_part(const Context& context, const UploadId& upload,
                                            PartPlace place, Upload part);

  const Store& store_;
  const Calls& calls_;
  const std::string& root_;
};

}  // namespace godwit::rocks
