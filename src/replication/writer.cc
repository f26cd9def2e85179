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

/// One write under way.
struct Writer::Pending {
  const std::string& key;
  const WriteOptions& options;
  const Body* body = nullptr;  ///< null: a removal
  Receipt receipt;
  std::optional<Acks::Waiter> waiter;
};

Task<Receipt> Writer::put(const Context& context, const std::string& key, Upload upload,
                          const WriteOptions& options) {
  GODWIT_CO_CHECK(check_user_key(key));
  GODWIT_CO_TRY(const Body body, co_await Body::take(upload));
  Pending write{.key = key, .options = options, .body = &body};
  co_return co_await admit(context, write);
}

Task<Receipt> Writer::remove(const Context& context, const std::string& key,
                             const WriteOptions& options) {
  GODWIT_CO_CHECK(check_user_key(key));
  Pending write{.key = key, .options = options};
  co_return co_await admit(context, write);
}

Task<void> Writer::replace(const Context& context, const std::string& key, Upload upload,
                           const WriteOptions& options) {
  GODWIT_CO_TRY(const Body body, co_await Body::take(upload));
  Pending write{.key = key, .options = options, .body = &body};
  co_return co_await apply(context, write);
}

Task<Receipt> Writer::admit(const Context& context, Pending& write) {
  {
    GODWIT_CO_TRY(const auto pass, co_await engine_.gate.enter(context));
    const WriteScope scope(engine_, context);
    GODWIT_CO_CHECK(co_await apply(scope.context, write));
  }
  co_return co_await acknowledge(context, write);
}

Task<void> Writer::apply(const Context& context, Pending& write) {
  const std::string& key = write.key;
  GODWIT_CO_TRY(const auto held, co_await engine_.locks.acquire(context, key));
  GODWIT_CO_CHECK(co_await wait_until_settled(context, key));
  GODWIT_CO_CHECK(co_await check_expected(context, write));
  write.receipt.version = engine_.next_version();
  GODWIT_CO_TRY(const auto intent, co_await begin(context, write));
  auto stored = co_await store(context, write);
  if (!stored && stored.error().outcome() == Outcome::not_applied) {
    engine_.journal.discard(intent);
    co_return stored;
  }
  if (!stored && stored.error().outcome() == Outcome::unknown) {
    engine_.journal.leave_unsettled(intent);
    engine_.changed.notify_all();
    co_return stored;
  }
  write.waiter.emplace(engine_.acks, key, write.receipt.version);
  engine_.journal.commit(intent, engine_.world.wall_now());
  engine_.counts.writes_to_primary += 1;
  bound_backlogs();
  co_return Result<void>();
}

Task<void> Writer::check_expected(const Context& context, const Pending& write) {
  const auto& expected = write.options.expected;
  if (!expected) co_return Result<void>();
  GODWIT_CO_TRY(const auto there, co_await look(context, *engine_.primary, write.key));
  const bool as_expected =
      there ? expected->version == version_of(*there) : !expected->version.has_value();
  if (as_expected) co_return Result<void>();
  co_return fail(
      Error(Code::precondition_failed,
            there ? "the object is of version " + version_of(*there).to_text() : "there is none")
          .with(Outcome::not_applied)
          .with_hint("read it again, and decide anew")
          .at(place_of(*engine_.primary, write.body != nullptr ? "put" : "remove", write.key)));
}

/// The write at the primary's store.
Task<void> Writer::store(const Context& context, Pending& write) {
  if (write.body == nullptr) {
    const std::span<const std::string> keys(&write.key, 1);
    GODWIT_CO_TRY(auto removed, co_await engine_.primary->remove(context, keys));
    if (!removed.front()) co_return std::move(removed.front());
    engine_.primary_answered = engine_.world.mono_now();
    engine_.recent.erase(write.key);
    co_return Result<void>();
  }
  const Body& body = *write.body;
  const PutOptions options{.metadata = with_version(write.options.metadata, write.receipt.version)};
  GODWIT_CO_TRY(PutResult stored,
                co_await engine_.primary->put(context, write.key, body.upload, options));
  engine_.primary_answered = engine_.world.mono_now();
  write.receipt.etag = std::move(stored.etag);
  // The one before stays until now: it may be all that is left of an acknowledged write.
  engine_.recent.erase(write.key);
  if (!body.small) co_return Result<void>();
  engine_.recent.add(write.key, {.version = write.receipt.version,
                                 .metadata = options.metadata,
                                 .etag = write.receipt.etag,
                                 .body = body.small});
  co_return Result<void>();
}

/// A target that lacks too much is compared as a whole instead. But for one that was deposed: its
/// tasks tell what was removed since it was lost, and without them it would come back.
void Writer::bound_backlogs() {
  constexpr std::uint64_t kBetweenLooks = 256;
  const std::uint64_t most = engine_.config.max_backlog;
  if (++writes_ % std::min(kBetweenLooks, most) != 0) return;
  for (const auto& [name, target] : engine_.targets) {
    auto* queue = engine_.journal.target(name);
    if (queue == nullptr || engine_.deposed.contains(name)) continue;
    if (queue->backlog().tasks <= most) continue;
    queue->collapse();
    engine_.changed.notify_all();
  }
}

