#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace godwit {

/// Deeper nesting is refused: who walks a document walks it by recursion.
inline constexpr int kDeepestJson = 64;

/// A JSON text (RFC 8259). Of names that an object has twice the last one counts. Numbers keep what
/// 64-bit integers and doubles hold.
/// Failure: invalid_argument when it is none, or nested deeper than kDeepestJson.
[[nodiscard]] Result<nlohmann::json> parse_json(std::string_view text);

}  // namespace godwit
