#include "replication/primary_mover.h"

#include <algorithm>
#include <utility>

namespace godwit::replication {
namespace {

constexpr Duration kLook = std::chrono::milliseconds(20);
/// Few enough to be delivered in a moment, while writes wait.
constexpr std::uint64_t kNear = 1000;

/// Set while it lives.
class Flag {
 public:
  explicit Flag(bool& flag) : flag_(flag) { flag_ = true; }
  Flag(Flag&&) = delete;
  ~Flag() { flag_ = false; }

 private:
  bool& flag_;
};

void count(FailoverCount& failovers, WallTime now) {
  const auto today = WallTime(std::chrono::floor<std::chrono::days>(now.time_since_epoch()));
  if (failovers.day != today) failovers = {.day = today};
  failovers.last = now;
  failovers.that_day += 1;
}

Error not_ready(const Error& why, const std::string& what) {
  return Error(why.code(), what + ": nothing was changed")
      .with(Outcome::not_applied)
      .with_hint("try again when its lag is small, or give more time");
}

Error not_caught_up(const Error& why, const std::string& candidate,
                    const journal::Backlog& backlog) {
  const std::string what = backlog.in_doubt == 0
                               ? std::to_string(backlog.tasks) + " tasks"
                               : std::to_string(backlog.in_doubt) + " keys in doubt";
  return not_ready(why, "'" + candidate + "' has not caught up (" + what + ")");
}

std::vector<journal::Write> writes_of(const Suspects& suspects) {
  std::vector<journal::Write> writes;
  for (const auto& [key, doubt] : suspects) writes.push_back(doubt.write);
  return writes;
}

std::vector<journal::Write> removals_of(const Suspects& suspects) {
  std::vector<journal::Write> removals = writes_of(suspects);
  std::erase_if(removals, [](const journal::Write& write) {
    return write.change != journal::Change::remove;
  });
  return removals;
}

}  // namespace

Task<MoveReport> PrimaryMover::move(const Context& context, const MoveOptions& options) {
  if (moving_) {
    co_return fail(Code::precondition_failed, "another move of the primary is under way");
  }
  const Flag flag(moving_);
  if (undecided_) GODWIT_CO_CHECK(co_await decide(context));
  GODWIT_CO_TRY(Move move, plan(options));
  if (!options.dry_run) co_return co_await carry_out(context, options, std::move(move));
  Target& candidate = *engine_.targets.at(move.report.to);
  GODWIT_CO_CHECK(co_await heal_candidate(context, engine_, candidate, move.report, true));
  // A switchover waits until nothing is lacking.
  if (options.kind == MoveKind::switchover) move.report.at_risk.clear();
  co_return std::move(move.report);
}

Result<PrimaryMover::Move> PrimaryMover::plan(const MoveOptions& options) const {
  Move move{.kind = options.kind};
  move.report = {.from = engine_.config.primary,
                 .to = options.to,
                 .epoch = engine_.epoch + 1,
                 .kind = options.kind,
                 .automatic = options.automatic};
  if (options.to.empty()) {
    GODWIT_TRY(move.report.to, best_candidate(engine_, options.automatic));
  }
  GODWIT_TRY(move.config, with_primary(engine_.config, move.report.to));
  if (move.report.to == move.report.from) {
    return fail(Code::precondition_failed, "'" + move.report.to + "' is the primary");
  }
  GODWIT_CHECK(check_candidate(*engine_.targets.at(move.report.to)));
  return move;
}

Task<MoveReport> PrimaryMover::carry_out(const Context& context, const MoveOptions& options,
                                         Move move) {
  if (options.kind == MoveKind::switchover) {
    const Context patient = context.with_timeout(options.patience);
    GODWIT_CO_CHECK(co_await wait_until_near(patient, move.report.to));
  } else {
    engine_.events.emit({.type = EventType::failover_triggered,
                         .target = move.report.from,
                         .message = "to " + move.report.to});
  }
  engine_.gate.close();
  if (options.kind == MoveKind::failover) engine_.writes.cancel();
  co_await engine_.gate.drained();
  auto ready = co_await prepare(context, options, move);
  if (ready) ready = co_await agree(context, move);
  if (!ready && ready.error().outcome() == Outcome::unknown) {
    undecided_ = std::move(move);
    co_return co_await decide(context);
  }
  co_await finish(move, ready.has_value());
  if (!ready) co_return std::unexpected(std::move(ready).error());
  co_return std::move(move.report);
}

/// While writes still go on: they need not wait long.
Task<void> PrimaryMover::wait_until_near(const Context& context, const std::string& candidate) {
  while (true) {
    const auto backlog = engine_.journal.backlog(candidate);
    if (!backlog) co_return fail(Code::not_found, "'" + candidate + "' is no target any more");
    if (backlog->dead > 0) {
      co_return fail(Error(Code::precondition_failed, "'" + candidate + "' has " +
                                                          std::to_string(backlog->dead) +
                                                          " dead letters: nothing was changed")
                         .with_hint("redrive or resolve them"));
    }
    const bool near = !backlog->resync && backlog->tasks <= kNear && backlog->in_doubt == 0;
    const std::size_t suspects = engine_.suspects.size();
    if (near && suspects == 0) co_return Result<void>();
    const auto waited = co_await context.sleep(kLook);
    if (waited) continue;
    if (!near) co_return fail(not_caught_up(waited.error(), candidate, *backlog));
    co_return fail(not_ready(
        waited.error(),
        "an older write may still land at " + std::to_string(suspects) + " keys of the primary"));
  }
}

/// The agents have ended, and the candidate has all that it can get.
Task<void> PrimaryMover::prepare(const Context& context, const MoveOptions& options, Move& move) {
  MoveReport& report = move.report;
  if (options.kind == MoveKind::switchover) {
    co_return co_await hand_over(context.with_timeout(options.patience), report.to);
  }
  co_await background_.stop();
  Target& candidate = *engine_.targets.at(report.to);
  auto healed = co_await heal_candidate(context, engine_, candidate, report, false);
  if (!healed) co_return fail(std::move(healed).error().with(Outcome::not_applied));
  move.suspects = *std::move(healed);
  // Before anyone learns of the new primary, so that no process of its knows nothing of them.
  auto kept = co_await engine_.journal.keep_suspects(report.epoch, writes_of(move.suspects));
  if (kept) kept = co_await keep_lost(report);
  if (kept) co_return Result<void>();
  co_return fail(std::move(kept).error().with(Outcome::not_applied));
}

/// What the old primary may have, and nobody else.
Task<void> PrimaryMover::keep_lost(const MoveReport& report) {
  using Which = journal::LostWrites::Which;
  std::vector<std::string> keys;
  for (const WriteAtRisk& write : report.at_risk) {
    if (!write.removal) keys.push_back(write.key);
  }
  // Of a move that was not taken.
  if (engine_.deposed.empty()) engine_.journal.lost().clear();
  return engine_.journal.lost().keep(std::move(keys), report.exact ? Which::named : Which::all);
}

Task<void> PrimaryMover::hand_over(const Context& context, const std::string& candidate) {
  while (true) {
    while (true) {
      const auto backlog = engine_.journal.backlog(candidate);
      if (backlog->caught_up()) break;
      const auto waited = co_await context.sleep(kLook);
      if (!waited) co_return fail(not_caught_up(waited.error(), candidate, *backlog));
    }
    co_await background_.stop();
    // An agent may have adopted an object of its target in its last moment.
    if (engine_.journal.backlog(candidate)->caught_up()) co_return Result<void>();
    background_.start();
  }
}

/// Failure with Outcome::unknown: perhaps the coordinator knows another primary, perhaps not.
Task<void> PrimaryMover::agree(const Context& context, const Move& move) {
  const std::string& group = engine_.config.name;
  const MoveReport& report = move.report;
  auto snapshot = co_await coordinator_.read(context, group);
  if (!snapshot) co_return fail(std::move(snapshot).error().with(Outcome::not_applied));
  GroupState& state = snapshot->state;
  if (state.epoch != engine_.epoch) {
    co_return fail(
        Error(Code::precondition_failed, "the group has another primary by now: " + state.primary)
            .with(Outcome::not_applied));
  }
  // A primary without a marker would be taken for one that was emptied, after a crash.
  auto marked = co_await make_sure_of_marker(context, report.to);
  if (!marked) co_return fail(std::move(marked).error().with(Outcome::not_applied));
  // The old primary is owed a comparison before anyone can forget it.
  auto owed = co_await engine_.journal.add_target(report.from);
  const std::set<std::string> fenced = with_more(move);
  for (const std::string& name : fenced) {
    if (owed && name != report.from) owed = co_await engine_.journal.owe_comparison(name);
  }
  // So are removals there that an older write may undo: nobody else would know that it is older.
  if (owed) owed = co_await engine_.journal.owe(removals_of(engine_.suspects));
  if (!owed) co_return fail(std::move(owed).error().with(Outcome::not_applied));
  state.epoch = report.epoch;
  state.primary = report.to;
  state.primary_region = engine_.targets.at(report.to)->config.region;
  state.fenced.insert(fenced.begin(), fenced.end());
  if (move.kind == MoveKind::failover) count(state.failovers, engine_.world.wall_now());
  auto agreed = co_await coordinator_.compare_and_swap(context, group, *snapshot);
  if (agreed) co_return Result<void>();
  co_return std::unexpected(std::move(agreed).error());
}

Task<void> PrimaryMover::make_sure_of_marker(const Context& context, const std::string& target) {
  const Context patient = context.with_timeout(engine_.config.health_check_timeout);
  Store& store = *engine_.targets.at(target)->store;
  GODWIT_CO_TRY(const auto marker, co_await read_marker(patient, store));
  if (marker) co_return check_owner(*marker, engine_.config.name, target, store);
  const Marker ours = engine_.marker_of(target);
  co_return co_await write_marker(patient, store, ours);
}

/// Ends what nobody knew the end of.
Task<MoveReport> PrimaryMover::decide(const Context& context) {
  GODWIT_CO_TRY(const bool agreed, co_await ask_who_is(context, *undecided_));
  engine_.world.mark("a move of the primary was undecided");
  Move move = *std::exchange(undecided_, std::nullopt);
  co_await finish(move, agreed);
  if (agreed) co_return std::move(move.report);
  co_return fail(Error(Code::unavailable, "the coordinator did not take the move: nothing changed")
                     .with(Outcome::not_applied));
}

/// True when the coordinator has taken the move. Failure: it could not be asked.
Task<bool> PrimaryMover::ask_who_is(const Context& context, const Move& move) {
  constexpr Duration kPause = std::chrono::milliseconds(200);
  while (true) {
    const auto snapshot = co_await coordinator_.read(context, engine_.config.name);
    if (snapshot) {
      const GroupState& state = snapshot->state;
      co_return state.epoch == move.report.epoch&& state.primary == move.report.to;
    }
    if (co_await context.sleep(kPause)) continue;
    co_return fail(Error(Code::unavailable, "nobody knows whether '" + move.report.to +
                                                "' is the primary: " + snapshot.error().message())
                       .with(Outcome::unknown)
                       .with_hint("writes wait; move the primary again when the coordinator "
                                  "answers"));
  }
}

asio::awaitable<void> PrimaryMover::finish(Move& move, bool agreed) {
  co_await background_.stop();
  if (agreed) {
    // Before it takes a write, so that whoever loses the node's disk now finds who was primary. It
    // is written again by the probes if that fails.
    const Marker marker{.group = engine_.config.name,
                        .target = move.report.to,
                        .epoch = move.report.epoch,
                        .primary = move.report.to};
    const Context patient =
        Context(engine_.world).with_timeout(engine_.config.health_check_timeout);
    Store& promoted = *engine_.targets.at(move.report.to)->store;
    const auto marked = co_await write_marker(patient, promoted, marker);
    engine_.primary_is_marked = marked.has_value();
    change_roles(move);
  } else {
    engine_.journal.remove_target(move.report.from);
  }
  engine_.journal.drop_suspects_but(engine_.epoch);
  engine_.writes = CancelSource();
  background_.start();
  engine_.gate.open();
}

/// Who may hold, after the move, what the new primary lacks. The old one: its last writes if it was
/// lost, else what others put there and nobody noticed. Where it is not known what the new one
/// lacks, any other target too.
std::set<std::string> PrimaryMover::with_more(const Move& move) const {
  const bool lost = move.kind == MoveKind::failover;
  std::set<std::string> names;
  if (lost || engine_.config.detection.others_write) names.insert(move.report.from);
  if (move.report.exact) return names;
  for (const auto& [name, target] : engine_.targets) {
    if (name != move.report.to) names.insert(name);
  }
  return names;
}

void PrimaryMover::change_roles(Move& move) {
  const MoveReport& report = move.report;
  auto promoted = std::move(engine_.targets.extract(report.to).mapped());
  std::swap(engine_.primary, promoted->store);
  engine_.counts.former += promoted->counts;
  promoted->config = *std::ranges::find(move.config.targets, report.from, &TargetConfig::name);
  engine_.targets[report.from] = std::make_unique<Target>(
      Target{.config = promoted->config, .store = std::move(promoted->store)});
  engine_.config = std::move(move.config);
  engine_.epoch = report.epoch;
  engine_.recent = RecentPuts();
  engine_.last_seen.clear();
  engine_.drafts.drop_all();
  engine_.suspects = std::move(move.suspects);
  engine_.journal.remove_target(report.to);
  engine_.primary_health = Detector();
  engine_.primary_round_trip = promoted->round_trip;
  engine_.primary_read_times = promoted->read_times;
  engine_.primary_answered = engine_.world.mono_now();
  const MonoTime now = engine_.world.mono_now();
  // Of what is on its way to a target its tasks tell.
  for (const std::string& name : with_more(move)) {
    engine_.deposed[name] = now - engine_.config.late_write_window;
  }
  if (move.kind == MoveKind::failover) {
    engine_.deposed[report.from] = now;
    engine_.targets.at(report.from)->depose();
    engine_.counts.failovers += 1;
  }
  engine_.events.emit(
      {.type = EventType::primary_moved, .target = report.to, .message = "from " + report.from});
  engine_.on_move(report);
}

Task<void> PrimaryMover::let_in(const Context& context, std::string name) {
  const std::string& group = engine_.config.name;
  GODWIT_CO_TRY(GroupSnapshot snapshot, co_await coordinator_.read(context, group));
  snapshot.state.fenced.erase(name);
  GODWIT_CO_CHECK(co_await coordinator_.compare_and_swap(context, group, snapshot));
  engine_.deposed.erase(name);
  if (engine_.deposed.empty()) engine_.journal.lost().clear();
  co_return Result<void>();
}

}  // namespace godwit::replication
