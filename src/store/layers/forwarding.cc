#include "store/layers/forwarding.h"

namespace godwit {

Task<ObjectInfo> ForwardingStore::head(const Context& context, const std::string& key) {
  return inner_->head(context, key);
}
Task<GetResult> ForwardingStore::get(const Context& context, const std::string& key,
                                     const GetOptions& options) {
  return inner_->get(context, key, options);
}
Task<PutResult> ForwardingStore::put(const Context& context, const std::string& key, Upload upload,
                                     const PutOptions& options) {
  return inner_->put(context, key, upload, options);
}
Task<PutResult> ForwardingStore::copy(const Context& context, const std::string& key,
                                      const CopySource& source, const PutOptions& options) {
  return inner_->copy(context, key, source, options);
}
Task<std::vector<Result<void>>> ForwardingStore::remove(const Context& context,
                                                        std::span<const std::string> keys) {
  return inner_->remove(context, keys);
}
std::unique_ptr<Listing> ForwardingStore::list(const ListOptions& options) {
  return inner_->list(options);
}
Multipart* ForwardingStore::multipart() { return inner_->multipart() == nullptr ? nullptr : this; }
Task<void> ForwardingStore::flush(const Context& context) { return inner_->flush(context); }
Task<void> ForwardingStore::close() { return inner_->close(); }

Task<UploadId> ForwardingStore::create(const Context& context, const std::string& key,
                                       const PutOptions& options) {
  return inner_->multipart()->create(context, key, options);
}
Task<PartInfo> ForwardingStore::put_part(const Context& context, const UploadId& upload,
                                         PartPlace place, Upload part) {
  return inner_->multipart()->put_part(context, upload, place, part);
}
Task<PartInfo> ForwardingStore::copy_part(const Context& context, const UploadId& upload,
                                          PartPlace place, const CopySource& source) {
  return inner_->multipart()->copy_part(context, upload, place, source);
}
Task<std::vector<PartInfo>> ForwardingStore::parts(const Context& context, const UploadId& upload) {
  return inner_->multipart()->parts(context, upload);
}
Task<PutResult> ForwardingStore::complete(const Context& context, const UploadId& upload,
                                          std::span<const PartInfo> parts,
                                          const PutOptions& options) {
  return inner_->multipart()->complete(context, upload, parts, options);
}
Task<void> ForwardingStore::abort(const Context& context, const UploadId& upload) {
  return inner_->multipart()->abort(context, upload);
}
Task<std::vector<UploadId>> ForwardingStore::list(const Context& context,
                                                  const std::string& prefix) {
  return inner_->multipart()->list(context, prefix);
}

}  // namespace godwit
