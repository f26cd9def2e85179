#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/object.h"

namespace godwit::transfer {

enum class FilterAction : std::uint8_t { include, exclude };

/// A glob over whole keys: `*` and `?` stop at '/', `**` does not, `[a-z]`, `{a,b}`, `\` escapes.
/// Without a leading '/' the pattern matches at the end of the key, from a path element on
/// ("*.tmp" matches "a/b.tmp"); with one, from the start.
class Glob {
 public:
  /// Failure: invalid_argument (unbalanced bracket or brace, empty).
  [[nodiscard]] static Result<Glob> parse(std::string_view pattern);
  [[nodiscard]] bool matches(std::string_view key) const;
  [[nodiscard]] const std::string& pattern() const { return pattern_; }

 private:
  std::string pattern_;
  std::vector<std::string> alternatives_;  // braces expanded; each begins with '/' if anchored
};

struct FilterRule {
  FilterAction action = FilterAction::include;
  Glob glob;
};

/// Which objects take part. What does not take part is neither copied nor removed nor counted.
struct Filter {
  /// The first rule that matches decides; none: taken, unless there are only include rules.
  std::vector<FilterRule> rules;
  std::optional<Bytes> min_size;
  std::optional<Bytes> max_size;
  /// Modified at least / at most this long before the run began.
  std::optional<Duration> min_age;
  std::optional<Duration> max_age;

  [[nodiscard]] bool takes_key(std::string_view key) const;
  /// Key, size and age. `now`: the start of the run.
  [[nodiscard]] bool takes(const ListEntry& entry, WallTime now) const;
};

}  // namespace godwit::transfer
