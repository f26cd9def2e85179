#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace godwit::journal {

/// A set of keys that never says no of one that was added, and seldom yes of another (some 2 % in
/// each part): a Bloom filter that grows with what is added.
///
/// Cost: 10 to 50 bits of memory a key, `most` in all; from then on (35 million keys by default) it
/// says yes more and more often: of 5 % at 50 million, of 30 % at 100 million.
class KeyFilter {
 public:
  static constexpr Bytes kFirst = 32 * kKiB;
  /// Up to 43 MiB are used of it.
  static constexpr Bytes kMost = 48 * kMiB;

  explicit KeyFilter(Bytes most = kMost) : most_(most) {}

  void add(std::string_view key);
  [[nodiscard]] bool may_have(std::string_view key) const;
  void clear() { parts_.clear(); }
  [[nodiscard]] Bytes memory() const;

 private:
  /// One line of the processor's cache, so that a look costs one miss in each part.
  using Block = std::array<std::uint64_t, 8>;
  struct Part {
    std::vector<Block> blocks;
    std::size_t room = 0;  // keys until another part is wanted
  };
  struct Place;
  [[nodiscard]] static Place place_of(std::size_t hash, const Part& part);

  Bytes most_;
  std::vector<Part> parts_;  // each four times as large as the one before
};

}  // namespace godwit::journal
