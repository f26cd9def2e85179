#pragma once

#include <memory>

namespace godwit {

/// A thread that stores do their work on, but for what blocks. One that is not given any has one of
/// its own. Many stores that have little to do take less memory and fewer wake-ups on one loop than
/// each on its own; those that are busy get in each other's way there.
class EventLoop;

/// Begins the thread; it ends with the last store that has the loop.
[[nodiscard]] std::shared_ptr<EventLoop> make_event_loop();

}  // namespace godwit
