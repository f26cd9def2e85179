#include "replication/redelivery.h"

#include <utility>

#include "replication/differences.h"
#include "replication/teller.h"

namespace godwit::replication {
namespace {

constexpr Duration kLook = std::chrono::milliseconds(10);

}  // namespace

Redelivery::Redelivery(const Context& context, Engine& engine, std::string target)
    : context_(context),
      engine_(engine),
      target_(std::move(target)),
      epoch_(engine.epoch),
      listener_(engine.endings, target_,
                [this](const std::string& key, const Ending& ending) { heard(key, ending); }) {
  if (const auto* queue = engine.journal.target(target_)) collapses_ = queue->collapses();
}

Result<void> Redelivery::check() const {
  const auto found = engine_.targets.find(target_);
  const auto* queue = engine_.journal.target(target_);
  if (engine_.epoch != epoch_) return fail(Code::unavailable, "the primary has moved");
  if (found == engine_.targets.end() || queue == nullptr) {
    return fail(Code::not_found, "the group has no target '" + target_ + "'");
  }
  const Target& target = *found->second;
  if (target.state == State::paused) {
    return fail(Error(Code::precondition_failed, "'" + target_ + "' is paused")
                    .with_hint("resume it first"));
  }
  if (!target.is_served()) return fail(Code::precondition_failed, target.why_failed);
  if (queue->must_compare()) {
    return fail(Error(Code::precondition_failed, "'" + target_ + "' is being compared as a whole")
                    .with_hint("wait until it has caught up; see `status`"));
  }
  if (target.detector.health() == Health::unhealthy) {
    return fail(Code::unavailable, "'" + target_ + "' does not answer");
  }
  if (queue->collapses() != collapses_) {
    return fail(Code::unavailable, "the tasks of '" + target_ + "' were dropped");
  }
  return {};
}

Task<void> Redelivery::ask(std::string key, std::optional<FindingKind> doubt) {
  listener_.expect(key);
  GODWIT_CO_CHECK(check());
  if (doubt) engine_.targets.at(target_)->doubts[key] = *doubt;
  co_return co_await engine_.journal.push_compare(context_, target_, std::move(key));
}

Task<void> Redelivery::ask(Difference difference) {
  if (difference.missing) engine_.targets.at(target_)->missing.note(*std::move(difference.missing));
  co_return co_await ask(std::move(difference.key), std::nullopt);
}

Task<void> Redelivery::finish() {
  while (true) {
    if (pending() == 0) co_return Result<void>();
    GODWIT_CO_CHECK(check());
    GODWIT_CO_CHECK(co_await context_.sleep(kLook));
  }
}

void Redelivery::heard(const std::string& key, const Ending& ending) {
  // Whoever delivers it has seen the doubt; after a dead letter it is no more than a guess.
  if (const auto target = engine_.targets.find(target_); target != engine_.targets.end()) {
    target->second->doubts.erase(key);
  }
  if (ending.error) {
    failed_ += 1;
  } else {
    (ending.moved ? moved_ : unchanged_) += 1;
    bytes_ += ending.bytes;
  }
}

Task<TargetSync> sync_target(const Context& context, Engine& engine, const std::string& name,
                             const ProgressSink& progress) {
  const MonoTime start = engine.world.mono_now();
  TargetSync report{.target = name};
  Redelivery redelivery(context, engine, name);
  auto ended = redelivery.check();
  if (ended) {
    // It stays until the group is closed, whatever becomes of its place.
    Target& target = *engine.targets.at(name);
    const Questions questions{
        .ask = [&redelivery](Difference each) { return redelivery.ask(std::move(each)); }};
    Differences found;
    std::function<void()> tell;
    if (progress) {
      tell = [&] { progress(progress_of(found, target.keys, found.same + redelivery.ended())); };
    }
    Teller teller(engine.world, std::move(tell));
    ended = co_await find_differences(context, engine, *target.store, questions, found);
    if (ended) target.keys = found.total;
    if (ended) ended = co_await redelivery.finish();
    co_await teller.stop();
    report.total = found.total;
    report.skipped = found.same;
    report.pending = found.unasked;
  }
  if (!ended) report.error = std::move(ended).error();
  report.replicated = redelivery.moved();
  report.skipped += redelivery.unchanged();
  report.failed = redelivery.failed();
  report.pending += redelivery.pending();
  report.bytes = redelivery.bytes();
  report.duration = engine.world.mono_now() - start;
  co_return report;
}

}  // namespace godwit::replication
