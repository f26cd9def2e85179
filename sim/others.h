#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim/history.h"
#include "sim/scenario.h"
#include "store/store.h"
#include "world/sim/sim_world.h"

namespace godwit::sim {

/// Those who spoil the target between two syncs, and leave uploads and drafts there. They know what
/// they did, so that the oracles can tell it from what a sync did.
///
/// The store that a call is given is the target itself, with no layer around it. What they do goes
/// wrong at no call, and is on the platter at once.
class Others {
 public:
  Others(SimWorld& world, Kind target) : world_(world), kind_(target), context_(world) {}

  /// Changes or removes some of the objects that are `there`; yields their keys.
  [[nodiscard]] Task<std::set<std::string>> damage(Store& store, const Contents& there);
  /// How they left the objects of these keys, as a look at the target tells.
  void remember(const std::set<std::string>& keys, const Contents& now);
  /// All that they spoiled was mended.
  void forget();
  /// Whether an object is as they left it.
  [[nodiscard]] bool have_damaged(const std::string& key, const Found& found) const;
  /// The same, and nothing but its bytes tells.
  [[nodiscard]] bool have_hidden(const std::string& key, const Found& found) const;

  /// Begins an upload that nobody finishes and, in a directory, leaves a draft that was about to be
  /// an object.
  [[nodiscard]] Task<void> begin_upload(Store& store);
  [[nodiscard]] bool have_begun_any() const { return !begun_.empty(); }
  [[nodiscard]] bool have_begun(const UploadId& upload) const { return begun_.contains(upload.id); }
  /// All uploads of the target. When theirs were begun, they know best.
  [[nodiscard]] Task<std::vector<UploadId>> uploads(Store& store);

 private:
  std::uint64_t below(std::uint64_t bound) { return world_.random() % bound; }
  Task<void> damage_one(Store& store, std::string key, Found found);
  Task<void> damage_put(Store& store, std::string key, Found found);
  Result<void> damage_in_place(const std::string& key, const Found& found);
  Task<void> remove(Store& store, std::string key);
  Result<void> leave_draft();

  SimWorld& world_;
  Kind kind_;
  Context context_;
  Contents damaged_;                       // as they left it
  std::set<std::string> rotten_;           // so that only the bytes tell
  std::map<std::string, WallTime> begun_;  // uploads and drafts, by id
};

}  // namespace godwit::sim
