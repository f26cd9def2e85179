#pragma once

#include <string>

#include "store/store.h"

namespace godwit {

// For drivers that take in bodies.

/// The next `size` bytes of a body. Failure: of the body; corrupted when it ends before.
[[nodiscard]] Task<std::string> read_piece(Upload upload, std::size_t size);
/// corrupted when the body goes on behind its announced end.
[[nodiscard]] Task<void> expect_end(Upload upload);
/// All of a body that is small. Failure: as above.
[[nodiscard]] Task<std::string> read_exactly(Upload upload);
/// That a body is not as long as announced.
[[nodiscard]] std::unexpected<Error> wrong_length(Upload upload);

}  // namespace godwit
