#pragma once

#include <memory>

#include "store/rocksdb/calls.h"

namespace godwit::rocks {

/// An object that is read: its bytes stay as long as this does, also when it is replaced.
struct Reading {
  Header header;
  std::shared_ptr<void> pin;
};

/// not_found. Blocks.
[[nodiscard]] Result<Reading> begin_reading(const std::shared_ptr<Tables>& tables,
                                            const std::string& key);

/// The bytes of `range`. Holds one chunk in memory.
[[nodiscard]] std::unique_ptr<Body> make_body(const Calls& calls, const Reading& reading,
                                              ByteRange range, Where place);

}  // namespace godwit::rocks
