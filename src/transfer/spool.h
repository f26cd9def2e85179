#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "world/context.h"
#include "world/disk.h"

namespace godwit::transfer {

/// A list of keys of any length in bounded memory: what does not fit goes to a scratch file, in
/// the order of adding, and is read back in batches.
///
/// Concurrency: engine executor; `spill` and `next` one at a time.
class KeySpool {
 public:
  /// Keys kept in memory before they go to the file.
  static constexpr std::size_t kInMemory = 20'000;
  /// The bound where there is no directory to spill to.
  static constexpr std::uint64_t kMostWithoutFile = 1'000'000;

  /// `directory` empty: no file. The file is `name` in it; one left by a crash is replaced.
  KeySpool(World& world, std::string directory, const std::string& name);

  void add(std::string key);
  [[nodiscard]] std::uint64_t size() const { return added_; }
  /// Writes what is over the bound to the file. Failure: of the disk; limit_exceeded.
  [[nodiscard]] Task<void> spill();
  /// Up to `most` keys that were not read yet; empty at the end. No `add` after the first call.
  [[nodiscard]] Task<std::vector<std::string>> next(std::size_t most);
  /// Removes the file.
  [[nodiscard]] Task<void> remove();

 private:
  [[nodiscard]] Task<void> read_back();

  World& world_;
  std::string directory_;
  std::string path_;
  std::shared_ptr<File> file_;
  std::vector<std::string> keys_;
  std::size_t given_ = 0;  // of keys_
  std::uint64_t added_ = 0;
  Bytes written_ = 0;
  Bytes read_ = 0;
};

}  // namespace godwit::transfer
