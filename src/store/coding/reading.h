#pragma once

#include <memory>
#include <optional>
#include <string>

#include "store/coding/decoding.h"
#include "store/coding/mark.h"
#include "store/store.h"

namespace godwit::coding {

/// An object as its reader sees it, and as it is stored.
struct Seen {
  ObjectInfo info;
  std::string stored_etag;
  Bytes stored_size = 0;
  std::optional<Mark> mark;  ///< absent: it is stored as it is
};

/// Reads what a store holds, coded or not. `inner` and `keys` outlive it; `keys` may be null.
/// Cost: see README.md.
class Reading {
 public:
  Reading(Store& inner, const KeyRing* keys) : inner_(inner), keys_(keys) {}

  [[nodiscard]] Task<Seen> head(const Context& context, const std::string& key);
  /// As Store::get.
  [[nodiscard]] Task<GetResult> get(const Context& context, const std::string& key,
                                    const GetOptions& options);

 private:
  [[nodiscard]] Task<Seen> describe(const Context& context, ObjectInfo stored);
  [[nodiscard]] Task<GetResult> get_whole(const Context& context, const std::string& key,
                                          const GetOptions& options);
  [[nodiscard]] Task<GetResult> get_range(const Context& context, const std::string& key,
                                          const GetOptions& options);
  [[nodiscard]] Task<GetResult> get_coded(const Context& context, const Seen& seen,
                                          const ByteRange& range);
  [[nodiscard]] Task<std::unique_ptr<Body>> open(const Context& context, const Seen& seen,
                                                 DecodingPlan plan);
  [[nodiscard]] Task<std::string> read_coded(const Context& context, const Seen& seen,
                                             ByteRange coded);
  [[nodiscard]] Task<std::string> read_end(const Context& context, const Seen& seen);
  [[nodiscard]] Task<FrameSummary> summary_of(const Context& context, const Seen& seen);
  [[nodiscard]] Task<FrameIndex> index_of(const Context& context, const Seen& seen);
  [[nodiscard]] Result<DecodingPlan> plan_for(const Seen& seen) const;
  [[nodiscard]] Result<DecodingPlan> plan_for(const Seen& seen, ByteRange coded) const;

  Store& inner_;
  const KeyRing* keys_;
};

/// The version token of an object whose plain bytes' token nobody knows.
[[nodiscard]] std::string token_of_stored(const std::string& stored_etag);

}  // namespace godwit::coding
