#include "replication/writer.h"

#include <algorithm>
#include <set>
#include <utility>

#include "replication/versioned.h"

namespace godwit::replication {
namespace {

/// How often an unsettled write is looked at.
constexpr Duration kFirstLook = std::chrono::milliseconds(500);

/// Who must acknowledge a write, how many of them, and until when it waits.
struct Quorum {
  std::set<std::string> targets;
  std::size_t enough = 0;
  Duration patience{};
};

Quorum quorum_of(const Engine& engine, Mode mode) {
  Quorum quorum;
  if (mode == Mode::async) return quorum;
  for (const auto& [name, target] : engine.targets) {
    const bool counts = mode == Mode::sync || target->config.role == Role::candidate;
    const bool excluded = target->state == State::paused || target->state == State::removed;
    if (!counts || excluded) continue;
    quorum.targets.insert(name);
    quorum.patience = std::max(quorum.patience, target->config.sync_timeout);
  }
  quorum.enough = mode == Mode::sync ? quorum.targets.size() : engine.config.min_sync_replicas;
  return quorum;
}

/// A write ends when its caller no longer wants it, or when the primary is given up.
struct WriteScope {
  WriteScope(Engine& engine, const Context& caller)
      : both(caller.cancel()),
        registration(engine.writes.token().on_cancel([this] { both.cancel(); })),
        context(caller.with_cancel(both.token())) {}
  WriteScope(WriteScope&&) = delete;

  CancelSource both;
  CancelRegistration registration;
  Context context;
};

}  // namespace

/// What is stored: in memory when it is small.
struct Writer::Body {
  std::shared_ptr<const std::string> small;
  std::unique_ptr<ViewBody> view;
  Upload upload;

