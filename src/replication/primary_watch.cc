#include "replication/primary_watch.h"

#include <chrono>

#include "replication/versioned.h"

namespace godwit::replication {

asio::awaitable<void> PrimaryWatch::stop() {
  stop_.cancel();
  co_await tasks_.join();
}

asio::awaitable<void> PrimaryWatch::watch() {
  const Context context = this->context();
  const FailoverConfig& config = engine_.config.failover;
  while (!context.cancel().cancelled()) {
    const MonoTime begun = engine_.world.mono_now();
    co_await check();
    if (config.automatic && is_lost() && engine_.gate.is_open()) {
      const bool may = co_await may_fail_over();
      if (may) co_await fail_over();
    }
    if (failures_ > 0) {
      // One that hung has waited long enough.
      const MonoTime next = begun + config.check_interval / 2;
      (void)co_await engine_.world.sleep_until(next, context.cancel());
    } else {
      co_await engine_.activity.rest(context, config.check_interval);
    }
  }
}

asio::awaitable<void> PrimaryWatch::check() {
  const MonoTime begun = engine_.world.mono_now();
  const std::uint32_t epoch = engine_.epoch;
  bool well = false;
  if (engine_.primary_is_marked) {
    well = co_await answers(engine_.primary.get());
  } else {
    well = co_await claim();
  }
  if (epoch != engine_.epoch || context().cancel().cancelled()) co_return;
  if (well) {
    engine_.primary_health.success();
    engine_.primary_answered = engine_.world.mono_now();
    engine_.primary_round_trip.add(engine_.primary_answered - begun);
    failures_ = 0;
    co_return;
  }
  engine_.primary_health.failure();
  if (failures_++ == 0) first_failure_ = begun;
}

/// The primary did not answer when the group was opened.
asio::awaitable<bool> PrimaryWatch::claim() {
  const Context patient = context().with_timeout(engine_.config.failover.check_timeout);
  const Marker marker = engine_.marker_of(engine_.config.primary);
  const auto claimed =
      co_await claim_primary(patient, *engine_.primary, marker, engine_.group_is_old);
  engine_.primary_is_marked = claimed && *claimed && marker.epoch == engine_.epoch;
  co_return engine_.primary_is_marked;
}

bool PrimaryWatch::is_lost() const {
  const MonoTime silent_since = std::max(first_failure_, engine_.primary_answered);
  return failures_ >= kChecks &&
         engine_.world.mono_now() - silent_since >= engine_.config.failover.detection_window;
}

/// The limits leave room for one more.
asio::awaitable<bool> PrimaryWatch::may_fail_over() {
  const FailoverConfig& config = engine_.config.failover;
  const auto snapshot = co_await coordinator_.read(context(), engine_.config.name);
  if (!snapshot) co_return false;
  const FailoverCount& count = snapshot->state.failovers;
  const WallTime now = engine_.world.wall_now();
  const bool same_day = std::chrono::floor<std::chrono::days>(now.time_since_epoch()) ==
                        std::chrono::floor<std::chrono::days>(count.day.time_since_epoch());
  if (same_day && count.that_day >= config.most_per_day) co_return false;
  // A clock that went back would hold it up for long.
  co_return now < count.last || now - count.last >= config.cooldown;
}

asio::awaitable<void> PrimaryWatch::fail_over() {
  const bool anyone = co_await ask_targets();
  if (!anyone || !is_lost()) co_return;
  const MoveOptions options{.kind = MoveKind::failover, .automatic = true};
  const Context patient = context().with_timeout(engine_.config.health_check_timeout * 6);
  const auto moved = co_await mover_.move(patient, options);
  if (moved) failures_ = 0;
}

/// They were asked a while ago: whoever does not answer now is no candidate. True if anyone does.
asio::awaitable<bool> PrimaryWatch::ask_targets() {
  std::vector<std::string> names;
  for (const auto& [name, target] : engine_.targets) {
    if (target->is_served()) names.push_back(name);
  }
  bool anyone = false;
  for (const std::string& name : names) {
    auto found = engine_.targets.find(name);
    if (found == engine_.targets.end()) continue;
    const bool well = co_await answers(found->second->store.get());
    anyone = anyone || well;
    found = engine_.targets.find(name);
    if (well || found == engine_.targets.end() || context().cancel().cancelled()) continue;
    for (int i = 0; i < Detector::kFailures; ++i) found->second->detector.failure();
  }
  co_return anyone;
}

asio::awaitable<bool> PrimaryWatch::answers(Store* store) {
  const Context patient = context().with_timeout(engine_.config.failover.check_timeout);
  const std::string key(kMarkerKey);
  const auto seen = co_await look(patient, *store, key);
  // A place without it is not the one that it was: emptied, or a disk that is not mounted.
  co_return seen && *seen;
}

}  // namespace godwit::replication
