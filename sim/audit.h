#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/history.h"
#include "store/store.h"
#include "transfer/gc.h"
#include "transfer/verify.h"

/// What `verify`, `repair` and `gc` promise, judged by what is really there.
namespace godwit::sim {

/// Whether an event puts its key into a class.
[[nodiscard]] bool is_class(transfer::EventKind kind);

/// One verify or repair, and all that it told and did.
struct Audit {
  transfer::VerifyLevel level = transfer::VerifyLevel::listing;
  bool mends = false;
  transfer::Extra extra = transfer::Extra::keep;
  /// Nothing went wrong, nobody changed anything.
  bool quiet = false;
  /// Bodies may arrive changed, so that what is the same may look different.
  bool flips = false;
  std::multimap<std::string, transfer::EventKind> named;  ///< classes, by key
  std::multiset<std::string> written;                     ///< keys that were put at the target
  std::optional<transfer::RepairSummary> summary;         ///< nothing when it failed
};

/// The two sides before the audit, and the target after it.
struct Sides {
  const Contents& source;
  const Contents& target;
  const Contents& after;
};

/// What the oracles know of a key besides.
struct Known {
  std::function<bool(const std::string&)> unchanged;  ///< at the source, since the audit began
  std::function<bool(const std::string&)> rotten;     ///< changed without any trace but its bytes
  bool tokens = false;                                ///< listings of both sides tell the content
};

/// The promises that were broken:
/// 1. Each pair is in just one class, each that is not the same is named, and counts add up.
/// 2. What differs at the level that was asked is named; unless it is said that a listing broke.
/// 3. What is named differs, in that way, or could not be read; in a quiet world it was read.
/// 4. A verify writes nothing; a repair only what it named, in a quiet world each just once.
/// 5. After a repair that says that all is done, what it could see is as at the source, and what
///    was the same is as it was. Extras are there unless they were to go.
[[nodiscard]] std::vector<std::string> judge(const Audit& audit, const Sides& sides,
                                             const Known& known);

/// Uploads and drafts before and after a gc.
struct Sweep {
  transfer::Run run = transfer::Run::real;
  WallTime surely_old{};    ///< what was begun then, or earlier, is old
  WallTime surely_young{};  ///< what was begun later is not
  std::vector<UploadId> before;
  std::vector<UploadId> after;
  std::optional<transfer::GcSummary> summary;  ///< nothing when it failed, or died
};

/// The promises that were broken: what is younger is there still; what is older is gone if that is
/// what was said, and there in a dry run. `ended`: ids of uploads that others ended meanwhile.
[[nodiscard]] std::vector<std::string> judge(const Sweep& sweep,
                                             const std::function<bool(const UploadId&)>& ended);

}  // namespace godwit::sim
