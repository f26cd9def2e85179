#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "store/rocksdb/bodies.h"
#include "store/store.h"

namespace godwit::rocks {

/// What a new header is made of, besides its body.
struct Description {
  WallTime now{};
  std::string token;  ///< where the writer told no content token
};

/// Objects as rows: each change is one batch, conditions are checked under a lock of the key.
/// All calls block. Thread-safe.
class Objects {
 public:
  Objects(kv::Database& database, Bodies& bodies, kv::Durability durability)
      : database_(database), bodies_(bodies), durability_(durability) {}

  /// not_found.
  [[nodiscard]] Result<Header> find(const std::string& key) const;
  /// As `find`; the bytes stay until they are unpinned.
  [[nodiscard]] Result<Header> find_and_pin(const std::string& key);
  /// Makes the draft the object. precondition_failed; the draft is then still one.
  [[nodiscard]] Result<PutResult> commit(const std::string& key, const Draft& draft,
                                         const PutOptions& options, const Description& description);
  /// Adds what else must happen with it, and what the batch takes from other owners.
  struct Along {
    kv::Batch batch;
    std::vector<Run> retired;
  };
  /// Makes `header` the object, along with other changes. Failure: as `commit`.
  [[nodiscard]] Result<PutResult> replace(const std::string& key, const Header& header,
                                          const PutOptions& options, Along along);
  /// All of them, in one batch.
  [[nodiscard]] Result<void> remove(std::span<const std::string> keys);
  /// Rows of objects, from `range.first` on.
  [[nodiscard]] Result<std::vector<kv::Row>> scan(const kv::Range& range) const {
    return database_.scan(range);
  }
  [[nodiscard]] static Header header_of(const PutOptions& options, const Description& description);

 private:
  /// A removal of many keys may hold all of them, and the thread sanitizer follows no more than 64
  /// locks that one thread holds.
  static constexpr std::size_t kStripes = 32;
  /// Of the keys with one hash: `commits` is held while an object is changed, `reads` while its
  /// header is read and its body pinned.
  struct Stripe {
    std::mutex commits;
    std::mutex reads;
  };
  [[nodiscard]] Stripe& stripe_of(const std::string& key);
  [[nodiscard]] std::vector<std::unique_lock<std::mutex>> lock_commits(
      std::span<const std::string> keys);
  [[nodiscard]] Result<std::optional<Header>> look(const std::string& key) const;
  void see_off_readers(const std::string& key);

  kv::Database& database_;
  Bodies& bodies_;
  kv::Durability durability_;
  std::array<Stripe, kStripes> stripes_;
};

}  // namespace godwit::rocks
