#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace godwit {

/// The candidate that `word` was most likely meant to be, or nothing when none is near
/// (optimal string alignment distance, at most a third of the word and at least one).
[[nodiscard]] std::optional<std::string> nearest(std::string_view word,
                                                 std::span<const std::string> candidates);

/// "did you mean 'endpoint'?", or, when nothing is near, "known: a, b, c".
[[nodiscard]] std::string suggest(std::string_view word, std::span<const std::string> candidates);

}  // namespace godwit
