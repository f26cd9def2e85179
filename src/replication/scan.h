#pragma once

#include "godwit/verification.h"
#include "replication/noticed.h"

namespace godwit::replication {

/// Finds what others have done at the primary by comparing its listing with those of the targets
/// that can be asked, and notices each key that differs. Removals come at the very end, when both
/// listings have come to theirs; none is believed where there are more than Detection allows.
/// Breaks off when the primary moves. Memory does not grow with the keys.
/// Cost: two listings per target, a look at what differs.
[[nodiscard]] Task<ScanReport> scan_primary(const Context& context, Engine& engine,
                                            Noticed& noticed);

}  // namespace godwit::replication
