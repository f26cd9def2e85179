#pragma once

#include "store/store.h"
#include "transfer/options.h"
#include "transfer/progress.h"

namespace godwit::transfer {

struct GcSummary {
  std::uint64_t found = 0;    ///< unfinished uploads under the prefix
  std::uint64_t removed = 0;  ///< older than the age (in a dry run: that would be)
  std::uint64_t failed = 0;
};

/// Frees multipart uploads that were begun more than `older_than` ago and never finished.
/// Failure: unsupported when the store has no multipart uploads; the store's errors.
[[nodiscard]] Task<GcSummary> gc(const Context& context, Store& store, const std::string& prefix,
                                 Duration older_than, Run run, Observer& observer);

}  // namespace godwit::transfer
