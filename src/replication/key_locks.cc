#include "replication/key_locks.h"

namespace godwit::replication {

Task<KeyLocks::Held> KeyLocks::acquire(const Context& context, const std::string& key) {
  std::unique_ptr<Line>& place = keys_[key];
  if (!place) {
    place = std::make_unique<Line>(world_.executor());
    co_return Held(*this, key);
  }
  Line& line = *place;
  ++line.waiting;
  // Whoever holds it ends by its own deadline, so this wait ends too.
  while (line.held) co_await line.free.wait();
  --line.waiting;
  line.held = true;
  Held held(*this, key);
  GODWIT_CO_CHECK(context.check());
  co_return held;
}

void KeyLocks::release(const std::string& key) {
  const auto found = keys_.find(key);
  Line& line = *found->second;
  line.held = false;
  if (line.waiting == 0) {
    keys_.erase(found);
  } else {
    line.free.notify_one();
  }
}

}  // namespace godwit::replication
