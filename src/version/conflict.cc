#include "version/conflict.h"

#include <algorithm>
#include <array>
#include <compare>
#include <utility>

#include "base/suggest.h"

namespace godwit {
namespace {

constexpr std::array kPolicies = {ConflictPolicy::last_write_wins, ConflictPolicy::first_write_wins,
                                  ConflictPolicy::primary_wins, ConflictPolicy::merge,
                                  ConflictPolicy::manual};

bool is_deleted(const KeyState& state) { return state.presence == Presence::deleted; }

bool same_content(const KeyState& a, const KeyState& b) {
  if (a.presence != b.presence) return false;
  if (is_deleted(a)) return true;
  return a.size == b.size && a.etag == b.etag && !a.etag.empty();
}

/// Greater is what stays where versions do not tell.
std::strong_ordering compare_content(const KeyState& a, const KeyState& b) {
  if (a.presence != b.presence) {
    return is_deleted(a) ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  if (is_deleted(a)) return std::strong_ordering::equal;
  if (a.size != b.size) return a.size <=> b.size;
  return a.etag <=> b.etag;
}

/// The later one is greater. By time before the epoch, which says nothing of who was first.
std::strong_ordering compare_times(const Version& a, const Version& b) {
  const std::strong_ordering times = a.time <=> b.time;
  return times != 0 ? times : a <=> b;
}

/// Greater is what stays.
std::strong_ordering compare(ConflictPolicy policy, const KeyState& a, const KeyState& b) {
  const bool by_standing = policy == ConflictPolicy::primary_wins;
  if (by_standing && a.standing != b.standing) return a.standing <=> b.standing;
  const bool first_wins = policy == ConflictPolicy::first_write_wins;
  const std::strong_ordering versions =
      first_wins ? compare_times(b.version, a.version) : a.version <=> b.version;
  if (versions != 0) return versions;
  const std::strong_ordering contents = compare_content(a, b);
  return contents != 0 ? contents : a.standing <=> b.standing;
}

}  // namespace

std::string_view to_string(ConflictPolicy policy) {
  switch (policy) {
    case ConflictPolicy::last_write_wins: return "last_write_wins";
    case ConflictPolicy::first_write_wins: return "first_write_wins";
    case ConflictPolicy::primary_wins: return "primary_wins";
    case ConflictPolicy::merge: return "merge";
    case ConflictPolicy::manual: return "manual";
  }
  std::unreachable();
}

Result<ConflictPolicy> parse_conflict_policy(std::string_view name) {
  const auto* const found =
      std::ranges::find(kPolicies, name, [](ConflictPolicy policy) { return to_string(policy); });
  if (found != kPolicies.end()) return *found;
  std::array<std::string, kPolicies.size()> names;
  std::ranges::transform(kPolicies, names.begin(),
                         [](ConflictPolicy policy) { return std::string(to_string(policy)); });
  return fail(Error(Code::invalid_argument, "'" + std::string(name) + "' is no conflict policy")
                  .with_hint(suggest(name, names)));
}

Decision decide(ConflictPolicy policy, const KeyState& left, const KeyState& right) {
  const bool is_conflict = !same_content(left, right);
  if (is_conflict && policy == ConflictPolicy::manual) return {Keep::both, is_conflict};
  if (is_conflict && policy == ConflictPolicy::merge) {
    if (is_deleted(left)) return {Keep::right, is_conflict};
    if (is_deleted(right)) return {Keep::left, is_conflict};
    return {Keep::merged, is_conflict};
  }
  return {compare(policy, left, right) < 0 ? Keep::right : Keep::left, is_conflict};
}

}  // namespace godwit
