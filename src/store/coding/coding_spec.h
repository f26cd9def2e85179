#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/coding/frames.h"
#include "store/spec.h"

namespace godwit::coding {

/// What a store does to the bodies that are put to it, as data.
struct CodingSpec {
  Compression compression = Compression::none;
  int level = 0;              ///< of the compression; 0: as `default_level` says
  Bytes min_size = 4 * kKiB;  ///< smaller bodies are not compressed
  std::string key_file;       ///< empty: not sealed

  /// Whether new bodies are changed at all.
  [[nodiscard]] bool changes() const {
    return compression != Compression::none || !key_file.empty();
  }
};

[[nodiscard]] int default_level(Compression compression);

/// The options that every store takes, whatever its kind; docs/reference/stores.md has them.
[[nodiscard]] const std::vector<OptionInfo>& coding_options();

/// Takes those options out of `spec`. Nothing when it has none of them: then the store shows what
/// it holds as it is. Failure: invalid_argument.
[[nodiscard]] Result<std::optional<CodingSpec>> take_coding(StoreSpec& spec);

}  // namespace godwit::coding
