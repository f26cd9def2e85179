#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "store/capabilities.h"

namespace godwit::transfer {

/// How an object is cut: all parts of one size but the last, which is not larger.
struct PartLayout {
  Bytes size = 0;       ///< of the object
  Bytes part_size = 0;  ///< > 0

  [[nodiscard]] std::uint32_t count() const;
  [[nodiscard]] Bytes offset(std::uint32_t number) const { return (number - 1) * part_size; }
  [[nodiscard]] Bytes part(std::uint32_t number) const;  ///< number from 1 to count()
};

/// The part sizes that cut `size` bytes into `parts` parts and that uploaders use, the likeliest
/// first: sizes of whole MiB, those that are common defaults before the others. At most
/// kMostGuesses. Empty when none fits.
inline constexpr std::size_t kMostGuesses = 6;
[[nodiscard]] std::vector<Bytes> guess_part_sizes(Bytes size, std::uint32_t parts);

/// The smallest layout with parts of at least `wanted` that a store takes; nothing if none does.
[[nodiscard]] std::optional<PartLayout> choose_layout(Bytes size, Bytes wanted,
                                                      const Capabilities& target);

/// Whether a store takes an upload of this layout.
[[nodiscard]] bool fits(const PartLayout& layout, const Capabilities& target);

}  // namespace godwit::transfer
