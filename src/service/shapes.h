#pragma once

#include "godwit/replicated_store.h"
#include "service/api.h"
#include "service/attention.h"
#include "service/json.h"

// What the library tells, as JSON of the API.
namespace godwit::service {

/// What the library tells, and what there is to say of it: `configured_primary`, the primary's
/// region, a `note` and `conflicts` for each target, and `attention` (attention.h).
[[nodiscard]] Json shape(const GroupStatus& status, const ReplicationConfig& config,
                         const Conflicts& conflicts);
[[nodiscard]] Json shape(const Receipt& receipt);
[[nodiscard]] Json shape(const DeadLetter& letter);
[[nodiscard]] Json shape(const MoveReport& report);
[[nodiscard]] Json shape(const ListEntry& entry);
[[nodiscard]] std::string_view to_string(Ack ack);
/// "" for a target that was added since the start: the config does not know it.
[[nodiscard]] std::string region_of(const std::string& store, const ReplicationConfig& config);

// Arguments as texts. Failure: invalid_argument with the argument's name. Empty: nothing.
[[nodiscard]] Result<std::optional<Duration>> duration_argument(const std::string& name,
                                                                const std::string& text);
[[nodiscard]] Result<std::optional<Version>> version_argument(const std::string& name,
                                                              const std::string& text);
/// A number of which check_query knows that it is one; `fallback` where it is not given.
[[nodiscard]] std::uint64_t count_argument(const Call& call, const std::string& name,
                                           std::uint64_t fallback);

/// "text" of a field of the body; empty where it is not there.
[[nodiscard]] std::string field(const Call& call, const std::string& name);

}  // namespace godwit::service
