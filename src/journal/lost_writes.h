#pragma once

#include <string>
#include <vector>

#include "journal/committer.h"

namespace godwit::journal {

/// Keys of which a primary that was lost may hold a write that nobody else has: that the primary of
/// today does not have them does not say that anyone has removed them. Kept on disk only, until all
/// such primaries have been compared.
///
/// Concurrency: engine executor.
class LostWrites {
 public:
  enum class Which : std::uint8_t {
    named,
    all  ///< nobody knows which: every key that is not written from now on
  };

  LostWrites(World& world, Committer& committer, kv::Database& database)
      : world_(world), committer_(committer), database_(database) {}

  /// Of what a process before has kept.
  struct Kept {
    bool any = false;
    bool all = false;
  };
  /// Blocks.
  [[nodiscard]] static Result<Kept> read(kv::Database& database);
  void recover(Kept kept) { kept_ = kept; }
  /// Besides those that are there. Returns when they are on stable storage.
  [[nodiscard]] Task<void> keep(std::vector<std::string> keys, Which which);
  /// The primary of today has taken a newer write, or removed the key.
  void written(const std::string& key);
  /// Failure: the database's; so is that of `read` and `keep`.
  [[nodiscard]] Task<bool> may_have(const std::string& key);
  /// Nobody holds what others lack any more.
  void clear();

 private:
  World& world_;
  Committer& committer_;
  kv::Database& database_;
  Kept kept_;
};

}  // namespace godwit::journal
