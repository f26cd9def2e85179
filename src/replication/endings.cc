#include "replication/endings.h"

#include <utility>

namespace godwit::replication {

Endings::Listener::Listener(Endings& endings, std::string target, Heard heard)
    : endings_(endings), target_(std::move(target)), heard_(std::move(heard)) {}

Endings::Listener::~Listener() {
  for (const std::string& key : keys_) {
    const auto found = endings_.listeners_.find(key);
    std::erase(found->second, this);
    if (found->second.empty()) endings_.listeners_.erase(found);
  }
}

void Endings::Listener::expect(const std::string& key) {
  if (keys_.insert(key).second) endings_.listeners_[key].push_back(this);
}

void Endings::ended(const std::string& target, const std::string& key, const Ending& ending) {
  const auto found = listeners_.find(key);
  if (found == listeners_.end()) return;
  std::vector<Listener*> meant;
  std::erase_if(found->second, [&](Listener* each) {
    if (each->target_ != target) return false;
    meant.push_back(each);
    return true;
  });
  if (found->second.empty()) listeners_.erase(found);
  for (Listener* each : meant) each->keys_.erase(key);
  for (Listener* each : meant) each->heard_(key, ending);
}

}  // namespace godwit::replication
