#pragma once

#include <memory>
#include <string>

#include "store/store.h"
#include "transfer/copy.h"

namespace godwit::transfer {

/// Two stores may not be one place: a sync onto itself would delete or overwrite what it reads.
[[nodiscard]] Result<void> check_pair(const StorePair& stores);

/// Keeps a second run of the same pair on this machine out until it is destroyed. Without a state
/// directory there is no lock. Failure: precondition_failed when another run holds it.
[[nodiscard]] Task<std::shared_ptr<void>> lock_pair(const Context& context, const StorePair& stores,
                                                    const std::string& state_directory);

/// Removes keys of `store` in batches, told to `observer` and counted in `progress`.
class KeySpool;
[[nodiscard]] Task<void> remove_keys(const Context& context, Store& store, KeySpool& keys,
                                     CopyResources resources);

/// A name for files about one pair of places.
[[nodiscard]] std::string pair_name(const std::string& source, const std::string& target);

}  // namespace godwit::transfer