  static Task<Body> take(Upload upload) {
    Body body{.upload = upload};
    if (upload.size > kSmall) co_return body;
    GODWIT_CO_TRY(auto bytes, co_await read_all(*upload.body, kSmall));
    if (bytes.size() != upload.size) {
      co_return fail(Code::invalid_argument, "the body has " + std::to_string(bytes.size()) +
                                                 " bytes, " + std::to_string(upload.size) +
                                                 " were announced");
    }
    body.small = std::make_shared<const std::string>(std::move(bytes));
    body.view = std::make_unique<ViewBody>(as_bytes(*body.small));
    body.upload = {.body = body.view.get(), .size = upload.size};
    co_return body;
  }
};

Task<Receipt> Writer::put(const Context& caller, const std::string& key, Upload upload,
                          const WriteOptions& options) {
  GODWIT_CO_CHECK(check_user_key(key));
  GODWIT_CO_TRY(const Body body, co_await Body::take(upload));
  std::optional<Acks::Waiter> waiter;
  Receipt receipt;
  {
    GODWIT_CO_TRY(const auto pass, co_await engine_.gate.enter(caller));
    const WriteScope scope(engine_, caller);
    const Context& context = scope.context;
    GODWIT_CO_TRY(const auto held, co_await engine_.locks.acquire(context, key));
    GODWIT_CO_CHECK(co_await wait_until_settled(context, key));
    receipt.version = engine_.next_version();
    const PutOptions put_options{.metadata = with_version(options.metadata, receipt.version)};
    const journal::Write write{
        .key = key, .version = receipt.version, .priority = options.priority, .size = upload.size};
    GODWIT_CO_TRY(const auto intent, co_await begin(context, write));
    auto stored = co_await engine_.primary->put(context, key, body.upload, put_options);
    if (!stored && stored.error().outcome() == Outcome::not_applied) {
      engine_.journal.discard(intent);
      co_return std::unexpected(std::move(stored).error());
    }
    if (!stored && stored.error().outcome() == Outcome::unknown) {
      end_unknown(intent);
      co_return std::unexpected(std::move(stored).error());
    }
    if (stored) receipt.etag = stored->etag;
    if (body.small && stored) {
      engine_.recent.add(key, {.version = receipt.version,
                               .metadata = put_options.metadata,
                               .etag = receipt.etag,
                               .body = body.small});
    } else {
      engine_.recent.erase(key);
    }
    waiter.emplace(engine_.acks, key, receipt.version);
    engine_.journal.commit(intent, engine_.world.wall_now(), nullptr);
  }
  co_return co_await acknowledge(caller, *waiter, std::move(receipt), options);
}

Task<Receipt> Writer::remove(const Context& caller, const std::string& key,
                             const WriteOptions& options) {
  GODWIT_CO_CHECK(check_user_key(key));
  std::optional<Acks::Waiter> waiter;
  Receipt receipt;
  {
    GODWIT_CO_TRY(const auto pass, co_await engine_.gate.enter(caller));
    const WriteScope scope(engine_, caller);
    const Context& context = scope.context;
    GODWIT_CO_TRY(const auto held, co_await engine_.locks.acquire(context, key));
    GODWIT_CO_CHECK(co_await wait_until_settled(context, key));
    receipt.version = engine_.next_version();
    const journal::Write write{.key = key,
                               .version = receipt.version,
                               .change = journal::Change::remove,
                               .priority = options.priority};
    GODWIT_CO_TRY(const auto intent, co_await begin(context, write));
    engine_.recent.erase(key);
    const std::span<const std::string> keys(&key, 1);
    auto removed = co_await engine_.primary->remove(context, keys);
    Result<void> outcome;
    if (!removed) {
      outcome = std::unexpected(std::move(removed).error());
    } else {
      outcome = std::move(removed->front());
    }
    if (!outcome && outcome.error().outcome() == Outcome::not_applied) {
      engine_.journal.discard(intent);
      co_return std::unexpected(std::move(outcome).error());
    }
    if (!outcome && outcome.error().outcome() == Outcome::unknown) {
      end_unknown(intent);
      co_return std::unexpected(std::move(outcome).error());
    }
    waiter.emplace(engine_.acks, key, receipt.version);
    engine_.journal.commit(intent, engine_.world.wall_now(), nullptr);
  }
  co_return co_await acknowledge(caller, *waiter, std::move(receipt), options);
}

/// The write is promised from here on; or, when this fails, is refused and nowhere.
Task<journal::Sequence> Writer::begin(const Context& context, const journal::Write& write) {
  GODWIT_CO_CHECK(context.check());
  auto intent = co_await engine_.journal.begin(write);
  if (intent) co_return *intent;
  co_return fail(std::move(intent).error().because_of("the journal cannot promise the write"));
}

/// A write whose answer was lost may still land. A second one of its key waits, or the late first
/// one could take the place of an acknowledged second.
Task<void> Writer::wait_until_settled(const Context& context, const std::string& key) {
  while (engine_.journal.is_unsettled(key)) {
    auto waited = co_await context.sleep(kFirstLook);
    if (waited) continue;
    co_return fail(
        Error(waited.error().code(), "an earlier write of '" + key + "' has not been settled")
            .with_hint("try again: its answer was lost, and it may still take effect"));
  }
  co_return Result<void>();
}

void Writer::end_unknown(journal::Sequence intent) {
  engine_.journal.leave_unsettled(intent);
  engine_.changed.notify_all();
}

Task<Receipt> Writer::acknowledge(const Context& context, Acks::Waiter& waiter, Receipt receipt,
                                  const WriteOptions& options) {
  const Mode mode = options.mode.value_or(engine_.config.mode);
  const Quorum quorum = quorum_of(engine_, mode);
  auto waited =
      co_await waiter.wait(context.with_timeout(quorum.patience), quorum.targets, quorum.enough);
  for (const auto& [name, target] : engine_.targets) {
    TargetAck ack{.target = name};
    if (waiter.acked().contains(name)) {
      ack.ack = Ack::acknowledged;
    } else if (target->state == State::paused) {
      ack.ack = Ack::excluded;
    }
    receipt.targets.push_back(std::move(ack));
  }
  if (options.receipt != nullptr) *options.receipt = receipt;
  const bool degrade = engine_.config.on_insufficient_acks == OnInsufficientAcks::degrade;
  if (waited || (degrade && waited.error().code() == Code::timed_out)) co_return receipt;
  co_return fail(Error(waited.error().code(),
                       "insufficient_acks: " + std::to_string(waiter.acked().size()) + " of " +
                           std::to_string(quorum.enough) + " targets have acknowledged the write")
                     .with(Retry::never)
                     .with(Outcome::applied)
                     .with_hint("the primary has it, and the rest will be delivered"));
}

asio::awaitable<void> Writer::settle() {
  const Context context = engine_.context();
  Duration pause = kFirstLook;
  while (!context.cancel().cancelled()) {
    const auto unsettled = engine_.journal.unsettled();
    if (unsettled.empty()) {
      pause = kFirstLook;
      co_await engine_.changed.wait();
      continue;
    }
    for (const journal::Unsettled& each : unsettled) {
      const auto settled = co_await settle_one(each);
      if (context.cancel().cancelled()) co_return;
      if (settled && *settled) engine_.unsettled_since.erase(each.sequence);
    }
    (void)co_await context.sleep(pause);
    pause = std::min(pause * 2, engine_.config.late_write_window / 4);
  }
}

/// True when it is known now what became of it.
Task<bool> Writer::settle_one(const journal::Unsettled& unsettled) {
  const journal::Write& write = unsettled.write;
  const MonoTime now = engine_.world.mono_now();
  const MonoTime since = engine_.unsettled_since.try_emplace(unsettled.sequence, now).first->second;
  const Context context = engine_.context().with_timeout(engine_.config.health_check_timeout);
  GODWIT_CO_TRY(const auto there, co_await look(context, *engine_.primary, write.key));
  const bool window_is_over = now - since >= engine_.config.late_write_window;
  // That there is nothing does not prove that a removal has landed: there may have been nothing
  // before, and it would take away what is written next.
  const bool removed = write.change == journal::Change::remove && !there && window_is_over;
  const bool stored = there && version_of(*there) == write.version;
  const bool overwritten = there && version_of(*there) > write.version;
  if (removed || stored) {
    engine_.journal.commit(unsettled.sequence, engine_.world.wall_now(), nullptr);
  } else if (overwritten || window_is_over) {
    engine_.journal.discard(unsettled.sequence);
  } else {
    co_return false;
  }
  co_return true;
}

}  // namespace godwit::replication
