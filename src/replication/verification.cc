#include "replication/verification.h"

#include <utility>

#include "replication/differences.h"
#include "replication/redelivery.h"
#include "replication/teller.h"
#include "replication/versioned.h"
#include "transfer/comparison.h"
#include "transfer/content_check.h"
#include "transfer/verify.h"

namespace godwit {

std::string_view to_string(FindingKind kind) {
  switch (kind) {
    case FindingKind::missing: return "missing";
    case FindingKind::extra: return "extra";
    case FindingKind::different: return "different";
    case FindingKind::metadata_only: return "metadata_only";
    case FindingKind::unreadable: return "unreadable";
  }
  std::unreachable();
}

std::optional<unsigned> WorkProgress::percent() const {
  if (!total) return std::nullopt;
  const std::uint64_t most = total_is_estimate ? 99 : 100;
  if (done >= *total) return static_cast<unsigned>(most);
  return static_cast<unsigned>(std::min(most, 100 * done / *total));
}

namespace replication {
namespace {

using transfer::EventKind;

std::optional<FindingKind> finding_of(EventKind kind) {
  switch (kind) {
    case EventKind::missing: return FindingKind::missing;
    case EventKind::extra: return FindingKind::extra;
    case EventKind::different: return FindingKind::different;
    case EventKind::metadata_only: return FindingKind::metadata_only;
    case EventKind::unreadable: return FindingKind::unreadable;
    default: return std::nullopt;
  }
}

/// How a key stands at both sides.
struct Seen {
  std::optional<FindingKind> kind;
  std::optional<Error> error;  ///< of `unreadable`
};

/// Looks again at what a comparison has found, and tells what is still so.
class Confirmation final : public transfer::Observer {
 public:
  Confirmation(const Context& context, Engine& engine, VerifyReport& report, VerifyLevel level,
               const FindingSink& sink)
      : context_(context),
        engine_(engine),
        primary_(*engine.primary),
        target_(*engine.targets.at(report.target)->store),
        epoch_(engine.epoch),
        report_(report),
        level_(level),
        sink_(sink) {}

  void on_start(const transfer::Progress& live) override { live_ = &live; }
  void on_event(const transfer::Event& event) override {
    if (finding_of(event.kind)) suspects_.emplace_back(event.key);
  }
  /// The counts that live as long as the comparison are not looked at after it.
  void compared(std::uint64_t total, bool listed) {
    compared_ = total;
    seen_ = {.total = total, .listed = listed};
    live_ = nullptr;
  }
  /// Counts what was looked at again where it is done with.
  [[nodiscard]] WorkProgress progress(std::optional<std::uint64_t> estimate) const {
    if (live_ == nullptr) return progress_of(seen_, estimate, compared_);
    const Differences now{.total = live_->total, .listed = live_->listing_done};
    return progress_of(now, estimate,
                       live_->skipped + report_.same + report_.findings() + report_.in_flight);
  }
  Task<void> room() override {
    while (!suspects_.empty()) {
      std::vector<std::string> batch;
      while (!suspects_.empty() && batch.size() < kAtOnce) {
        batch.push_back(std::move(suspects_.back()));
        suspects_.pop_back();
      }
      GODWIT_CO_CHECK(co_await confirm(batch));
    }
    co_return Result<void>();
  }

 private:
  static constexpr std::size_t kAtOnce = 16;
  /// A key that is written again and again is in flight.
  static constexpr int kLooks = 5;

  enum class Owed : std::uint8_t { nothing, something };
  struct Look {
    std::string key;
    Result<Owed> owed = Owed::nothing;
    Seen now;
  };

  Task<void> confirm(const std::vector<std::string>& batch) {
    std::vector<Look> looks;
    for (const std::string& key : batch) looks.push_back({.key = key});
    TaskGroup group(engine_.world.executor());
    for (Look& look : looks) group.spawn(look_into(look));
    co_await group.join();
    for (Look& look : looks) {
      if (!look.owed) co_return std::unexpected(std::move(look.owed).error());
      if (*look.owed == Owed::something) {
        report_.in_flight += 1;
        continue;
      }
      count(look.now.kind);
      if (!look.now.kind) continue;
      Finding finding{.target = report_.target,
                      .kind = *look.now.kind,
                      .key = std::move(look.key),
                      .error = std::move(look.now.error)};
      GODWIT_CO_CHECK(co_await sink_(std::move(finding)));
    }
    co_return Result<void>();
  }

  void count(const std::optional<FindingKind>& kind) {
    if (!kind) {
      report_.same += 1;
      return;
    }
    switch (*kind) {
      case FindingKind::missing: report_.missing += 1; break;
      case FindingKind::extra: report_.extra += 1; break;
      case FindingKind::different: report_.different += 1; break;
      case FindingKind::metadata_only: report_.metadata_only += 1; break;
      case FindingKind::unreadable: report_.unreadable += 1; break;
    }
  }

