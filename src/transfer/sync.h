#pragma once

#include <optional>

#include "store/store.h"
#include "transfer/options.h"
#include "transfer/progress.h"

namespace godwit::transfer {

/// How a sync ended. Failures of single objects are counted, not thrown: see `Progress::failed`.
struct SyncSummary {
  Progress progress;
  /// A listing broke off. What was listed before was copied; nothing was deleted.
  std::optional<Error> listing_error;
  /// Deletes were due and refused (empty source, max_delete, failed copies); says why.
  std::optional<Error> delete_refused;
  /// The run was cancelled or ran out of time. What was done stays; a second run goes on.
  std::optional<Error> interrupted;
  Duration elapsed{};
};

/// Makes the target hold what the source holds: two listings are merge-joined, what differs is
/// copied, and, if asked, what only the target has is removed at the very end.
///
/// Safe to stop at any moment and to run again: objects become visible whole or not at all, and a
/// second run finds what is done and resumes large copies from their parts. Removals happen only
/// after both listings came to their end without an error, and after all copies.
/// Failure (nothing was changed): precondition_failed when another sync of this pair runs here;
/// invalid_argument when both are one place.
/// Concurrency: engine executor. Memory: bounded by the options, not by objects or their sizes.
/// Cost: one LIST per 1000 keys of each side, then GET + PUT per object that differs; no HEAD.
[[nodiscard]] Task<SyncSummary> sync(const Context& context, Store& source, Store& target,
                                     const SyncOptions& options, Observer& observer);

}  // namespace godwit::transfer
