#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "godwit/error.h"
#include "godwit/units.h"

namespace godwit {

/// A moment of a hybrid logical clock: 48 bits of milliseconds since 1970, 16 bits that count what
/// happened within one. Ordered as the events were that made one another.
struct HybridTime {
  std::uint64_t value = 0;

  static constexpr unsigned kCounterBits = 16;
  static constexpr std::uint64_t kCounterMask = (1U << kCounterBits) - 1;

  /// The first moment of the millisecond of `time`; of 1970 for what was before.
  [[nodiscard]] static HybridTime at(WallTime time);
  [[nodiscard]] WallTime wall() const;
  [[nodiscard]] std::uint64_t counter() const { return value & kCounterMask; }
  auto operator<=>(const HybridTime&) const = default;
};

/// The version of an object or of its deletion. Totally ordered: by the epoch of the primary that
/// gave it, then time, then the region that it comes from, so that two of one moment are told apart
/// the same way everywhere.
struct Version {
  std::uint32_t epoch = 0;  ///< 0: written behind our back
  HybridTime time;
  std::string region;

  auto operator<=>(const Version&) const = default;
  bool operator==(const Version&) const = default;

  /// As it travels in metadata: EPOCH-TIME-REGION, the numbers in lower-case hexadecimal of 8 and
  /// 16 digits, so that texts of one region sort as versions do. At most 90 bytes.
  [[nodiscard]] std::string to_text() const;
  /// Failure: invalid_argument for anything that `to_text` does not write.
  [[nodiscard]] static Result<Version> parse(std::string_view text);
};

}  // namespace godwit
