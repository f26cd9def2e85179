#pragma once

#include <memory>

#include "store/registry.h"

namespace godwit {

/// The objects behind one `memory:NAME`; shared by all stores that were opened on it.
class MemoryBucket;

/// `memory:NAME`: objects in this process's memory, for tests and trials. Every capability that
/// the battery knows, deterministic, gone with the process.
/// One SchemeInfo keeps the names: open it twice and `memory:a` is one place.
[[nodiscard]] SchemeInfo memory_scheme();

/// A store of its own, outside any name.
[[nodiscard]] std::unique_ptr<Store> make_memory_store(World& world, const std::string& name);

}  // namespace godwit
