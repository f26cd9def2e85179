#include "journal/transaction.h"

#include <utility>

namespace godwit::journal {

Result<std::optional<std::string>> Transaction::get(const std::string& key) {
  const auto written = written_.find(key);
  if (written != written_.end()) return written->second;
  for (const auto& [first, end] : erased_) {
    if (key >= first && key < end) return std::nullopt;
  }
  return database_.get(key);
}

void Transaction::put(const std::string& key, std::string value) {
  written_[key] = value;
  batch_.put(key, std::move(value));
}

void Transaction::erase(const std::string& key) {
  written_[key] = std::nullopt;
  batch_.erase(key);
}

void Transaction::erase_range(const std::string& first, const std::string& end) {
  for (auto& [key, value] : written_) {
    if (key >= first && key < end) value = std::nullopt;
  }
  erased_.emplace_back(first, end);
  batch_.erase_range(first, end);
}

}  // namespace godwit::journal
