#include "transfer/verify.h"

#include <utility>

#include "store/etag.h"
#include "transfer/comparison.h"
#include "transfer/content_check.h"
#include "transfer/copy.h"
#include "transfer/jobs.h"
#include "transfer/list_diff.h"
#include "transfer/run.h"
#include "transfer/spool.h"

namespace godwit::transfer {
namespace {

/// One verification; with a copier, what is found bad is mended at once.
class Verification final : public DiffSink, public Work {
 public:
  Verification(const Context& context, StorePair stores, const RepairOptions& options,
               Observer& observer)
      : context_(context),
        stores_(stores),
        options_(options),
        observer_(observer),
        began_(context.world().wall_now()),
        comparison_(stores.source.capabilities(), stores.target.capabilities()),
        slots_(context.world(), options.verify.transfer.transfers),
        resources_{context.world(), slots_, repair_.progress, observer},
        copier_(stores, options.verify.transfer, resources_),
        jobs_(context, options.verify.transfer, slots_, *this),
        extras_(context.world(), options.verify.transfer.state_directory,
                "repair-" +
                    pair_name(stores.source.identity().place, stores.target.identity().place)) {}

  void mend() { mends_ = true; }

  Task<RepairSummary> run() {
    const MonoTime start = context_.world().mono_now();
    observer_.on_start(repair_.progress);
    const DiffOptions diff{.listers = options_.verify.transfer.listers,
                           .prefix = options_.verify.prefix};
    const Result<void> listed =
        co_await list_diff(context_, stores_.source, stores_.target, diff, *this);
    repair_.progress.listing_done = listed.has_value();
    co_await jobs_.join();
    VerifySummary& found = repair_.found;
    if (!context_.check()) {
      found.interrupted = context_.check().error();
    } else if (!listed) {
      found.listing_error = listed.error();
    }
    GODWIT_CO_CHECK(co_await flush());
    if (!found.interrupted && listed) co_await remove_extras();
    (void)co_await extras_.remove();
    found.elapsed = context_.world().mono_now() - start;
    co_return std::move(repair_);
  }

  // DiffSink.

  void pair(ListEntry* source, ListEntry* target) override {
    const ListEntry& known = source != nullptr ? *source : *target;
    source_seen_ = source_seen_ || source != nullptr;
    if (!options_.verify.filter.takes(known, began_)) return;
    ++repair_.found.total;
    ++repair_.progress.total;
    if (source == nullptr) {
      found_extra(std::move(*target));
    } else if (target == nullptr) {
      found_bad(EventKind::missing, std::move(*source));
    } else {
      compare(std::move(*source), std::move(*target));
    }
  }

  Task<void> room() override {
    co_await jobs_.room();
    GODWIT_CO_CHECK(context_.check());
    GODWIT_CO_CHECK(co_await observer_.room());
    co_return co_await extras_.spill();
  }

  // Work.

  Task<Bytes> run(const Job& job) override {
    if (job.target) {
      Bytes read = 0;
      const Result<PairClass> found =
          co_await check_objects(context_, stores_, job.source.key, options_.verify.level, read);
      repair_.found.bytes_read += read;
      if (!found && found.error().retry() == Retry::later && job.tries < kTriesToRead) {
        co_return fail(Error(found.error()));
      }
      const bool bad = !count(job, found);
      // A job of its own: trying again to copy is not to find it bad again.
      if (bad && mends_) push_copy(job.source);
      co_return read;
    }
    co_return co_await mend_one(job);
  }

  void retrying(const Job& job, const Error& error) override {
    ++repair_.progress.retries;
    tell(EventKind::retried, job.source, &error);
  }

  void gave_up(const Job& job, const Error& error) override {
    if (job.target) {
      (void)count(job, fail(Error(error)));
      if (mends_) push_copy(job.source);
      return;
    }
    ++repair_.progress.failed;
    tell(EventKind::failed, job.source, &error);
  }

 private:
  static constexpr std::size_t kTriesToRead = 3;

  void compare(ListEntry source, ListEntry target) {
    const Verdict verdict = comparison_.content(source, target);
    if (verdict == Verdict::different) {
      found_bad(EventKind::different, std::move(source));
    } else if (options_.verify.level == VerifyLevel::listing) {
      if (is_doubtful(source.etag) || is_doubtful(target.etag)) {
        found_bad(EventKind::doubtful, std::move(source));
        return;
      }
      ++(verdict == Verdict::same ? repair_.found.same : repair_.found.unproven);
      ++repair_.progress.skipped;
    } else {
      Job job;
      job.source = std::move(source);
      job.target = std::make_unique<ListEntry>(std::move(target));
      jobs_.push(std::move(job));
    }
  }

