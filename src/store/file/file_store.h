#pragma once

#include "store/registry.h"

namespace godwit::file {

/// `file:///DIR`: each object a file below a directory, replaced whole by rename.
[[nodiscard]] SchemeInfo file_scheme();

}  // namespace godwit::file
