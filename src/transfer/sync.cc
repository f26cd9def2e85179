#include "transfer/sync.h"

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

bool was_stopped(const Error& error) {
  return error.code() == Code::cancelled || error.code() == Code::timed_out;
}

/// One sync: takes in the diff, makes jobs of what differs, removes extras at the end.
class Sync final : public DiffSink, public Work {
 public:
  Sync(const Context& context, StorePair stores, const SyncOptions& options, Observer& observer)
      : context_(context),
        stores_(stores),
        options_(options),
        observer_(observer),
        began_(context.world().wall_now()),
        comparison_(stores.source.capabilities(), stores.target.capabilities()),
        slots_(context.world(), options.transfer.transfers),
        resources_{context.world(), slots_, summary_.progress, observer},
        copier_(stores, options.transfer, resources_),
        jobs_(context, options.transfer, slots_, *this),
        extras_(context.world(), options.transfer.state_directory,
                "extras-" +
                    pair_name(stores.source.identity().place, stores.target.identity().place)) {}

  Task<SyncSummary> run() {
    const MonoTime start = context_.world().mono_now();
    observer_.on_start(summary_.progress);
    const DiffOptions diff{.listers = options_.transfer.listers};
    const Result<void> listed =
        co_await list_diff(context_, stores_.source, stores_.target, diff, *this);
    summary_.progress.listing_done = listed.has_value();
    co_await jobs_.join();
    GODWIT_CO_CHECK(co_await flush());
    if (!listed) note_stop(listed.error());
    if (jobs_.dropped() && !summary_.interrupted) note_stop(context_.check().error());
    if (listed && !summary_.interrupted) co_await remove_extras();
    (void)co_await extras_.remove();
    summary_.elapsed = context_.world().mono_now() - start;
    co_return std::move(summary_);
  }

  // DiffSink.

  void pair(ListEntry* source, ListEntry* target) override {
    if (target != nullptr) ++summary_.progress.target_seen;
    if (source == nullptr) {
      const bool due = options_.extra == Extra::remove && options_.filter.takes(*target, began_);
      if (due) extras_.add(std::move(target->key));
      return;
    }
    source_seen_ = true;
    if (!options_.filter.takes(*source, began_)) return;
    ++summary_.progress.total;
    Job job;
    if (target != nullptr) {
      if (must_read(*source, *target)) {
        job.target = std::make_unique<ListEntry>(std::move(*target));
      } else if (!comparison_.needs_copy(*source, *target, options_.compare)) {
        ++summary_.progress.skipped;
        return;
      }
    }
    summary_.progress.bytes_queued += source->size;
    job.source = std::move(*source);
    jobs_.push(std::move(job));
  }

  Task<void> room() override {
    co_await jobs_.room();
    GODWIT_CO_CHECK(context_.check());
    co_return co_await extras_.spill();
  }

  // Work.

  Task<Bytes> run(const Job& job) override {
    if (job.target) {
      GODWIT_CO_TRY(const bool same,
                    co_await same_content(context_, stores_, job.source, *job.target));
      if (same) {
        ++summary_.progress.skipped;
        co_return Bytes{0};
      }
    }
    if (options_.run == Run::dry) {
      tell(EventKind::would_copy, job, nullptr);
      ++summary_.progress.replicated;
      co_return Bytes{0};
    }
    Result<Bytes> moved = co_await copier_.copy(context_, job.source, job.source.key);
    if (!moved) {
      const bool gone = co_await source_has_gone(job, moved.error());
      if (gone) co_return Bytes{0};
      co_return fail(std::move(moved).error());
    }
    ++summary_.progress.replicated;
    tell(EventKind::copied, job, nullptr);
    co_return moved;
  }

  void retrying(const Job& job, const Error& error) override {
    ++summary_.progress.retries;
    tell(EventKind::retried, job, &error);
  }

  void gave_up(const Job& job, const Error& error) override {
    ++summary_.progress.failed;
    tell(EventKind::failed, job, &error);
  }

 private:
  [[nodiscard]] bool must_read(const ListEntry& source, const ListEntry& target) const {
    return options_.compare == Compare::checksum && !is_doubtful(target.etag) &&
           comparison_.content(source, target) == Verdict::unproven;
  }

