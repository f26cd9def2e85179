#pragma once

#include "base/packing.h"
#include "store/object.h"

namespace godwit {

/// All of `metadata`, also what is empty.
void pack(Packer& into, const Metadata& metadata);
[[nodiscard]] Metadata unpack_metadata(Unpacker& from);

}  // namespace godwit
