#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "godwit/units.h"

namespace godwit {

/// What can happen to a group.
enum class EventType : std::uint8_t {
  target_healthy,      ///< a target answers
  target_degraded,     ///< a target failed once
  target_unhealthy,    ///< a target does not answer: its writes wait
  lag_exceeded,        ///< a target lags more than `lag_alert`, and did not before
  queue_exceeded,      ///< more waits for a target than `queue_alert`, and did not before
  write_replicated,    ///< a write, or a removal, has arrived at a target
  write_failed,        ///< a write became a dead letter of a target
  insufficient_acks,   ///< too few targets acknowledged a write in time; it stays
  conflict_detected,   ///< a target has an object of others, or of a primary that was deposed
  sync_started,        ///< a target is being compared with the primary as a whole
  sync_completed,      ///< that has ended; `failed` says that it will be tried again
  removals_held,       ///< others removed too much at the primary: the targets keep the rest
  failover_triggered,  ///< another primary is wanted, since this one does not answer
  primary_moved        ///< `target` is the primary now
};

/// The name used in logs and JSON: "target_healthy".
[[nodiscard]] std::string_view to_string(EventType type);

/// Something that happened, for people and programs.
struct Event {
  std::uint64_t number = 0;  ///< of the group's events since it was opened, from 1
  EventType type = EventType::target_healthy;
  WallTime at{};
  std::string target;   ///< "" where it is about none
  std::string key;      ///< "" where it is about none
  std::string message;  ///< what else there is to say
  bool failed = false;  ///< only of `sync_completed`
};

using EventHandler = std::function<void(const Event&)>;

/// One JSON object in one line.
[[nodiscard]] std::string to_json(const Event& event);

}  // namespace godwit
