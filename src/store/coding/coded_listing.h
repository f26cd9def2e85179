#pragma once

#include <memory>

#include "store/coding/reading.h"
#include "store/store.h"

namespace godwit::coding {

/// A listing of `inner` that tells of objects what `reading` sees: each is looked at, up to 32 at
/// once. Those that are removed meanwhile are left out. `reading` outlives it.
[[nodiscard]] std::unique_ptr<Listing> describe_listing(std::unique_ptr<Listing> inner,
                                                        Reading& reading);

}  // namespace godwit::coding
