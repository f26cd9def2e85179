#include "replication/scan.h"

#include <utility>

#include "replication/differences.h"

namespace godwit::replication {
namespace {

/// One target's part of a scan.
class TargetScan {
 public:
  TargetScan(const Context& context, Engine& engine, Noticed& noticed, ScanReport& report,
             std::string target)
      : context_(context),
        engine_(engine),
        noticed_(noticed),
        report_(report),
        target_(std::move(target)),
        epoch_(engine.epoch) {}

  Task<void> run() {
    const Questions questions{
        .proof = Proof::time,
        .ask = [this](Difference each) { return take(changed_, std::move(each.key)); },
        .ask_gone = [this](Difference each) { return suspect(std::move(each.key)); }};
    Differences found;
    Store& store = *engine_.targets.at(target_)->store;
    auto done = co_await find_differences(context_, engine_, store, questions, found);
    report_.total = std::max(report_.total, found.total);
    if (done) done = co_await notice_all(changed_);
    if (!done) co_return done;
    co_return co_await remove_gone();
  }

 private:
  static constexpr std::size_t kAtOnce = 16;

  Task<void> check() const {
    GODWIT_CO_CHECK(context_.check());
    if (engine_.epoch != epoch_) co_return fail(Code::unavailable, "the primary has moved");
    co_return Result<void>();
  }

  /// What the target is owed anyway is no news.
  Task<bool> is_owed(const std::string& key) const {
    co_return co_await engine_.journal.owes(target_, key);
  }

  Task<void> take(std::vector<std::string>& keys, std::string key) {
    GODWIT_CO_CHECK(co_await check());
    GODWIT_CO_TRY(const bool owed, co_await is_owed(key));
    if (owed) co_return Result<void>();
    keys.push_back(std::move(key));
    if (keys.size() < kAtOnce) co_return Result<void>();
    co_return co_await notice_all(keys);
  }

  /// Remembers as many as may be believed, and one more.
  Task<void> suspect(std::string key) {
    GODWIT_CO_CHECK(co_await check());
    GODWIT_CO_TRY(const bool owed, co_await is_owed(key));
    if (owed) co_return Result<void>();
    gone_count_ += 1;
    if (gone_.size() <= room()) gone_.push_back(std::move(key));
    co_return Result<void>();
  }

  [[nodiscard]] std::uint64_t room() const {
    return engine_.removals.room(engine_.config.detection.most_removals, engine_.world.mono_now());
  }

  Task<void> remove_gone() {
    if (!engine_.config.detection.propagate_removals) {
      report_.kept = std::max(report_.kept, gone_count_);
      co_return Result<void>();
    }
    if (gone_count_ > room()) {
      report_.held = std::max(report_.held, gone_count_);
      engine_.events.emit({.type = EventType::removals_held,
                           .target = target_,
                           .message = std::to_string(gone_count_) + " keys are gone, " +
                                      std::to_string(room()) + " may be removed now"});
      co_return Result<void>();
    }
    co_return co_await notice_all(gone_);
  }

  Task<void> notice_all(std::vector<std::string>& keys) {
    while (!keys.empty()) {
      TaskGroup group(engine_.world.executor());
      const std::size_t first = keys.size() - std::min(keys.size(), kAtOnce);
      for (std::size_t i = first; i < keys.size(); ++i) group.spawn(notice(std::move(keys[i])));
      keys.resize(first);
      co_await group.join();
    }
    co_return co_await check();
  }

  asio::awaitable<void> notice(std::string key) {
    const auto notice = co_await noticed_.notice(context_, key);
    if (!notice) {
      report_.failed += 1;
      co_return;
    }
    switch (*notice) {
      case Notice::known: break;
      case Notice::written: report_.written += 1; break;
      case Notice::removed: report_.removed += 1; break;
      case Notice::kept: report_.kept += 1; break;
      case Notice::held: report_.held += 1; break;
    }
  }

  const Context& context_;
  Engine& engine_;
  Noticed& noticed_;
  ScanReport& report_;
  std::string target_;
  std::uint32_t epoch_;
  std::vector<std::string> changed_;
  std::vector<std::string> gone_;
  std::uint64_t gone_count_ = 0;
};

/// Those that are compared as a whole anyway learn more by that.
bool can_be_asked(const Engine& engine, const Target& target) {
  const auto* queue = engine.journal.target(target.config.name);
  return target.takes_deliveries() && queue != nullptr && !queue->must_compare() &&
         !engine.deposed.contains(target.config.name);
}

}  // namespace

Task<ScanReport> scan_primary(const Context& context, Engine& engine, Noticed& noticed) {
  const MonoTime start = engine.world.mono_now();
  std::vector<std::string> names;
  for (const auto& [name, target] : engine.targets) names.push_back(name);
  ScanReport report;
  for (const std::string& name : names) {
    const auto target = engine.targets.find(name);
    if (target == engine.targets.end() || !can_be_asked(engine, *target->second)) {
      report.skipped.push_back(name);
      continue;
    }
    TargetScan scan(context, engine, noticed, report, name);
    auto done = co_await scan.run();
    if (done) continue;
    report.error = std::move(done).error();
    break;
  }
  report.duration = engine.world.mono_now() - start;
  co_return report;
}

}  // namespace godwit::replication
