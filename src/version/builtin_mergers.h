#pragma once

#include <string>

#include "base/result.h"
#include "version/merge.h"

/// The mergers that are there without a callback. All keep the laws of `Merger`. JSON that they
/// make is compact, its names in the order of bytes.
/// Failure: invalid_argument for a body that is not what the merger is for.
/// Concurrency: pure. Cost: linear in the bodies (times the logarithm of their members).
namespace godwit {

/// `json`: two JSON objects become one, name by name and level by level.
///
/// - A name that only one side has is taken; nothing is ever removed by merging.
/// - Two objects are merged in turn. An object wins over what is none.
/// - Everything else (texts, numbers, true, false, null, and arrays, which are taken as a whole) is
///   of the side with the newer version; of equal versions, the one whose JSON text is greater.
///
/// Where three regions write, the newer side is not known by the versions of the bodies alone: of
/// {x:1} at version 1 and {y:1} at 3 comes {x:1,y:1} at 3, and an {x:2} at 2 is newer than its x.
/// So a result remembers which of its values are older than itself, in the member kJsonStamps:
/// {"of": VERSION of the result, "older": {VERSION: [JSON pointers, RFC 6901]}}. Once somebody
/// writes the body anew the note no longer fits its version and is passed over; then all values
/// are of that write. No note is made where all values are of one version.
[[nodiscard]] Result<std::string> merge_json(const MergeInput& input);
inline constexpr const char* kJsonStamps = ".godwit";

/// `counter`: {"p": {NODE: COUNT}, "n": {NODE: COUNT}}, counts that each node only ever raises in
/// its own place (Shapiro et al., "A comprehensive study of CRDTs", 2011: G-counter, and with "n"
/// PN-counter). The greater count of each node stays. The value is the sum of p less that of n.
/// Negative counts are refused, and those over 64 bits.
[[nodiscard]] Result<std::string> merge_counters(const MergeInput& input);

/// `set`: an array of texts, numbers, true, false and null; the union, without repetition, in the
/// order of the bytes of the elements' JSON texts (1 and 1.0 are two). Only ever grows: what one
/// side has removed comes back.
[[nodiscard]] Result<std::string> merge_sets(const MergeInput& input);

/// `max`, `min`: a decimal number of any length as text (-12.50), white space around it; the
/// greater or the smaller one, without needless zeros. No exponents.
[[nodiscard]] Result<std::string> merge_max(const MergeInput& input);
[[nodiscard]] Result<std::string> merge_min(const MergeInput& input);

}  // namespace godwit
