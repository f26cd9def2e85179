#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace godwit {

/// How two sets of seen writes relate.
enum class Causality : std::uint8_t {
  equal,
  before,     ///< the other has seen all of this, and more
  after,      ///< this has seen all of the other, and more
  concurrent  ///< each has seen what the other has not: a conflict
};

/// Per region, how many of its writes were seen (Parker et al., 1983). Absent regions count 0.
/// Merging is commutative, associative and idempotent.
class VersionVector {
 public:
  /// Bounds what a peer can make us keep.
  static constexpr std::size_t kMostRegions = 64;

  [[nodiscard]] std::uint64_t seen(const std::string& region) const;
  /// Counts one more write of `region`; returns its number. `region` must be legal.
  std::uint64_t add(const std::string& region);
  void merge(const VersionVector& other);
  [[nodiscard]] Causality compare(const VersionVector& other) const;
  [[nodiscard]] bool empty() const { return counts_.empty(); }
  bool operator==(const VersionVector&) const = default;

  /// "nyc3:12,sgp1:7", in the order of names; "" for nothing.
  [[nodiscard]] std::string to_text() const;
  /// Failure: invalid_argument for anything that `to_text` does not write; limit_exceeded over
  /// kMostRegions.
  [[nodiscard]] static Result<VersionVector> parse(std::string_view text);

 private:
  std::map<std::string, std::uint64_t> counts_;
};

}  // namespace godwit
