#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

/// Ordered rows of bytes, embedded in the process: what the journal and the `rocksdb:` store
/// stand on.
namespace godwit::kv {

struct Row {
  std::string key;
  std::string value;
  bool operator==(const Row&) const = default;
};

/// Changes that happen together or not at all, in their order.
class Batch {
 public:
  enum class Kind : std::uint8_t { put, erase, erase_once, erase_range };
  struct Change {
    Kind kind = Kind::put;
    std::string key;    ///< of a range: its first key
    std::string value;  ///< of a range: its end, exclusive
  };

  void put(std::string key, std::string value) {
    changes_.push_back({Kind::put, std::move(key), std::move(value)});
  }
  /// Fine when there is no such row.
  void erase(std::string key) { changes_.push_back({Kind::erase, std::move(key), {}}); }
  /// Of a row that was put at most once since there was none of its key, and is put no more: then
  /// nothing is left of both as soon as they meet. Else an older value may come back.
  void erase_once(std::string key) { changes_.push_back({Kind::erase_once, std::move(key), {}}); }
  /// All rows from `first` up to and without `end`.
  void erase_range(std::string first, std::string end) {
    changes_.push_back({Kind::erase_range, std::move(first), std::move(end)});
  }
  [[nodiscard]] bool empty() const { return changes_.empty(); }
  [[nodiscard]] const std::vector<Change>& changes() const { return changes_; }

 private:
  std::vector<Change> changes_;
};

enum class Durability : std::uint8_t {
  now,   ///< on stable storage when `write` returns, with all that was written before
  later  ///< survives the process at once, and a power loss some time later
};

/// Where a scan goes.
struct Range {
  std::string first;        ///< inclusive
  std::string end;          ///< exclusive; empty: to the last row
  std::size_t most = 1000;  ///< rows
  Bytes most_bytes = kMiB;  ///< of keys and values; the first row always comes
};

/// One open database. Rows are ordered by the bytes of their keys.
///
/// After a crash it holds what a prefix of the writes made, whole batches only, at least up to the
/// last one with Durability::now.
/// All calls block: make them on the blocking pool. Thread-safety: any number of calls at once.
/// Failure of all: no_space, permission_denied, corrupted (with the file), unavailable. After a
/// write that failed nothing of it is visible, and whether it comes back after a crash is
/// unknown: `outcome()` says so. A later write ends that: once one has succeeded, none that failed
/// before comes back; of those that failed one after the other at most one does.
class Database {
 public:
  virtual ~Database() = default;  ///< closes; what was written stays

  [[nodiscard]] virtual Result<std::optional<std::string>> get(std::string_view key) = 0;
  /// One answer for each key, in order.
  [[nodiscard]] virtual Result<std::vector<std::optional<std::string>>> get_many(
      const std::vector<std::string>& keys) = 0;
  [[nodiscard]] virtual Result<void> write(const Batch& batch, Durability durability) = 0;
  /// Rows in order, all of one moment. Fewer than `range.most` only where a limit in bytes or the
  /// end of the range was reached; empty: there are no more.
  [[nodiscard]] virtual Result<std::vector<Row>> scan(const Range& range) = 0;
};

struct DatabaseOptions {
  Bytes memory = 64 * kMiB;  ///< of write buffers and cache together, about
};

/// Opens databases: RocksDB (rocks_engine.h), or a simulated one (sim_engine.h).
class Engine {
 public:
  virtual ~Engine() = default;
  /// Opens the database in `directory`, or makes one. One process at a time. Blocks.
  /// Failure: precondition_failed when another process has it open; corrupted when rows that were
  /// sure are damaged (a tail that a crash has torn is none); permission_denied; no_space;
  /// unsupported when a newer RocksDB wrote it.
  [[nodiscard]] virtual Result<std::unique_ptr<Database>> open(const std::string& directory,
                                                               const DatabaseOptions& options) = 0;
};

}  // namespace godwit::kv
