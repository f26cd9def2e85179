#include "journal/transaction.h"

#include <algorithm>
#include <utility>

namespace godwit::journal {

Result<std::optional<std::string>> Transaction::get(const std::string& key) {
  const auto written = written_.find(key);
  if (written != written_.end()) return written->second;
  if (is_erased(key)) return std::nullopt;
  return database_.get(key);
}

Result<std::vector<kv::Row>> Transaction::scan(const kv::Range& range) {
  GODWIT_TRY(auto rows, database_.scan(range));
  std::erase_if(rows, [this](kv::Row& row) {
    const auto written = written_.find(row.key);
    if (written == written_.end()) return is_erased(row.key);
    if (!written->second) return true;
    row.value = *written->second;
    return false;
  });
  return rows;
}

bool Transaction::is_erased(const std::string& key) const {
  return std::ranges::any_of(
      erased_, [&key](const auto& range) { return key >= range.first && key < range.second; });
}

void Transaction::put(std::string key, std::string value) {
  written_[std::move(key)] = std::move(value);
}

void Transaction::erase(std::string key) { written_[std::move(key)] = std::nullopt; }

void Transaction::erase_range(const std::string& first, const std::string& end) {
  for (auto& [key, value] : written_) {
    if (key >= first && key < end) value = std::nullopt;
  }
  erased_.emplace_back(first, end);
}

Result<TargetRow*> Transaction::target(const std::string& name) {
  auto known = targets_.find(name);
  if (known == targets_.end()) {
    GODWIT_TRY(auto value, get(target_key(name)));
    Target target{.there = value.has_value()};
    if (value) {
      GODWIT_TRY(target.row, decode_target(*value));
      target.before = *std::move(value);
    }
    known = targets_.emplace(name, std::move(target)).first;
  }
  return &known->second.row;
}

void Transaction::put_target(const std::string& name, const TargetRow& row) {
  targets_[name] = {.row = row, .before = {}};
}

void Transaction::erase_target(const std::string& name) {
  targets_.erase(name);
  erase(target_key(name));
}

kv::Batch Transaction::take_batch() {
  kv::Batch batch = std::move(unread_);
  // Ranges first: what was written before them and lies in one is erased in `written_` too.
  for (auto& [first, end] : erased_) batch.erase_range(std::move(first), std::move(end));
  for (const auto& [name, target] : targets_) {
    if (!target.there) continue;
    std::string value = encode(target.row);
    if (value != target.before) put(target_key(name), std::move(value));
  }
  // The database takes rows in their order at less cost.
  std::vector<decltype(written_)::node_type> rows;
  rows.reserve(written_.size());
  while (!written_.empty()) rows.push_back(written_.extract(written_.begin()));
  std::ranges::sort(rows, {}, [](const auto& row) -> const std::string& { return row.key(); });
  for (auto& row : rows) {
    if (row.mapped()) {
      batch.put(std::move(row.key()), *std::move(row.mapped()));
    } else {
      batch.erase(std::move(row.key()));
    }
  }
  return batch;
}

}  // namespace godwit::journal
