#include "journal/key_filter.h"

#include <algorithm>
#include <functional>

namespace godwit::journal {
namespace {

constexpr std::size_t kGrowth = 4;
constexpr std::size_t kBitsOfKey = 10;
constexpr int kBitsSet = 3;              // few, because the last part may have to take many keys
constexpr std::size_t kBitsOfPlace = 9;  // a block has 512

std::size_t hash_of(std::string_view key) { return std::hash<std::string_view>{}(key); }

}  // namespace

/// What a key sets in one part.
struct KeyFilter::Place {
  std::size_t block = 0;
  Block bits{};
};

KeyFilter::Place KeyFilter::place_of(std::size_t hash, const Part& part) {
  Place place{.block = (hash >> 32) % part.blocks.size()};
  // Of bits that the number of the block does not depend on alone.
  std::uint64_t bits = hash * 0x9e3779b97f4a7c15ULL;
  for (int i = 0; i < kBitsSet; ++i, bits >>= kBitsOfPlace) {
    place.bits.at((bits >> 6) % place.bits.size()) |= std::uint64_t{1} << (bits % 64);
  }
  return place;
}

void KeyFilter::add(std::string_view key) {
  if (parts_.empty() || parts_.back().room == 0) {
    const Bytes size =
        parts_.empty() ? kFirst : kGrowth * parts_.back().blocks.size() * sizeof(Block);
    if (parts_.empty() || memory() + size <= most_) {
      parts_.push_back(
          {.blocks = std::vector<Block>(size / sizeof(Block)), .room = size * 8 / kBitsOfKey});
    }
  }
  Part& part = parts_.back();
  part.room -= std::min<std::size_t>(part.room, 1);
  const Place place = place_of(hash_of(key), part);
  Block& block = part.blocks[place.block];
  for (std::size_t i = 0; i < block.size(); ++i) block[i] |= place.bits[i];
}

bool KeyFilter::may_have(std::string_view key) const {
  const std::size_t hash = hash_of(key);
  return std::ranges::any_of(parts_, [hash](const Part& part) {
    const Place place = place_of(hash, part);
    const Block& block = part.blocks[place.block];
    bool all = true;
    for (std::size_t i = 0; i < block.size(); ++i) {
      all = all && (block[i] & place.bits[i]) == place.bits[i];
    }
    return all;
  });
}

Bytes KeyFilter::memory() const {
  Bytes bytes = 0;
  for (const Part& part : parts_) bytes += part.blocks.size() * sizeof(Block);
  return bytes;
}

}  // namespace godwit::journal