  /// Counts what a check found; true when there is nothing to mend.
  bool count(const Job& job, const Result<PairClass>& found) {
    if (!found) {
      ++repair_.found.unreadable;
      tell(EventKind::unreadable, job.source, &found.error());
      return false;
    }
    switch (*found) {
      case PairClass::same:
        ++repair_.found.same;
        ++repair_.progress.skipped;
        return true;
      case PairClass::different:
        ++repair_.found.different;
        tell(EventKind::different, job.source, nullptr);
        return false;
      case PairClass::metadata_only:
        ++repair_.found.metadata_only;
        tell(EventKind::metadata_only, job.source, nullptr);
        return false;
    }
    std::unreachable();
  }

  void found_bad(EventKind kind, ListEntry source) {
    VerifySummary& found = repair_.found;
    ++(kind == EventKind::missing    ? found.missing
       : kind == EventKind::doubtful ? found.doubtful
                                     : found.different);
    tell(kind, source, nullptr);
    if (mends_) push_copy(std::move(source));
  }

  void push_copy(ListEntry source) {
    Job job;
    job.source = std::move(source);
    jobs_.push(std::move(job));
  }

  void found_extra(ListEntry target) {
    ++repair_.found.extra;
    tell(EventKind::extra, target, nullptr);
    if (mends_ && options_.extra == Extra::remove) extras_.add(std::move(target.key));
  }

  Task<Bytes> mend_one(const Job& job) {
    const bool dry = options_.run == Run::dry;
    Bytes moved = 0;
    if (!dry) {
      GODWIT_CO_TRY(moved, co_await copier_.copy(context_, job.source, job.source.key));
    }
    ++repair_.progress.replicated;
    tell(dry ? EventKind::would_copy : EventKind::copied, job.source, nullptr);
    co_return moved;
  }

  /// What was mended before an interruption is kept too.
  Task<void> flush() {
    if (!mends_ || options_.run == Run::dry) co_return Result<void>();
    const Context last(context_.world());
    co_return co_await stores_.target.flush(last);
  }

  [[nodiscard]] std::optional<Error> why_not_remove() const {
    if (!source_seen_) {
      return Error(Code::precondition_failed,
                   "the source is empty; deleting everything at the target was refused")
          .with_hint("if that is what you want: sync --delete --allow-empty-source");
    }
    if (repair_.progress.failed > 0) {
      return Error(Code::precondition_failed, "nothing was deleted, because copies failed")
          .with_hint("mend what failed and run again");
    }
    if (extras_.size() <= options_.max_delete) return std::nullopt;
    return Error(Code::limit_exceeded, "nothing was deleted: " + std::to_string(extras_.size()) +
                                           " objects would go, and at most " +
                                           std::to_string(options_.max_delete) + " may");
  }

  asio::awaitable<void> remove_extras() {
    if (extras_.size() == 0) co_return;
    repair_.delete_refused = why_not_remove();
    if (repair_.delete_refused) co_return;
    if (options_.run == Run::dry) {
      repair_.progress.deleted = extras_.size();
      co_return;
    }
    const Result<void> removed =
        co_await remove_keys(context_, stores_.target, extras_, resources_);
    if (removed) co_return;
    auto& place = context_.check() ? repair_.delete_refused : repair_.found.interrupted;
    place = removed.error();
  }

  void tell(EventKind kind, const ListEntry& entry, const Error* error) {
    const Event event{
        .kind = kind, .key = entry.key, .bytes = entry.size, .error = error, .message = {}};
    observer_.on_event(event);
  }

  const Context& context_;
  StorePair stores_;
  const RepairOptions& options_;
  Observer& observer_;
  WallTime began_;
  Comparison comparison_;
  RepairSummary repair_;
  Slots slots_;
  CopyResources resources_;
  Copier copier_;
  Jobs jobs_;
  KeySpool extras_;
  bool mends_ = false;
  bool source_seen_ = false;
};

}  // namespace

bool VerifySummary::clean() const {
  return missing + extra + different + doubtful + metadata_only + unreadable == 0 &&
         !listing_error && !interrupted;
}

Task<VerifySummary> verify(const Context& context, Store& source, Store& target,
                           const VerifyOptions& options, Observer& observer) {
  const StorePair stores{source, target};
  GODWIT_CO_CHECK(check_pair(stores));
  const RepairOptions all{.verify = options};
  Verification verification(context, stores, all, observer);
  GODWIT_CO_TRY(RepairSummary summary, co_await verification.run());
  co_return std::move(summary.found);
}

Task<RepairSummary> repair(const Context& context, Store& source, Store& target,
                           const RepairOptions& options, Observer& observer) {
  const StorePair stores{source, target};
  GODWIT_CO_CHECK(check_pair(stores));
  GODWIT_CO_TRY(const std::shared_ptr<void> lock,
                co_await lock_pair(context, stores, options.verify.transfer.state_directory));
  Verification verification(context, stores, options, observer);
  verification.mend();
  co_return co_await verification.run();
}

}  // namespace godwit::transfer
