#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace godwit::journal {

/// Which keys of a target have a dead letter, as far as memory tells: whoever writes another key
/// need not ask the disk.
///
/// Concurrency: engine executor. Memory: some 40 bytes for each, of `kMost` at most.
class Graves {
 public:
  /// With more of them only the disk knows which they are, until there are none again.
  static constexpr std::size_t kMost = 50'000;

  /// `count`: those on disk. Which they are is not known before `found`.
  explicit Graves(std::uint64_t count) : count_(count), known_(count == 0) {}

  /// All keys of those on disk, or more than `kMost`.
  void found(const std::vector<std::string>& keys);
  void add(std::string_view key);
  void remove(std::string_view key);

  /// False: the key has none.
  [[nodiscard]] bool may_have(std::string_view key) const {
    return count_ > 0 && (!known_ || keys_.contains(hash_of(key)));
  }
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  [[nodiscard]] static std::size_t hash_of(std::string_view key) {
    return std::hash<std::string_view>{}(key);
  }

  std::uint64_t count_;
  bool known_;
  std::unordered_multiset<std::size_t> keys_;  // by hash: two that share one are asked for in vain
};

}  // namespace godwit::journal
