#pragma once

#include "store/store.h"
#include "world/disk.h"

namespace godwit::file {

/// Writes a body into `file` from `offset` on, in pieces of 256 KiB.
/// Failure: of the body and of the disk; corrupted when the body is not `upload.size` long.
[[nodiscard]] Task<void> receive_into(const Context& context, File& file, Bytes offset,
                                      Upload upload);

}  // namespace godwit::file
