#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "store/layers/forwarding.h"

namespace godwit {

/// The calls that stores answer.
enum class Operation : std::uint8_t {
  head,
  get,
  put,
  copy,
  remove,
  list,
  flush,
  create_upload,
  put_part,
  copy_part,
  list_parts,
  complete_upload,
  abort_upload,
  list_uploads,
};
inline constexpr std::size_t kOperations = 14;
/// As in metrics and `--json`: "put_part".
[[nodiscard]] std::string_view to_string(Operation operation);

/// A call that a layer sees.
struct StoreCall {
  Operation operation{};
  std::string_view key = {};  ///< of a removal the first; "" of listings
  Bytes sent = 0;             ///< the size of the body that goes with it
};

/// A layer that does the same around every call. `list` is one page of a listing.
class Around : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;

  Task<ObjectInfo> head(const Context& context, const std::string& key) override;
  Task<GetResult> get(const Context& context, const std::string& key,
                      const GetOptions& options) override;
  Task<PutResult> put(const Context& context, const std::string& key, Upload upload,
                      const PutOptions& options) override;
  Task<PutResult> copy(const Context& context, const std::string& key, const CopySource& source,
                       const PutOptions& options) override;
  Task<std::vector<Result<void>>> remove(const Context& context,
                                         std::span<const std::string> keys) override;
  std::unique_ptr<Listing> list(const ListOptions& options) override;
  Task<void> flush(const Context& context) override;

  Task<UploadId> create(const Context& context, const std::string& key,
                        const PutOptions& options) override;
  Task<PartInfo> put_part(const Context& context, const UploadId& upload, PartPlace place,
                          Upload part) override;
  Task<PartInfo> copy_part(const Context& context, const UploadId& upload, PartPlace place,
                           const CopySource& source) override;
  Task<std::vector<PartInfo>> parts(const Context& context, const UploadId& upload) override;
  Task<PutResult> complete(const Context& context, const UploadId& upload,
                           std::span<const PartInfo> parts, const PutOptions& options) override;
  Task<void> abort(const Context& context, const UploadId& upload) override;
  Task<std::vector<UploadId>> list(const Context& context, const std::string& prefix) override;

 protected:
  /// Before a call: may wait, or refuse it, or give it another context.
  [[nodiscard]] virtual Task<Context> before(const Context& context, StoreCall call) = 0;
  /// How a call ended. Of a get: when its body begins.
  struct Ended {
    const Error* error = nullptr;  ///< null: it succeeded
    Duration elapsed{};
  };
  virtual void after(const Context& context, const StoreCall& call, const Ended& ended);
  /// Stands between a body that was got and its reader.
  [[nodiscard]] virtual std::unique_ptr<Body> watch(std::unique_ptr<Body> body);

 private:
  class PageByPage;
  template <class T, class F>
  Task<T> around(const Context& context, StoreCall call, F run);
};

}  // namespace godwit
