#pragma once

#include <functional>
#include <string>

#include "godwit/verification.h"
#include "replication/engine.h"

namespace godwit::replication {

/// Takes a finding; the comparison goes on when it returns. A failure ends the comparison.
using FindingSink = std::function<Task<void>(Finding)>;

/// Compares a target with the primary, and tells of all that is not the same and will not be mended
/// by what is on its way: each finding of the two listings is looked at again while nothing is owed
/// of its key. Keys under ".godwit/" are not looked at. Changes nothing.
///
/// `options.progress` is called on the engine's executor.
/// Memory: some pages and their findings, whatever the number of keys. Cost: that of
/// transfer::verify, and for each finding that of a look at both sides at that level.
/// Failure: not_found; what breaks off a comparison that has begun is in the report.
[[nodiscard]] Task<VerifyReport> verify_target(const Context& context, Engine& engine,
                                               const std::string& target,
                                               const VerifyOptions& options,
                                               const FindingSink& sink);

/// Verifies, and delivers anew just what was found. Objects of the target that are replaced though
/// they carried the right version are kept under ".godwit/rescue/": nobody knows which side was
/// damaged. What the primary cannot read stays as it is, and fails.
/// Failure: as Redelivery::check; what breaks it off later is in the report.
[[nodiscard]] Task<RepairReport> repair_target(const Context& context, Engine& engine,
                                               const std::string& target,
                                               const RepairOptions& options,
                                               const FindingSink& sink);

}  // namespace godwit::replication
