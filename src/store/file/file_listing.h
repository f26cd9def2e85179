#pragma once

#include <memory>

#include "store/file/file_tree.h"
#include "store/store.h"
#include "world/world.h"

namespace godwit::file {

/// Walks the tree in key order. Memory: one sorted directory per level of depth.
[[nodiscard]] std::unique_ptr<Listing> list_tree(World& world, std::shared_ptr<const Tree> tree,
                                                 const ListOptions& options, Where place);

}  // namespace godwit::file
