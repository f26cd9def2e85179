#pragma once

#include <string_view>

#include "base/result.h"
#include "godwit/version.h"
#include "version/hybrid_clock.h"

namespace godwit {

/// Region names: 1 to 64 of a-z, 0-9, '-', '_' and '.'; "" stands for nobody we know.
[[nodiscard]] Result<void> check_region(std::string_view region);

/// The version of an object that carries none: of epoch 0, so that whatever was written through us
/// is newer, and of the time that its store tells.
[[nodiscard]] Version derived_version(WallTime modified);

}  // namespace godwit