/// The write is promised from here on; or, when this fails, is refused and nowhere.
Task<journal::Sequence> Writer::begin(const Context& context, const Pending& write) {
  using journal::Change;
  GODWIT_CO_CHECK(context.check());
  const bool puts = write.body != nullptr;
  const journal::Write promise{.key = write.key,
                               .version = write.receipt.version,
                               .change = puts ? Change::put : Change::remove,
                               .priority = write.options.priority,
                               .size = puts ? write.body->upload.size : 0};
  auto intent = co_await engine_.journal.begin(promise);
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

Task<Receipt> Writer::acknowledge(const Context& context, Pending& write) {
  const Quorum quorum = quorum_of(engine_, write.options.mode.value_or(engine_.config.mode));
  Acks::Waiter& waiter = *write.waiter;
  Receipt& receipt = write.receipt;
  for (const auto& [name, target] : engine_.targets) {
    const bool excluded = target->state == State::paused;
    receipt.targets.push_back({.target = name, .ack = excluded ? Ack::excluded : Ack::pending});
  }
  auto waited =
      co_await waiter.wait(context.with_timeout(quorum.patience), quorum.targets, quorum.enough);
  // The targets may be others by now.
  for (TargetAck& target : receipt.targets) {
    if (waiter.acked().contains(target.target)) target.ack = Ack::acknowledged;
  }
  if (write.options.receipt != nullptr) *write.options.receipt = receipt;
  const std::string acks = std::to_string(waiter.count(quorum.targets)) + " of " +
                           std::to_string(quorum.enough) + " targets have acknowledged the write";
  const bool late = !waited && waited.error().code() == Code::timed_out;
  if (late) {
    engine_.events.emit({.type = EventType::insufficient_acks, .key = write.key, .message = acks});
  }
  const bool degrade = engine_.config.on_insufficient_acks == OnInsufficientAcks::degrade;
  if (waited || (degrade && late)) co_return std::move(receipt);
  co_return fail(Error(waited.error().code(), "insufficient_acks: " + acks)
                     .with(Retry::never)
                     .with(Outcome::applied)
                     .with_hint("the primary has it, and the rest will be delivered"));
}

asio::awaitable<void> Writer::settle(Context context) {
  Duration pause = kFirstLook;
  while (!context.cancel().cancelled()) {
    const auto unsettled = engine_.journal.unsettled();
    if (unsettled.empty()) {
      pause = kFirstLook;
      co_await engine_.changed.wait();
      continue;
    }
    for (const journal::Unsettled& each : unsettled) {
      const auto settled = co_await settle_one(context, each);
      if (context.cancel().cancelled()) co_return;
      if (settled && *settled) engine_.unsettled_since.erase(each.sequence);
    }
    (void)co_await context.sleep(pause);
    pause = std::min(pause * 2, engine_.config.late_write_window / 4);
  }
}

/// A write for a primary that is deposed: nobody can be asked any more.
void Writer::commit_of_old(const journal::Unsettled& unsettled) {
  const WallTime now = engine_.world.wall_now();
  // A removal that may have been is carried out. A put may be at any target, and is looked for.
  if (unsettled.write.change == journal::Change::remove) {
    engine_.journal.commit(unsettled.sequence, now);
  } else {
    engine_.journal.commit_to_compare(unsettled.sequence, now);
  }
}

/// True when it is known now what became of it.
Task<bool> Writer::settle_one(const Context& context, const journal::Unsettled& unsettled) {
  const journal::Write& write = unsettled.write;
  if (write.version.epoch < engine_.epoch) {
    commit_of_old(unsettled);
    co_return true;
  }
  const MonoTime now = engine_.world.mono_now();
  const MonoTime since = engine_.unsettled_since.try_emplace(unsettled.sequence, now).first->second;
  const Context patient = context.with_timeout(engine_.config.health_check_timeout);
  GODWIT_CO_TRY(const auto there, co_await look(patient, *engine_.primary, write.key));
  const bool window_is_over = now - since >= engine_.config.late_write_window;
  // That there is nothing does not prove that a removal has landed: there may have been nothing
  // before, and it would take away what is written next.
  const bool removed = write.change == journal::Change::remove && !there && window_is_over;
  const bool stored = there && version_of(*there) == write.version;
  const bool overwritten = there && version_of(*there) > write.version;
  if (removed || stored) {
    engine_.journal.commit(unsettled.sequence, engine_.world.wall_now());
    engine_.counts.writes_to_primary += 1;
  } else if (overwritten || window_is_over) {
    engine_.journal.discard(unsettled.sequence);
  } else {
    co_return false;
  }
  co_return true;
}

}  // namespace godwit::replication
