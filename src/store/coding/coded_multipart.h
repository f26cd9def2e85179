#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "store/coding/writing.h"

namespace godwit::coding {

/// Uploads in parts of bodies that are coded on the way: what is stored is coded in the order of
/// the plain bytes, whatever order their parts come in.
///
/// A part that comes before its turn is held, up to kMostHeld bytes of an upload and
/// kMostHeldInAll of all; beyond that it waits, until the parts before it come or none has come for
/// kPatience. So parts must be numbered from 1 without gaps, and who sends several at once sends
/// the earlier ones first. Whoever waits holds up nobody that it waits for: the part whose turn it
/// is never waits for a later one. A part may be replaced while it is held; once it is coded only
/// the same bytes are taken again. An upload that another process began is not_found: what was held
/// there is gone. Concurrency: engine executor.
class CodedMultipart final : public Multipart {
 public:
  static constexpr Bytes kMostHeld = 32 * kMiB;
  static constexpr Bytes kMostHeldInAll = 64 * kMiB;
  static constexpr Bytes kLargestPart = 64 * kMiB;
  static constexpr Duration kPatience = std::chrono::minutes(1);
  /// Uploads at once.
  static constexpr std::size_t kMost = 1000;

  CodedMultipart(World& world, Store& inner, Writing& writing);
  ~CodedMultipart() override;

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

 private:
  class Open;
  [[nodiscard]] Result<std::shared_ptr<Open>> find(const UploadId& upload) const;

  World& world_;
  Store& inner_;
  Writing& writing_;
  Bytes held_ = 0;                                     // of all that are open, who give it back
  std::map<std::string, std::shared_ptr<Open>> open_;  // by id
};

}  // namespace godwit::coding
