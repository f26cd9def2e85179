#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "godwit/merge.h"
#include "version/version.h"

namespace godwit {

/// The largest body that is merged, and the largest that merging may make.
inline constexpr Bytes kLargestMergeBody = 4 * kMiB;

/// Calls `merger` as all mergers are called.
/// Failure: its own; invalid_argument when it throws; limit_exceeded when a body or the result is
/// over kLargestMergeBody. Nothing is lost by any of them: both bodies are still there.
[[nodiscard]] Result<std::string> call_merger(const Merger& merger, const MergeInput& input);

/// Mergers by name, the built-in ones to begin with (version/builtin_mergers.h says what each
/// does): `json`, `counter`, `set`, `max`, `min`. Concurrency: as a value.
class Mergers {
 public:
  Mergers();

  /// Failure: invalid_argument without a name or a merger; precondition_failed if it is taken.
  [[nodiscard]] Result<void> add(const std::string& name, Merger merger);
  /// The merger, within the bounds of `call_merger`. Failure: invalid_argument, with the nearest
  /// name.
  [[nodiscard]] Result<Merger> find(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  std::map<std::string, Merger, std::less<>> mergers_;
};

}  // namespace godwit
