#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "godwit/units.h"

namespace godwit {

/// Reads "30s", "250ms", "5m", "2h", "7d", "1h30m", and a bare "0".
/// Failure: invalid_argument (no unit, negative, not a number, over 100 years).
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);

/// "1h 02m", "3.4s", "120ms": for people.
[[nodiscard]] std::string format_duration(Duration duration);

}  // namespace godwit
