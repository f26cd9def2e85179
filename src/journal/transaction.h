#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "journal/rows.h"
#include "kv/database.h"

namespace godwit::journal {

/// Changes of one atomic batch, which reads what it has written. Of a row that is changed again and
/// again only the last change is written. Blocks: on the blocking pool.
class Transaction {
 public:
  explicit Transaction(kv::Database& database) : database_(database) {}

  [[nodiscard]] Result<std::optional<std::string>> get(const std::string& key);
  void put(std::string key, std::string value);
  void erase(std::string key);
  void erase_range(const std::string& first, const std::string& end);
  /// The same for rows that nothing reads in a transaction, and that no range holds: they need not
  /// be remembered.
  void put_unread(std::string key, std::string value) {
    unread_.put(std::move(key), std::move(value));
  }
  void erase_unread(std::string key) { unread_.erase(std::move(key)); }
  /// Of one that was put at most once: see kv::Batch.
  void erase_once_unread(std::string key) { unread_.erase_once(std::move(key)); }
  /// Rows as they were before this transaction, with the values that they have now; without those
  /// that are gone, and without new ones.
  [[nodiscard]] Result<std::vector<kv::Row>> scan(const kv::Range& range);
  /// The row of a target, to be changed in place: nearly every step does. Of a target that is not
  /// there (any more) it is empty, and stays unwritten.
  [[nodiscard]] Result<TargetRow*> target(const std::string& name);
  void put_target(const std::string& name, const TargetRow& row);
  void erase_target(const std::string& name);
  /// All changes. None may follow.
  [[nodiscard]] kv::Batch take_batch();

 private:
  struct Target {
    TargetRow row;
    std::string before;  // as the database has it
    bool there = true;
  };

  /// Whether a range that was erased holds the key. What was written later is in `written_`.
  [[nodiscard]] bool is_erased(const std::string& key) const;

  kv::Database& database_;
  std::map<std::string, Target> targets_;
  kv::Batch unread_;
  std::unordered_map<std::string, std::optional<std::string>> written_;
  std::vector<std::pair<std::string, std::string>> erased_;  // ranges; `written_` is newer
};

}  // namespace godwit::journal
