#include "journal/graves.h"

namespace godwit::journal {

void Graves::found(const std::vector<std::string>& keys) {
  if (keys.size() > kMost) return;
  for (const std::string& key : keys) keys_.insert(hash_of(key));
  known_ = true;
}

void Graves::add(std::string_view key) {
  ++count_;
  if (!known_) return;
  if (keys_.size() < kMost) {
    keys_.insert(hash_of(key));
  } else {
    known_ = false;
    keys_.clear();
  }
}

void Graves::remove(std::string_view key) {
  --count_;
  if (count_ == 0) {
    known_ = true;
    keys_.clear();
  } else if (const auto found = keys_.find(hash_of(key)); found != keys_.end()) {
    keys_.erase(found);
  }
}

}  // namespace godwit::journal
