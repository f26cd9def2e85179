#pragma once

#include <optional>

#include "store/store.h"
#include "transfer/options.h"
#include "transfer/progress.h"

namespace godwit::transfer {

/// What a comparison of two stores found. Every pair is in just one class.
struct VerifySummary {
  std::uint64_t total = 0;          ///< keys seen on either side, after filters
  std::uint64_t same = 0;           ///< proven at the level that was asked
  std::uint64_t unproven = 0;       ///< same size, and no more can be told at this level
  std::uint64_t missing = 0;        ///< the target lacks it
  std::uint64_t extra = 0;          ///< only the target has it
  std::uint64_t different = 0;      ///< size or content
  std::uint64_t doubtful = 0;       ///< a power loss may have spoiled it (listing level only)
  std::uint64_t metadata_only = 0;  ///< same content, other metadata (checksum level and up)
  std::uint64_t unreadable = 0;     ///< one side could not be read: the error is in the event
  Bytes bytes_read = 0;
  std::optional<Error> listing_error;
  std::optional<Error> interrupted;
  Duration elapsed{};

  /// True when nothing was found and the listings came to their end.
  [[nodiscard]] bool clean() const;
};

/// Compares two stores and tells of every object that is not the same; changes nothing.
///
/// Cost by level: listing: LIST only. checksum: + a HEAD of both sides per object, and a read of
/// sides whose content has no stored checksum that compares. content: + a GET of both sides.
/// Failure: invalid_argument, cancelled. A listing that broke off is in the summary.
[[nodiscard]] Task<VerifySummary> verify(const Context& context, Store& source, Store& target,
                                         const VerifyOptions& options, Observer& observer);

struct RepairSummary {
  VerifySummary found;
  Progress progress;                    ///< of the copies (and removals) that mended it
  std::optional<Error> delete_refused;  ///< as in SyncSummary
};

/// Verifies, and copies just the objects that are missing, different, doubtful, of other metadata,
/// or unreadable at the target. Extras are removed only if asked, last, and as `sync` does: not
/// after copies that failed, and not all of a target because the source is empty.
[[nodiscard]] Task<RepairSummary> repair(const Context& context, Store& source, Store& target,
                                         const RepairOptions& options, Observer& observer);

}  // namespace godwit::transfer
