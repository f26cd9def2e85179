#pragma once

#include <cstddef>

#include "store/store.h"

namespace godwit::transfer {

/// Takes in what a diff finds.
class DiffSink {
 public:
  virtual ~DiffSink() = default;
  /// One key: the rows of both sides; one may be null, not both. The rows may be moved from.
  /// Keys come in byte order within a key range, and once in all. Must not block.
  virtual void pair(ListEntry* source, ListEntry* target) = 0;
  /// Called between pages; the walk goes on when it returns. A failure ends the diff with it.
  [[nodiscard]] virtual Task<void> room() = 0;
};

struct DiffOptions {
  std::size_t listers = 8;  ///< key ranges that are walked at once, at most
  std::size_t page_size = 1000;
  std::string prefix;  ///< only keys that begin so; empty: all
};

/// Walks the listings of two stores side by side and hands every key to `sink`.
///
/// Two ordered streams are merge-joined, so memory is some pages, whatever the number of keys.
/// Where both stores list from anywhere, the key space is cut into ranges on the way: an idle
/// lister takes over the far half of a range whose walk is long, found by a few one-key probes.
/// Failure: of a listing, or `corrupted` where one is out of order. Then the sink has seen only
/// some of the keys; success means that it has seen all of them.
/// Concurrency: engine executor. Cost: a LIST per page of either side, and the probes.
[[nodiscard]] Task<void> list_diff(const Context& context, Store& source, Store& target,
                                   const DiffOptions& options, DiffSink& sink);

}  // namespace godwit::transfer
