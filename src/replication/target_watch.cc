// What an agent does beside deliveries: it watches its target, and compares it as a whole when
// asked.
#include <algorithm>
#include <utility>

#include "replication/differences.h"
#include "replication/target_agent.h"

namespace godwit::replication {
namespace {

/// How often a target that cannot be reached is asked whether it is back.
constexpr Duration kProbeWhenDown = std::chrono::seconds(2);
/// After what time one that answers again is asked for its second good answer.
constexpr Duration kProbeOnceMore = std::chrono::milliseconds(500);
/// How often is looked at what waits for a target to which nothing is delivered.
constexpr Duration kLookAtBacklog = std::chrono::seconds(1);
/// How often is looked whether all that a comparison asked for is done.
constexpr Duration kLookAtCompares = std::chrono::milliseconds(20);

/// Lets others see how far a comparison is.
class Showing {
 public:
  Showing(Target& target, const Differences& found) : target_(target) {
    target_.comparing = &found;
  }
  Showing(Showing&&) = delete;
  ~Showing() { target_.comparing = nullptr; }

 private:
  Target& target_;
};

}  // namespace

/// Whether the target answers, and as the one that it should be.
asio::awaitable<bool> TargetAgent::probe() {
  const Context context = this->context("probe").with_timeout(engine_.config.health_check_timeout);
  const auto marker = co_await read_marker(context, *target_.store);
  if (!marker) co_return false;
  // Only a primary that is marked may mark others: see claim_primary.
  if (!engine_.primary_is_marked) co_return true;
  const std::string why = why_not_ours(*marker);
  give_up(why);
  if (!why.empty()) co_return true;
  const std::uint32_t seen = *marker ? (*marker)->epoch : 0;
  if (seen < target_.marked) compare_anew();
  target_.marked = seen;
  if (seen >= engine_.epoch) co_return true;
  const Marker ours = engine_.marker_of(target_.config.name);
  const auto written = co_await write_marker(context, *target_.store, ours);
  if (written) target_.marked = ours.epoch;
  co_return written.has_value();
}

/// A condition that is not kept would write over what others put there.
asio::awaitable<void> TargetAgent::try_conditions() {
  if (!target_.store->capabilities().put_if_absent) {
    keeps_conditions_ = false;
    co_return;
  }
  const Context context = this->context("probe").with_timeout(engine_.config.health_check_timeout);
  Marker marker = engine_.marker_of(target_.config.name);
  marker.epoch = target_.marked;
  const auto kept = co_await keeps_conditions(context, *target_.store, marker);
  if (kept) keeps_conditions_ = *kept;
  if (!kept && kept.error().code() == Code::unsupported) keeps_conditions_ = false;
}

std::string TargetAgent::why_not_ours(const std::optional<Marker>& marker) const {
  const std::string& name = target_.config.name;
  if (marker) {
    const auto ours = check_owner(*marker, engine_.config.name, name, *target_.store);
    return ours ? "" : ours.error().message();
  }
  if (!engine_.deposed.contains(name)) return "";
  // What only it had would be taken for removed, were another place filled in its stead.
  return "it was primary, and has no marker any more: it was emptied, or is not the place that it "
         "was (to fill it anew, remove it and add it again)";
}

/// It was emptied, or set back to what it was some time ago.
void TargetAgent::compare_anew() {
  auto* queue = engine_.journal.target(target_.config.name);
  if (queue == nullptr || engine_.deposed.contains(target_.config.name)) return;
  queue->collapse();
  engine_.changed.notify_all();
}

/// A store of somebody else is not written to, until it is ours again.
void TargetAgent::give_up(const std::string& why) {
  target_.why_failed = why;
  const bool failed = target_.state == State::failed;
  if (failed == !why.empty() || (!failed && !target_.is_served())) return;
  target_.state = failed ? State::syncing : State::failed;
  engine_.changed.notify_all();
}

asio::awaitable<void> TargetAgent::probe_now_and_then() {
  const Context context = this->context();
  while (!context.cancel().cancelled()) {
    const MonoTime begun = engine_.world.mono_now();
    const bool well = co_await probe();
    if (well && !keeps_conditions_ && target_.marked > 0) co_await try_conditions();
    if (context.cancel().cancelled()) co_return;
    const Health before = target_.detector.health();
    if (well) {
      target_.detector.success();
      target_.round_trip.add(engine_.world.mono_now() - begun);
    } else {
      target_.detector.failure();
    }
    note_health(before);
    note_progress();
    const auto jitter = engine_.world.random() % 256;
    co_await watch_backlog(engine_.world.mono_now() +
                           until_next_probe(well) * (896 + jitter) / 1024);
  }
}

Duration TargetAgent::until_next_probe(bool well) const {
  const Duration at_leisure = engine_.config.health_check_interval;
  if (!well || target_.state == State::failed) return std::min(kProbeWhenDown, at_leisure);
  // One good answer does not heal.
  const bool once_more = target_.detector.health() == Health::unhealthy;
  return once_more ? std::min(kProbeOnceMore, at_leisure) : at_leisure;
}

/// Until then. Deliveries look after the backlog too, but a target that is paused, or down, gets
/// none.
asio::awaitable<void> TargetAgent::watch_backlog(MonoTime until) {
  const Context context = this->context();
  while (!context.cancel().cancelled()) {
    note_lag();
    const MonoTime now = engine_.world.mono_now();
    if (now >= until) co_return;
    co_await engine_.activity.rest(context, kLookAtBacklog, until);
  }
}

asio::awaitable<void> TargetAgent::compare_when_asked() {
  const Context context = this->context();
  std::uint32_t failures = 0;
  while (!context.cancel().cancelled()) {
    auto* queue = engine_.journal.target(target_.config.name);
    if (queue == nullptr) co_return;
    if (!queue->must_compare() || !target_.takes_deliveries()) {
      co_await engine_.changed.wait();
      continue;
    }
    if (!co_await until_quiet()) co_return;
    if (co_await compare_all()) {
      note_progress();
      failures = 0;
    } else {
      (void)co_await context.sleep(backoff(engine_.world, target_.config, failures++));
    }
  }
}

/// True when the target has been compared, and all that differed has been settled.
asio::awaitable<bool> TargetAgent::compare_all() {
  const std::string& name = target_.config.name;
  auto* queue = engine_.journal.target(name);
  const std::uint64_t collapses = queue->collapses();
  emit(EventType::sync_started);
  auto compared = co_await compare_surely();
  if (compared && queue->backlog().dead > 0) {
    compared = fail(Code::unavailable, std::to_string(queue->backlog().dead) + " dead letters");
  }
  if (compared && engine_.deposed.contains(name))
    compared = co_await engine_.let_in(context(), name);
  if (compared) queue->resynced(collapses);
  engine_.events.emit({.type = EventType::sync_completed,
                       .target = name,
                       .message = compared ? "" : compared.error().to_string(),
                       .failed = !compared});
  co_return compared.has_value();
}

/// What was dropped with the backlog may have been under way, and land after a comparison.
Task<void> TargetAgent::compare_surely() {
  const MonoTime begun = engine_.world.mono_now();
  GODWIT_CO_CHECK(co_await compare());
  const auto* queue = engine_.journal.target(target_.config.name);
  if (queue == nullptr || queue->unsure_until() <= begun) co_return Result<void>();
  GODWIT_CO_CHECK(co_await engine_.world.sleep_until(queue->unsure_until(), context().cancel()));
  engine_.world.mark("a comparison is made again when nothing can land late any more");
  if (!target_.takes_deliveries()) co_return fail(Code::unavailable, "it is away");
  co_return co_await compare();
}

/// Makes tasks of all that differs, and waits until they are done.
Task<void> TargetAgent::compare() {
  const Context context = this->context("compare");
  target_.missing.clear();
  // What an older write may have overwritten at the primary looks the same at a target that lacks
  // the newer one.
  const Suspects suspects = engine_.suspects;
  for (const auto& [key, doubt] : suspects) {
    GODWIT_CO_CHECK(co_await engine_.journal.push_compare(context, target_.config.name, key));
  }
  const Questions questions{.ask = [this, &context](Difference each) {
    if (each.missing) target_.missing.note(*std::move(each.missing));
    return engine_.journal.push_compare(context, target_.config.name, std::move(each.key));
  }};
  Differences found;
  const Showing showing(target_, found);
  GODWIT_CO_CHECK(co_await find_differences(context, engine_, *target_.store, questions, found));
  target_.keys = found.total;
  while (true) {
    GODWIT_CO_CHECK(context.check());
    auto* queue = engine_.journal.target(target_.config.name);
    if (queue == nullptr) co_return fail(Code::not_found, "the target was removed");
    if (queue->compares() == 0) co_return Result<void>();
    (void)co_await context.sleep(kLookAtCompares);
  }
}

void TargetAgent::note_health(Health before) {
  const Health now = target_.detector.health();
  if (now == before) return;
  if (now == Health::unhealthy && target_.state == State::active) target_.state = State::syncing;
  if (now == Health::healthy) emit(EventType::target_healthy);
  if (now == Health::degraded) emit(EventType::target_degraded);
  if (now == Health::unhealthy) emit(EventType::target_unhealthy);
  engine_.changed.notify_all();
}

/// Told once, until it is much less again.
void TargetAgent::note_lag() {
  const auto backlog = engine_.journal.backlog(target_.config.name);
  if (!backlog) return;
  const Duration lag = engine_.world.wall_now() - backlog->oldest.value_or(WallTime::max());
  const Duration most = engine_.config.alerts.lag.value_or(engine_.config.max_replication_lag);
  const Duration known = backlog->oldest ? std::max(lag, Duration::zero()) : Duration::zero();
  const auto count = [](Duration duration) { return static_cast<std::uint64_t>(duration.count()); };
  if (lag_alarm_.rings(count(known), count(most))) {
    emit(EventType::lag_exceeded, {}, format_duration(lag));
  }
  if (queue_alarm_.rings(backlog->tasks, engine_.config.alerts.queue)) {
    emit(EventType::queue_exceeded, {}, std::to_string(backlog->tasks) + " wait");
  }
}

/// A target that has caught up is active again.
void TargetAgent::note_progress() {
  if (target_.state != State::syncing || target_.detector.health() == Health::unhealthy) return;
  const auto backlog = engine_.journal.backlog(target_.config.name);
  if (!backlog || backlog->resync) return;
  const WallTime latest = engine_.world.wall_now() - engine_.config.max_replication_lag;
  if (backlog->oldest && *backlog->oldest < latest) return;
  target_.state = State::active;
  engine_.changed.notify_all();
}

}  // namespace godwit::replication
