#pragma once

#include <memory>
#include <optional>

#include "store/coding/coding_spec.h"
#include "store/store.h"
#include "world/world.h"

namespace godwit::coding {

/// Wraps a store so that bodies are compressed and sealed on their way in, and come back as they
/// were: sizes, ranges and version tokens are those of the plain bodies. What was put without is
/// read as it is. `spec` says what happens to new bodies. README.md has the cost and the limits.
///
/// It goes around the other layers (store/layers), so that what they repeat and count is one call
/// to the store and not a body. Reads the key file: blocks. Without a `spec` it is `inner` itself.
/// Failure: invalid_argument for the key file; unsupported where the store keeps no metadata.
[[nodiscard]] Result<std::unique_ptr<Store>> with_coding(World& world, std::unique_ptr<Store> inner,
                                                         const std::optional<CodingSpec>& spec);

}  // namespace godwit::coding
