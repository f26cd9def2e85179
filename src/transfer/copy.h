#pragma once

#include <functional>
#include <memory>
#include <string>

#include "store/store.h"
#include "transfer/checkpoint.h"
#include "transfer/options.h"
#include "transfer/progress.h"
#include "transfer/slots.h"

namespace godwit::transfer {

/// From where to where.
struct StorePair {
  Store& source;
  Store& target;
};

/// The target can copy from the source inside of its service: no bytes pass through us.
[[nodiscard]] bool same_service(const StorePair& stores);

/// Writes into the metadata of a copy what else it is to carry, given the very version of the
/// source that is copied.
using Annotate = std::function<void(const ObjectInfo& source, Metadata& copy)>;

/// What the target must hold for a copy to take its place (RFC 9110, 13.1).
struct Precondition {
  Condition condition = Condition::none;
  std::string etag;  ///< of Condition::matches
};

/// A name, for a temporary as the default of a coroutine's parameter is destroyed twice (GCC 12).
inline const Precondition kAnything{};

/// When a copy is to be made.
struct CopyGuard {
  Precondition target;
  /// Whether the version of the source that was found is one to copy.
  std::function<bool(const ObjectInfo&)> fits;
};

/// What a copy on a condition was made of, and its token at the target.
struct Copied {
  ObjectInfo source;
  std::string etag;
};

/// What copies of one run share.
struct CopyResources {
  World& world;
  Slots& slots;  ///< for more streams of one object than the one that its job has
  Progress& progress;
  Observer& observer;
  const Annotate* annotate;  ///< null: copies carry what their sources do
};

/// Copies between one pair of stores, each object as a whole.
///
/// How one object moves is decided here and nowhere else, in this order:
/// 1. both ends are one service → the service moves the bytes; none pass through us;
/// 2. the source was put in parts, or is too large for one put, or is large and a restart could
///    not prove what is there → parts, at the source's own boundaries where it has some, going
///    on from the checkpoint if there is one;
/// 3. else one GET streams into one PUT.
/// Every copy is proven before it is called done: equal content tokens of both ends, or a
/// checksum taken on the way against the end that can tell one.
/// Concurrency: any number of copies at once on the engine's executor.
class Copier {
 public:
  Copier(StorePair stores, const TransferOptions& options, CopyResources resources);
  Copier(Copier&&) = delete;
  ~Copier();

  /// Copies `entry`, a row of the source's listing, to `target_key`; yields the bytes moved.
  /// Effect: the target holds one version that the source had during the call, or what it held
  /// before. `progress.bytes` grows as bytes move.
  /// Failure: not_found when the source has lost it meanwhile, and, to be retried, when somebody
  /// freed the upload of its parts; corrupted when the proof failed
  /// (nothing of it becomes visible where the target can check before it commits);
  /// precondition_failed, of the source, when it changed while its parts were read, and, of the
  /// target, where `replaced` does not hold; the stores' errors. A copy inside of a service has no
  /// conditions: there `replaced` is ignored.
  [[nodiscard]] Task<Bytes> copy(const Context& context, const ListEntry& entry,
                                 const std::string& target_key,
                                 const Precondition& replaced = kAnything);
  /// Whether `copy_if` can move it: by case 3.
  [[nodiscard]] bool goes_in_one_put(const ListEntry& entry) const;
  /// Copies an object that goes in one put where `guard` allows it: one GET, one PUT, no look at
  /// either side before. Failure: as `copy`; precondition_failed, of the source, where it does not
  /// fit, and, of the target, where the condition does not hold.
  [[nodiscard]] Task<Copied> copy_if(const Context& context, const ListEntry& entry,
                                     const std::string& target_key, const CopyGuard& guard);
  /// The same, in parts, going on from an upload of this very object that somebody else has begun,
  /// whose parts are known to be the object's.
  [[nodiscard]] Task<Bytes> go_on(const Context& context, const std::string& source_key,
                                  const std::string& target_key, const UploadState& begun,
                                  const Precondition& replaced);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace godwit::transfer
