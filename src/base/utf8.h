#pragma once

#include <string_view>

namespace godwit {

/// RFC 3629: no overlong forms, no surrogates.
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace godwit
