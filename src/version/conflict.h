#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "version/version.h"

namespace godwit {

/// What happens to two states of one key of which neither writer had seen the other.
enum class ConflictPolicy : std::uint8_t {
  last_write_wins,   ///< the newer version stays
  first_write_wins,  ///< the one of the earlier time stays, whichever arrived first
  primary_wins,      ///< the primary's state stays; of two others the newer one
  merge,             ///< both bodies become one (version/merge.h); a write outlives a deletion
  manual             ///< both stay, until a person has chosen
};

/// The name used in config, logs and `--json`: "last_write_wins".
[[nodiscard]] std::string_view to_string(ConflictPolicy policy);
/// Failure: invalid_argument, with the nearest name.
[[nodiscard]] Result<ConflictPolicy> parse_conflict_policy(std::string_view name);

enum class Presence : std::uint8_t { present, deleted };

/// Whose state it is.
enum class Standing : std::uint8_t { other, primary };

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
/// choose the first in a total order (by version or standing, then content), so any number of
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
