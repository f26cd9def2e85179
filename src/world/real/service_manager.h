#pragma once

#include <string>

#include "world/world.h"

namespace godwit {

/// Tells systemd how the process stands ("READY=1", "STOPPING=1", "WATCHDOG=1"): one datagram to
/// $NOTIFY_SOCKET. Does nothing where nobody listens. Does not block.
void notify_service_manager(World& world, const std::string& state);

/// How often systemd wants to hear "WATCHDOG=1", from $WATCHDOG_USEC; nothing: never.
[[nodiscard]] std::optional<Duration> watchdog_interval(World& world);

}  // namespace godwit
