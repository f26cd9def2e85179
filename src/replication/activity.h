#pragma once

#include "world/context.h"

namespace godwit::replication {

/// Whether anybody writes to a group: who looks at something now and then may do it seldom while
/// nobody does. A look costs a request and a wake-up, and finds little then.
/// Concurrency: engine executor.
class Activity {
 public:
  static constexpr Duration kIdleAfter = std::chrono::seconds(10);  ///< the last write
  static constexpr Duration kSeldom = std::chrono::seconds(5);  ///< between looks of an idle one

  explicit Activity(World& world) : world_(world), last_(world.mono_now()) {}
  Activity(Activity&&) = delete;

  /// A write has come. Whoever rests because there was none is woken.
  void note();
  /// Until the next common moment of `interval`, or of kSeldom while the group is idle; not beyond
  /// `latest`.
  [[nodiscard]] asio::awaitable<void> rest(const Context& context, Duration interval,
                                           MonoTime latest = kNoDeadline);

 private:
  World& world_;
  MonoTime last_;
  std::size_t resting_ = 0;
  CancelSource woken_;
};

}  // namespace godwit::replication
