#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "godwit/error.h"
#include "godwit/version.h"

namespace godwit {

/// One of two bodies of a key that neither writer had seen the other's of.
struct MergeSide {
  std::string body;
  Version version;
};

struct MergeInput {
  MergeSide ours;
  MergeSide theirs;
  std::string content_type;
};

/// Makes one body of two; it then carries the newer version of both.
///
/// Regions merge in different orders, and what was merged meets its parts again. They end with one
/// body only if a merger keeps three laws, up to the byte: commutative (the sides may change
/// places), associative (it does not matter which two are merged first), idempotent (what is
/// already in changes nothing). Time, chance and the node that it runs on must play no part.
/// Failure: invalid_argument for bodies that it cannot merge; the caller then keeps both, as under
/// the policy `manual`.
using Merger = std::function<Result<std::string>(const MergeInput&)>;

enum class MergeLaw : std::uint8_t { commutative, associative, idempotent };
[[nodiscard]] std::string_view to_string(MergeLaw law);

/// A proof that a merger does not keep a law.
struct BrokenLaw {
  MergeLaw law = MergeLaw::commutative;
  std::vector<MergeSide> on;  ///< commutative, idempotent: two; associative: three
  std::string one;            ///< what came out one way: a body, or an error
  std::string other;          ///< what came out the other way
};

/// More samples than these are not looked at.
inline constexpr std::size_t kMostMergeSamples = 24;

/// Looks for a law that `merger` breaks on all pairs and triples of `samples`: bodies as the
/// application writes them, of different versions and, some, of one. Nothing found is no proof.
/// A refusal is held to the laws too: who refuses one way must not accept the other way.
/// Cost: about six calls of the merger for each triple.
[[nodiscard]] std::optional<BrokenLaw> check_merger(const Merger& merger,
                                                    const std::vector<MergeSide>& samples,
                                                    const std::string& content_type);

}  // namespace godwit
