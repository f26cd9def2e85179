#pragma once

#include <memory>

#include "store/store.h"
#include "transfer/options.h"
#include "transfer/progress.h"

namespace godwit::transfer {

/// Copies between one pair of stores, each object as a whole.
///
/// How one object moves is decided here and nowhere else, in this order:
/// 1. both ends are one service → the service copies; no byte passes through us;
/// 2. the source has part layout, or the object is too large for one put, or large and unproven
///    either way → parts, at the source's own boundaries where there are some, from the
///    checkpoint if there is one;
/// 3. else one GET streams into one PUT.
/// Every copy is proven before it is called done: equal content tokens of both ends, or a
/// checksum taken on the way against the end that can tell one.
/// Concurrency: any number of copies at once on the engine's executor.
class Copier {
 public:
  Copier(Store& source, Store& target, const TransferOptions& options, World& world);
  Copier(Copier&&) = delete;
  ~Copier();

  /// Copies `entry` (a row of the source's listing) to the same key of the target.
  /// Effect: the target holds the source's present version, or what it held before.
  /// Failure: not_found when the source has lost it meanwhile; corrupted when the proof failed
  /// (nothing of it stays visible as long as the target can prove before it commits);
  /// precondition_failed when the source changes faster than it can be read; the stores' errors.
  [[nodiscard]] Task<void> copy(const Context& context, const ListEntry& entry,
                                Observer& observer);
  /// The same to another key.
  [[nodiscard]] Task<void> copy_as(const Context& context, const ListEntry& entry,
                                   const std::string& target_key, Observer& observer);
  /// Bytes that went to the target so far.
  [[nodiscard]] Bytes bytes_moved() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace godwit::transfer
