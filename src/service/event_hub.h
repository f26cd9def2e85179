#pragma once

#include <deque>
#include <memory>
#include <set>
#include <string>

#include "godwit/events.h"
#include "world/world.h"

namespace godwit::service {

/// Whether the arrival of each write is told.
enum class Writes : std::uint8_t { each, none };

/// What a listener wants.
struct EventFilter {
  std::string group;  ///< empty: of all
  Writes writes = Writes::each;
};

/// Lines of events that one listener has not taken yet.
class Subscription {
 public:
  /// Beyond, the oldest are dropped.
  static constexpr std::size_t kMostWaiting = 1000;

  explicit Subscription(EventFilter filter) : filter_(std::move(filter)) {}
  void push(const std::string& group, const Event& event);
  /// What waits, oldest first. Never waits itself.
  [[nodiscard]] std::string take();
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
  /// Returns when something waits, at the latest after `most`, or when `stop` is cancelled.
  [[nodiscard]] asio::awaitable<void> wait(World& world, Duration most, CancelToken stop);

 private:
  EventFilter filter_;
  std::deque<std::string> waiting_;
  std::uint64_t dropped_ = 0;
  CancelSource* wake_ = nullptr;
};

/// An event as a server-sent one, with the group's name in its data.
[[nodiscard]] std::string server_sent(const std::string& group, const Event& event);

/// Passes the events of groups on to whoever listens.
/// Concurrency: the World's executor, but for `tell`.
class EventHub : public std::enable_shared_from_this<EventHub> {
 public:
  explicit EventHub(World& world) : world_(world) {}
  /// From any thread; returns at once.
  void tell(const std::string& group, const Event& event);
  /// Until it is destroyed.
  [[nodiscard]] std::shared_ptr<Subscription> subscribe(EventFilter filter);

 private:
  World& world_;
  std::set<std::weak_ptr<Subscription>, std::owner_less<>> listeners_;
};

}  // namespace godwit::service
