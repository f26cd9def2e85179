#include "transfer/part_layout.h"

#include <algorithm>
#include <array>

namespace godwit::transfer {
namespace {

// Defaults of rclone (5), aws (8), s3cmd (15), ours (16), and round settings.
constexpr std::array<Bytes, 13> kCommonMiB = {5,   8,   15,  16,  10,   32, 64,
                                              100, 128, 256, 512, 1024, 20};

Bytes divide_up(Bytes value, Bytes by) { return (value + by - 1) / by; }

}  // namespace

std::uint32_t PartLayout::count() const {
  return static_cast<std::uint32_t>(std::max<Bytes>(1, divide_up(size, part_size)));
}

Bytes PartLayout::part(std::uint32_t number) const {
  return std::min(part_size, size - offset(number));
}

std::vector<Bytes> guess_part_sizes(Bytes size, std::uint32_t parts) {
  if (size == 0 || parts == 0) return {};
  if (parts == 1) return {size};
  const auto fits_count = [&](Bytes part_size) {
    return part_size > 0 && divide_up(size, part_size) == parts;
  };
  std::vector<Bytes> guesses;
  for (const Bytes mib : kCommonMiB) {
    if (fits_count(mib * kMiB)) guesses.push_back(mib * kMiB);
  }
  const Bytes smallest = divide_up(divide_up(size, parts), kMiB) * kMiB;
  for (Bytes part_size = smallest; fits_count(part_size); part_size += kMiB) {
    if (guesses.size() >= kMostGuesses) break;
    if (std::ranges::find(guesses, part_size) == guesses.end()) guesses.push_back(part_size);
  }
  if (guesses.size() > kMostGuesses) guesses.resize(kMostGuesses);
  return guesses;
}

std::optional<PartLayout> choose_layout(Bytes size, Bytes wanted, const Capabilities& target) {
  const Bytes needed = divide_up(size, target.max_parts);
  PartLayout layout{size, std::max({wanted, target.min_part_size, needed, Bytes{1}})};
  // Grown sizes are whole MiB, so that a later reader can guess them from the ETag.
  if (layout.part_size > wanted) layout.part_size = divide_up(layout.part_size, kMiB) * kMiB;
  layout.part_size = std::min(layout.part_size, target.max_part_size);
  if (!fits(layout, target)) return std::nullopt;
  return layout;
}

bool fits(const PartLayout& layout, const Capabilities& target) {
  const std::uint32_t count = layout.count();
  return count <= target.max_parts && layout.part_size <= target.max_part_size &&
         (count == 1 || layout.part_size >= target.min_part_size);
}

}  // namespace godwit::transfer
