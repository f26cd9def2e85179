#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "coordination/coordinator.h"
#include "replication/types.h"
#include "store/store.h"

namespace godwit::replication {

/// What a store says of itself, in an object of ours: whose it is. It tells two targets that are
/// one bucket under two names, a store of another group, an emptied primary, and an epoch that the
/// coordinator has forgotten.
struct Marker {
  std::string group;
  std::string target;       ///< the store's name in the group
  std::uint32_t epoch = 0;  ///< the greatest that it heard of
  std::string primary;      ///< who was primary in it
  bool operator==(const Marker&) const = default;
};

/// Where it is kept. JSON, so that a person can read it.
inline constexpr std::string_view kMarkerKey = ".godwit/group";

[[nodiscard]] std::string to_text(const Marker& marker);
/// Failure: corrupted; unsupported for a newer format.
[[nodiscard]] Result<Marker> parse_marker(std::string_view text);

/// Nothing where there is none. Failure: the store's, but not_found; `parse_marker`'s.
[[nodiscard]] Task<std::optional<Marker>> read_marker(const Context& context, Store& store);
/// Of a primary that was marked: it was emptied, or is another place than it was.
[[nodiscard]] Error lost_its_marker(const Store& primary);
/// Whether a store, in which there is a marker, keeps conditions: it is asked to take `marker` if
/// there is none. One that takes it does not keep them, whatever it says of itself.
[[nodiscard]] Task<bool> keeps_conditions(const Context& context, Store& store,
                                          const Marker& marker);
[[nodiscard]] Task<void> write_marker(const Context& context, Store& store, const Marker& marker);

/// Whether the store may be `target` of `group`. Failure: precondition_failed, with what to do.
[[nodiscard]] Result<void> check_owner(const Marker& marker, const std::string& group,
                                       const std::string& target, const Store& store);

using GroupStores = std::map<std::string, std::unique_ptr<Store>>;

/// The markers of all stores that answer within `health_check_timeout`, by name. A store that does
/// not is looked at again by its probes.
/// Failure: of `check_owner` for one of them; of `parse_marker`.
[[nodiscard]] Task<std::map<std::string, Marker>> find_markers(const Context& context,
                                                               const GroupConfig& config,
                                                               const GroupStores& stores);

/// Who is primary, as the coordinator knows it. If it knows nothing: the config's primary, in the
/// first epoch; or in one after the last that a store has heard of, when that was its primary: the
/// node's disk was lost, and the stores hold the truth.
/// Failure: precondition_failed when the stores know a later epoch than the coordinator, or another
/// primary than the config; the coordinator's.
[[nodiscard]] Task<GroupState> agreed_state(const Context& context, Coordinator& coordinator,
                                            const GroupConfig& config,
                                            const std::map<std::string, Marker>& markers);

/// Marks the primary with `marker`. True when it is marked; false when it does not answer.
/// `group_is_old`: a target has a marker of the group. Then a primary that has none was emptied, or
/// is another place than it was, and what is not there must not be removed from everywhere.
/// Failure: precondition_failed for such a one.
[[nodiscard]] Task<bool> claim_primary(const Context& context, Store& primary, const Marker& marker,
                                       bool group_is_old);

}  // namespace godwit::replication
