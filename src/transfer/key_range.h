#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace godwit::transfer {

/// A key between two others, about half-way if keys were evenly spread over printable ASCII.
///
/// `low` < result < `high` in byte order; an empty `high` is the end of all keys. The result is
/// printable ASCII behind what the two share, so that any service takes it as a start of a
/// listing. Nothing when there is no such key.
[[nodiscard]] std::optional<std::string> key_between(std::string_view low, std::string_view high);

/// The smallest key greater than `key`.
[[nodiscard]] inline std::string just_after(std::string_view key) {
  return std::string(key) + '\0';
}

}  // namespace godwit::transfer
