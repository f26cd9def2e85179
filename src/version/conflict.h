#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "godwit/types.h"
#include "version/version.h"

namespace godwit {

enum class Presence : std::uint8_t { present, deleted };

/// What one side says of a key. A deletion is a state like any other.
struct KeyState {
  Version version;
  Presence presence = Presence::present;
  Standing standing = Standing::other;
  /// Of one kind on both sides, so that equal ones of equal sizes prove equal content; "" proves
  /// nothing. Means nothing of a deletion, as `size` does.
  std::string etag;
  Bytes size = 0;
};

enum class Keep : std::uint8_t {
  left,
  right,
  merged,  ///< what a merger makes of both; it carries the newer version
  both     ///< as siblings, for a person
};

struct Decision {
  Keep keep = Keep::left;
  /// Content is at stake: to be counted, once. Where it is false both sides say the same, and
  /// `keep` only tells which version stands for it from now on.
  bool is_conflict = false;
  bool operator==(const Decision&) const = default;
};

/// Decides between two states of one key by `policy`.
///
/// The same side wins when left and right change places. The three policies that choose a side
/// choose the first in a total order (by version, time or standing, then content), so any number of
/// states ends with the same winner in whatever order they arrive, and however often. The versions
/// of states that differ may be equal (objects written behind our back): then a write stays and a
/// deletion goes, then the larger size, the greater etag in the order of bytes, the primary's.
///
/// Under `merge` a write outlives a deletion, also a newer one: were it the newer one that stays,
/// then what is merged with what would depend on the order of arrival.
/// Two states that are the same in every field: left, which is right.
/// Failure: none. Concurrency: pure. Cost: that of comparing the fields.
[[nodiscard]] Decision decide(ConflictPolicy policy, const KeyState& left, const KeyState& right);

}  // namespace godwit