  /// Whether an object was deleted after it was listed: then there is nothing to replicate any
  /// more. Asked, not guessed: not_found may also speak of the target.
  asio::awaitable<bool> source_has_gone(const Job& job, const Error& error) {
    if (error.code() != Code::not_found) co_return false;
    const Result<ObjectInfo> there = co_await stores_.source.head(context_, job.source.key);
    if (there || there.error().code() != Code::not_found) co_return false;
    ++summary_.progress.skipped;
    const Event event{.kind = EventKind::note,
                      .key = job.source.key,
                      .bytes = 0,
                      .error = &error,
                      .message = "the source was deleted during the run"};
    observer_.on_event(event);
    co_return true;
  }

  void tell(EventKind kind, const Job& job, const Error* error) {
    const Event event{.kind = kind,
                      .key = job.source.key,
                      .bytes = job.source.size,
                      .error = error,
                      .message = {}};
    observer_.on_event(event);
  }

  void note_stop(const Error& error) {
    auto& place =
        was_stopped(error) && !context_.check() ? summary_.interrupted : summary_.listing_error;
    place = error;
  }

  /// Data that is not durable yet was not replicated yet; nor is what a run left that was killed.
  Task<void> flush() {
    if (options_.run == Run::dry) co_return Result<void>();
    const Context last(context_.world());
    co_return co_await stores_.target.flush(last);
  }

  [[nodiscard]] std::optional<Error> why_not_remove() const {
    if (!source_seen_ && options_.empty_source == EmptySource::refuse) {
      return Error(Code::precondition_failed,
                   "the source is empty; deleting everything at the target was refused")
          .with_hint("if that is what you want, say --allow-empty-source");
    }
    if (summary_.progress.failed > 0) {
      return Error(Code::precondition_failed, "nothing was deleted, because copies failed")
          .with_hint("mend what failed and run again");
    }
    if (extras_.size() > options_.max_delete) {
      return Error(Code::limit_exceeded, "nothing was deleted: " + std::to_string(extras_.size()) +
                                             " objects would go, and at most " +
                                             std::to_string(options_.max_delete) + " may")
          .with_hint("look at --dry-run, then raise --max-delete");
    }
    return std::nullopt;
  }

  asio::awaitable<void> remove_extras() {
    if (extras_.size() == 0) co_return;
    summary_.delete_refused = why_not_remove();
    if (summary_.delete_refused) co_return;
    Result<void> removed;
    if (options_.run == Run::dry) {
      removed = co_await tell_extras();
    } else {
      removed = co_await remove_keys(context_, stores_.target, extras_, resources_);
    }
    if (removed) co_return;
    auto& place = was_stopped(removed.error()) ? summary_.interrupted : summary_.delete_refused;
    place = removed.error();
  }

  Task<void> tell_extras() {
    for (;;) {
      GODWIT_CO_TRY(const std::vector<std::string> keys,
                    co_await extras_.next(KeySpool::kInMemory));
      if (keys.empty()) co_return Result<void>();
      for (const std::string& key : keys) {
        ++summary_.progress.deleted;
        const Event event{.kind = EventKind::would_delete,
                          .key = key,
                          .bytes = 0,
                          .error = nullptr,
                          .message = {}};
        observer_.on_event(event);
      }
    }
  }

  const Context& context_;
  StorePair stores_;
  const SyncOptions& options_;
  Observer& observer_;
  WallTime began_;
  Comparison comparison_;
  SyncSummary summary_;
  Slots slots_;
  CopyResources resources_;
  Copier copier_;
  Jobs jobs_;
  KeySpool extras_;
  bool source_seen_ = false;
};

}  // namespace

Task<SyncSummary> sync(const Context& context, Store& source, Store& target,
                       const SyncOptions& options, Observer& observer) {
  const StorePair stores{source, target};
  GODWIT_CO_CHECK(check_pair(stores));
  GODWIT_CO_TRY(const std::shared_ptr<void> lock,
                co_await lock_pair(context, stores, options.transfer.state_directory));
  Sync run(context, stores, options, observer);
  co_return co_await run.run();
}

}  // namespace godwit::transfer
