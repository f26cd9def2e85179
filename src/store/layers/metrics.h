#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "store/layers/around.h"

namespace godwit {

/// What was asked of a store, by operation. Calls are those of the engine: what a layer below
/// repeats counts once.
struct StoreMetrics {
  /// Upper bounds of the buckets: 1 ms, 2 ms, 4 ms … 32 s, and beyond.
  static constexpr std::size_t kBuckets = 17;

  struct Calls {
    std::uint64_t succeeded = 0;
    std::uint64_t failed = 0;   ///< without those that were told "not found"
    std::uint64_t absent = 0;   ///< not_found, which is an answer
    std::uint64_t unknown = 0;  ///< of the failed ones: those that may have taken effect
    Duration time{};            ///< of all calls together
    std::array<std::uint64_t, kBuckets> within{};  ///< calls by how long they took

    [[nodiscard]] std::uint64_t count() const { return succeeded + failed + absent; }
  };

  [[nodiscard]] const Calls& of(Operation operation) const {
    return calls[static_cast<std::size_t>(operation)];
  }

  std::array<Calls, kOperations> calls;
  Bytes bytes_read = 0;     ///< of bodies, as they were read
  Bytes bytes_written = 0;  ///< of bodies that a store has taken in whole
};

/// Wraps a store so that what is asked of it is counted in `metrics`, which must outlive it.
/// Concurrency: the engine executor; so is reading them.
[[nodiscard]] std::unique_ptr<Store> with_metrics(std::unique_ptr<Store> inner,
                                                  StoreMetrics& metrics);

}  // namespace godwit
