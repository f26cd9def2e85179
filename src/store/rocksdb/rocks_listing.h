#pragma once

#include <memory>
#include <string>

#include "store/rocksdb/calls.h"

namespace godwit::rocks {

/// A walk through the objects whose keys begin with `root`, which entries are told without.
[[nodiscard]] std::unique_ptr<Listing> list_objects(const Calls& calls, const std::string& root,
                                                    const ListOptions& options, Where place);

}  // namespace godwit::rocks
