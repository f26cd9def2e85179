#pragma once

#include <memory>

#include "store/store.h"

namespace godwit {

/// Passes every call on to the store that it owns. A layer overrides what it changes.
class ForwardingStore : public Store, public Multipart {
 public:
  explicit ForwardingStore(std::unique_ptr<Store> inner) : inner_(std::move(inner)) {}

  [[nodiscard]] const StoreIdentity& identity() const override { return inner_->identity(); }
  [[nodiscard]] const Capabilities& capabilities() const override { return inner_->capabilities(); }
  [[nodiscard]] Task<ObjectInfo> head(const Context& context, const std::string& key) override;
  [[nodiscard]] Task<GetResult> get(const Context& context, const std::string& key,
                                    const GetOptions& options) override;
  [[nodiscard]] Task<PutResult> put(const Context& context, const std::string& key, Upload upload,
                                    const PutOptions& options) override;
  [[nodiscard]] Task<PutResult> copy(const Context& context, const std::string& key,
                                     const CopySource& source, const PutOptions& options) override;
  [[nodiscard]] Task<std::vector<Result<void>>> remove(const Context& context,
                                                       std::span<const std::string> keys) override;
  [[nodiscard]] std::unique_ptr<Listing> list(const ListOptions& options) override;
  [[nodiscard]] Multipart* multipart() override;
  [[nodiscard]] Task<void> flush(const Context& context) override;
  [[nodiscard]] Task<void> close() override;
  [[nodiscard]] Store& driver() override { return inner_->driver(); }

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

 protected:
  [[nodiscard]] Store& inner() { return *inner_; }

 private:
  std::unique_ptr<Store> inner_;
};

}  // namespace godwit
