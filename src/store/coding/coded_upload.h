#pragma once

#include <memory>
#include <string>
#include <vector>

#include "store/coding/encoder.h"
#include "store/store.h"

namespace godwit::coding {

/// A body that is coded as it comes and sent as parts of an upload of the store below.
///
/// Parts have 8 MiB of coded bytes; every thousand of them they double, so that a service's most
/// parts are enough. What was not taken is kept and sent again, the very same bytes: no chunk is
/// ever sealed twice.
/// Memory: a part and what was added last. Concurrency: engine executor, one call at a time.
class CodedUpload {
 public:
  /// `upload` was begun at `inner`, which outlives this.
  CodedUpload(World& world, Store& inner, UploadId upload, const Coding& coding);

  /// Codes `plain` and sends what has become full. A failure is one of sending: what was added is
  /// kept, and goes with the next call.
  [[nodiscard]] Task<void> add(const Context& context, std::string plain);
  /// Sends the rest. After a failure it may be called again.
  [[nodiscard]] Task<void> finish(const Context& context);
  /// As Multipart::complete; `finish` has succeeded.
  [[nodiscard]] Task<PutResult> complete(const Context& context, const PutOptions& options);
  /// As Multipart::abort.
  [[nodiscard]] Task<void> abort(const Context& context);

  [[nodiscard]] bool finished() const { return finished_; }
  /// As Encoder::md5.
  [[nodiscard]] std::optional<Md5Digest> md5() const { return encoder_.md5(); }

 private:
  [[nodiscard]] Task<void> send_full(const Context& context);
  [[nodiscard]] Task<void> send(const Context& context, std::size_t size);
  [[nodiscard]] Bytes part_size() const;

  World& world_;
  Store& inner_;
  UploadId upload_;
  Encoder encoder_;
  std::string unsent_;
  Bytes offset_ = 0;
  std::vector<PartInfo> parts_;
  bool finished_ = false;
};

/// Bodies up to this size are held as a whole, and parts have it at first.
inline constexpr Bytes kInHand = 8 * kMiB;

}  // namespace godwit::coding
