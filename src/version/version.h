#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "version/hybrid_clock.h"

namespace godwit {

/// The version of an object or of its deletion. Totally ordered: by the epoch of the primary that
/// gave it, then time, then the region that it comes from, so that two of one moment are told apart
/// the same way everywhere.
struct Version {
  std::uint32_t epoch = 0;  ///< 0: written behind our back (see `derived_version`)
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

/// Region names: 1 to 64 of a-z, 0-9, '-', '_' and '.'; "" stands for nobody we know.
[[nodiscard]] Result<void> check_region(std::string_view region);

/// The version of an object that carries none: of epoch 0, so that whatever was written through us
/// is newer, and of the time that its store tells.
[[nodiscard]] Version derived_version(WallTime modified);

}  // namespace godwit
