#pragma once

#include "store/s3/s3_client.h"
#include "store/store.h"

namespace godwit::s3 {

/// The multipart calls of one bucket.
class S3Multipart final : public Multipart {
 public:
  explicit S3Multipart(Client& client) : client_(client) {}

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
  Client& client_;
};

/// The client behind a store of this scheme; null for any other store.
[[nodiscard]] Client* client_of(Store* store);

}  // namespace godwit::s3
