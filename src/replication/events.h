#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "godwit/events.h"
#include "world/world.h"

namespace godwit::replication {

/// What happens to a group, kept for a while and told to whoever listens.
/// Concurrency: engine executor.
class Events {
 public:
  /// Kept of `write_replicated`, and of all others together: writes push out no news.
  static constexpr std::size_t kMost = 1000;

  explicit Events(World& world) : world_(world) {}

  /// Numbers the event, dates it and keeps it; calls the handlers, who must be quick. What they
  /// throw is counted.
  void emit(Event event);
  [[nodiscard]] std::vector<Event> recent() const;
  /// Returns its name for `unsubscribe`, which may be called from within a handler.
  std::uint64_t subscribe(EventHandler handler);
  void unsubscribe(std::uint64_t handler) { handlers_.erase(handler); }
  [[nodiscard]] std::uint64_t handler_errors() const { return errors_; }

 private:
  World& world_;
  std::deque<Event> writes_;
  std::deque<Event> others_;
  std::map<std::uint64_t, std::shared_ptr<EventHandler>> handlers_;
  std::uint64_t last_ = 0;
  std::uint64_t last_handler_ = 0;
  std::uint64_t errors_ = 0;
};

}  // namespace godwit::replication
