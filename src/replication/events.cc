#include "replication/events.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace godwit {

std::string_view to_string(EventType type) {
  switch (type) {
    case EventType::target_healthy: return "target_healthy";
    case EventType::target_degraded: return "target_degraded";
    case EventType::target_unhealthy: return "target_unhealthy";
    case EventType::lag_exceeded: return "lag_exceeded";
    case EventType::queue_exceeded: return "queue_exceeded";
    case EventType::write_replicated: return "write_replicated";
    case EventType::write_failed: return "write_failed";
    case EventType::insufficient_acks: return "insufficient_acks";
    case EventType::conflict_detected: return "conflict_detected";
    case EventType::sync_started: return "sync_started";
    case EventType::sync_completed: return "sync_completed";
    case EventType::removals_held: return "removals_held";
    case EventType::failover_triggered: return "failover_triggered";
    case EventType::primary_moved: return "primary_moved";
  }
  std::unreachable();
}

namespace replication {

void Events::emit(Event event) {
  event.number = ++last_;
  event.at = world_.wall_now();
  std::deque<Event>& kept = event.type == EventType::write_replicated ? writes_ : others_;
  kept.push_back(std::move(event));
  if (kept.size() > kMost) kept.pop_front();
  if (handlers_.empty()) return;
  // A handler may emit, subscribe and unsubscribe.
  const Event told = kept.back();
  const auto handlers = handlers_;
  for (const auto& [name, handler] : handlers) {
    try {
      (*handler)(told);
    } catch (...) {
      ++errors_;
    }
  }
}

std::vector<Event> Events::recent() const {
  std::vector<Event> all;
  std::ranges::merge(writes_, others_, std::back_inserter(all), {}, &Event::number, &Event::number);
  return all;
}

std::uint64_t Events::subscribe(EventHandler handler) {
  handlers_[++last_handler_] = std::make_shared<EventHandler>(std::move(handler));
  return last_handler_;
}

}  // namespace replication
}  // namespace godwit