  asio::awaitable<void> look_into(Look& look) { look.owed = co_await look_again(look); }

  /// What is seen counts if nothing was owed before and after, and the primary did not change.
  Task<Owed> look_again(Look& look) {
    for (int i = 0; i < kLooks; ++i) {
      GODWIT_CO_CHECK(context_.check());
      if (engine_.epoch != epoch_) co_return fail(Code::unavailable, "the primary has moved");
      GODWIT_CO_TRY(const bool before, co_await engine_.journal.owes(report_.target, look.key));
      if (before) co_return Owed::something;
      const auto ours = co_await replication::look(context_, primary_, look.key);
      look.now = co_await compare(ours, look.key);
      const auto again = co_await replication::look(context_, primary_, look.key);
      GODWIT_CO_TRY(const bool after, co_await engine_.journal.owes(report_.target, look.key));
      if (after) co_return Owed::something;
      if (is_one(ours, again)) co_return Owed::nothing;
    }
    co_return Owed::something;
  }

  static bool is_one(const Result<std::optional<ObjectInfo>>& one,
                     const Result<std::optional<ObjectInfo>>& other) {
    if (!one || !other) return one.has_value() == other.has_value();
    if (!*one || !*other) return one->has_value() == other->has_value();
    return (*one)->etag == (*other)->etag && version_of(**one) == version_of(**other);
  }

  asio::awaitable<Seen> compare(const Result<std::optional<ObjectInfo>>& ours,
                                const std::string& key) {
    const auto theirs = co_await replication::look(context_, target_, key);
    Seen now;
    if (!ours || !theirs) {
      now = {.kind = FindingKind::unreadable, .error = ours ? theirs.error() : ours.error()};
    } else if (!*ours && !*theirs) {
      now.kind = std::nullopt;
    } else if (!*theirs) {
      now.kind = FindingKind::missing;
    } else if (!*ours) {
      now.kind = FindingKind::extra;
    } else if (level_ == VerifyLevel::listing) {
      const transfer::Comparison comparison(primary_.capabilities(), target_.capabilities());
      const auto verdict = comparison.content(row_of(**ours), row_of(**theirs));
      if (verdict == transfer::Verdict::different) now.kind = FindingKind::different;
    } else {
      now = co_await compare_content(key);
      const bool by_marks = now.kind == FindingKind::metadata_only &&
                            says_the_same((**ours).metadata, (**theirs).metadata);
      if (by_marks) now.kind.reset();
    }
    co_return now;
  }

  /// But for the marks of a copy of what was put to the primary behind our back.
  [[nodiscard]] bool says_the_same(Metadata ours, Metadata theirs) const {
    if (!theirs.user.contains(kSourceMetadata)) return false;
    for (Metadata* each : {&ours, &theirs}) {
      each->user.erase(kVersionMetadata);
      each->user.erase(kSourceMetadata);
    }
    return transfer::same_metadata(primary_.capabilities(), target_.capabilities(), ours, theirs);
  }

  asio::awaitable<Seen> compare_content(const std::string& key) {
    const transfer::StorePair stores{primary_, target_};
    auto found =
        co_await transfer::check_objects(context_, stores, key, level_, report_.bytes_read);
    Seen now;
    if (!found) {
      now = {.kind = FindingKind::unreadable, .error = std::move(found).error()};
    } else if (*found == transfer::PairClass::different) {
      now.kind = FindingKind::different;
    } else if (*found == transfer::PairClass::metadata_only) {
      now.kind = FindingKind::metadata_only;
    }
    co_return now;
  }

  const Context& context_;
  Engine& engine_;
  // They stay until the group is closed, whatever becomes of their places.
  Store& primary_;
  Store& target_;
  std::uint32_t epoch_;
  VerifyReport& report_;
  VerifyLevel level_;
  const FindingSink& sink_;
  std::vector<std::string> suspects_;
  const transfer::Progress* live_ = nullptr;
  Differences seen_;
  std::uint64_t compared_ = 0;
};

Result<transfer::VerifyOptions> options_of(const VerifyOptions& wanted) {
  transfer::VerifyOptions options{.level = wanted.level, .prefix = wanted.prefix};
  GODWIT_TRY(transfer::Glob own, transfer::Glob::parse("/" + std::string(kOwnKeys) + "**"));
  options.filter.rules.push_back(
      {.action = transfer::FilterAction::exclude, .glob = std::move(own)});
  return options;
}

/// Delivers anew what is found, and hands it on.
class Mending {
 public:
  Mending(Redelivery& redelivery, const RepairOptions& options, const FindingSink& sink)
      : redelivery_(redelivery), options_(options), sink_(sink) {}

