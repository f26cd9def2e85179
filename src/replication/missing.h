#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "godwit/object.h"

namespace godwit::replication {

/// Rows of the primary's listing whose keys a target's listing did not have: such an object may be
/// put there on the condition that there is still none, with no look at either side before.
/// A row may be forgotten at any time; then they are looked at. Concurrency: engine executor.
class Missing {
 public:
  static constexpr std::size_t kMost = 8192;

  void note(ListEntry row) {
    if (rows_.size() >= kMost) return;
    std::string key = row.key;
    rows_.insert_or_assign(std::move(key), std::move(row));
  }
  [[nodiscard]] std::optional<ListEntry> take(const std::string& key) {
    auto row = rows_.extract(key);
    return row ? std::optional(std::move(row.mapped())) : std::nullopt;
  }
  void clear() { rows_.clear(); }

 private:
  std::unordered_map<std::string, ListEntry> rows_;
};

}  // namespace godwit::replication
