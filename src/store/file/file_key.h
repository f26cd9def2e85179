#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace godwit::file {

/// Our own directory inside a store's root: temporary files, uploads, sidecars.
inline constexpr std::string_view kOwnDirectory = ".godwit";

/// Whether `key` maps 1:1 to a path below the root: UTF-8, 1 to 1024 bytes, elements of 1 to 255
/// bytes that are not "." or "..", no NUL, not under ".godwit/" but for ".godwit/group" and what is
/// under ".godwit/rescue/".
/// Failure: invalid_argument with the reason.
[[nodiscard]] Result<void> check_key(std::string_view key);

}  // namespace godwit::file