  Task<void> take(Finding finding) {
    const bool stays = finding.kind == FindingKind::extra && options_.extra == Extra::keep;
    const bool doubtful =
        finding.kind != FindingKind::missing && finding.kind != FindingKind::extra;
    const auto doubt = doubtful ? std::optional(finding.kind) : std::nullopt;
    std::string key = finding.key;
    GODWIT_CO_CHECK(co_await sink_(std::move(finding)));
    if (stays) {
      kept_ += 1;
      co_return Result<void>();
    }
    co_return co_await redelivery_.ask(std::move(key), doubt);
  }
  [[nodiscard]] std::uint64_t kept() const { return kept_; }

 private:
  Redelivery& redelivery_;
  const RepairOptions& options_;
  const FindingSink& sink_;
  std::uint64_t kept_ = 0;
};

/// Fills the report with what a comparison came to; `confirmed` is how the second looks ended.
void fill(VerifyReport& report, const transfer::VerifySummary& compared,
          const Result<void>& confirmed) {
  report.total = compared.total;
  report.primary_count = compared.total - compared.extra;
  report.target_count = compared.total - compared.missing;
  report.same += compared.same;
  report.unproven = compared.unproven;
  report.bytes_read += compared.bytes_read;
  if (compared.interrupted) report.error = compared.interrupted;
  if (compared.listing_error) report.error = compared.listing_error;
  if (!report.error && !confirmed) report.error = confirmed.error();
}

}  // namespace

Task<VerifyReport> verify_target(const Context& context, Engine& engine, const std::string& target,
                                 const VerifyOptions& options, const FindingSink& sink) {
  const MonoTime start = engine.world.mono_now();
  const auto found = engine.targets.find(target);
  if (found == engine.targets.end()) {
    co_return fail(Code::not_found, "the group has no target '" + target + "'");
  }
  VerifyReport report{.target = target};
  Confirmation confirmation(context, engine, report, options.level, sink);
  GODWIT_CO_TRY(const transfer::VerifyOptions compare, options_of(options));
  Store& primary = *engine.primary;
  // It stays until the group is closed, whatever becomes of its place.
  Target& place = *found->second;
  std::function<void()> tell;
  if (options.progress) {
    tell = [&] {
      // What was counted is the whole target's.
      const auto estimate = options.prefix.empty() ? place.keys : std::nullopt;
      options.progress(confirmation.progress(estimate));
    };
  }
  Teller teller(engine.world, std::move(tell));
  auto compared = co_await transfer::verify(context, primary, *place.store, compare, confirmation);
  confirmation.compared(compared ? compared->total : 0, compared && !compared->listing_error);
  const auto confirmed = co_await confirmation.room();
  co_await teller.stop();
  if (!compared) co_return std::unexpected(std::move(compared).error());
  fill(report, *compared, confirmed);
  if (!report.error && options.prefix.empty()) place.keys = report.total;
  const auto backlog = engine.journal.backlog(target);
  if (backlog && backlog->oldest) {
    report.lag = std::max(Duration::zero(), engine.world.wall_now() - *backlog->oldest);
  }
  report.duration = engine.world.mono_now() - start;
  co_return report;
}

Task<RepairReport> repair_target(const Context& context, Engine& engine, const std::string& target,
                                 const RepairOptions& options, const FindingSink& sink) {
  Redelivery redelivery(context, engine, target);
  GODWIT_CO_CHECK(redelivery.check());
  Mending mending(redelivery, options, sink);
  const FindingSink mend = [&mending](Finding finding) { return mending.take(std::move(finding)); };
  RepairReport report;
  VerifyOptions verify{.level = options.level, .prefix = options.prefix};
  WorkProgress compared;
  std::function<void()> tell;
  if (options.progress) {
    tell = [&] {
      WorkProgress now = compared;
      now.done -= std::min(now.done, redelivery.pending());
      options.progress(now);
    };
    verify.progress = [&](const WorkProgress& now) {
      compared = now;
      tell();
    };
  }
  GODWIT_CO_TRY(report.found, co_await verify_target(context, engine, target, verify, mend));
  Teller teller(engine.world, tell);
  const auto finished = co_await redelivery.finish();
  co_await teller.stop();
  if (!finished) report.error = finished.error();
  report.repaired = redelivery.moved();
  report.unchanged = redelivery.unchanged() + mending.kept();
  report.failed = redelivery.failed();
  report.pending = redelivery.pending();
  co_return report;
}

}  // namespace replication
}  // namespace godwit
