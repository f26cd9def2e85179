#include "version/tombstone.h"

#include <algorithm>

namespace godwit {

// An empty optional is less than every version.
bool may_collect(const Version& tombstone, std::span<const TargetProgress> targets) {
  return std::ranges::all_of(targets, [&tombstone](const TargetProgress& target) {
    return target.membership == Membership::removed || target.confirmed >= tombstone;
  });
}

bool must_reseed(const TargetProgress& target, const std::optional<Version>& collected) {
  return target.confirmed < collected;
}

}  // namespace godwit
