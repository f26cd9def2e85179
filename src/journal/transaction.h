#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kv/database.h"

namespace godwit::journal {

/// Changes of one atomic batch, which reads what it has written. Blocks: on the blocking pool.
class Transaction {
 public:
  explicit Transaction(kv::Database& database) : database_(database) {}

  [[nodiscard]] Result<std::optional<std::string>> get(const std::string& key);
  void put(const std::string& key, std::string value);
  void erase(const std::string& key);
  void erase_range(const std::string& first, const std::string& end);
  /// The database as it was before this transaction.
  [[nodiscard]] kv::Database& before() { return database_; }
  [[nodiscard]] const kv::Batch& batch() const { return batch_; }

 private:
  kv::Database& database_;
  kv::Batch batch_;
  std::unordered_map<std::string, std::optional<std::string>> written_;
  std::vector<std::pair<std::string, std::string>> erased_;  // ranges; `written_` is newer
};

}  // namespace godwit::journal
