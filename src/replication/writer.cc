#include "replication/writer.h"

#include <algorithm>
#include <map>
#include <utility>

#include "replication/large_put.h"
#include "replication/payload.h"
#include "replication/versioned.h"

namespace godwit::replication {
namespace {

/// How often an unsettled write is looked at.
constexpr Duration kFirstLook = std::chrono::milliseconds(500);

/// Who must acknowledge a write, until when each is waited for, and how many of them.
struct Quorum {
  std::map<std::string, MonoTime> targets;
  std::size_t enough = 0;
};

Quorum quorum_of(const Engine& engine, Mode mode) {
  Quorum quorum;
  if (mode == Mode::async) return quorum;
  for (const auto& [name, target] : engine.targets) {
    const bool counts = mode == Mode::sync || target->config.role == Role::candidate;
    const bool excluded = target->state == State::paused || target->state == State::removed;
    if (!counts || excluded) continue;
    quorum.targets[name] = engine.world.mono_now() + target->config.sync_timeout;
  }
  quorum.enough = mode == Mode::sync ? quorum.targets.size() : engine.config.min_sync_replicas;
  return quorum;
}

Result<void> check_current(const Engine& engine, const LargePut& large) {
  if (large.is_current()) return {};
  engine.world.mark("the primary moves during a large put");
  return fail(Error(Code::unavailable, "the primary moved while the body came in")
                  .with(Outcome::not_applied)
                  .with_hint("send it again"));
}

/// Failure: invalid_argument when a small body is not of the size that was announced.
Task<void> check_size(const Incoming& incoming, Bytes size) {
  if (!incoming.size) co_return Result<void>();
  std::byte more{};
  GODWIT_CO_TRY(const std::size_t rest, co_await incoming.body->read({&more, 1}));
  if (size == *incoming.size && rest == 0) co_return Result<void>();
  const std::string has = rest == 0 ? std::to_string(size) : "more than " + std::to_string(size);
  co_return fail(Code::invalid_argument, "the body has " + has + " bytes, " +
                                             std::to_string(*incoming.size) + " were announced");
}

}  // namespace

/// One write under way.
struct Writer::Pending {
  const std::string& key;
  const WriteOptions& options;
  bool at_gate = true;                        ///< waits while the gate is closed
  const Outrun* outrun = nullptr;             ///< of a replacement
  std::shared_ptr<const std::string> body{};  ///< of a small put
  LargePut* large = nullptr;                  ///< of another one; neither: a removal
  Receipt receipt{};
  std::optional<Acks::Waiter> waiter{};

  [[nodiscard]] bool puts() const { return body != nullptr || large != nullptr; }
  [[nodiscard]] Bytes size() const {
    if (large != nullptr) return large->size();
    return body ? body->size() : 0;
  }
};

Task<Receipt> Writer::put(const Context& context, const std::string& key, const Incoming& incoming,
                          const WriteOptions& options) {
  GODWIT_CO_CHECK(check_user_key(key));
  Pending write{.key = key, .options = options};
  GODWIT_CO_CHECK(co_await put_body(context, write, incoming));
  co_return co_await acknowledge(context, write);
}

Task<Receipt> Writer::remove(const Context& context, const std::string& key,
                             const WriteOptions& options) {
  GODWIT_CO_CHECK(check_user_key(key));
  Pending write{.key = key, .options = options};
  GODWIT_CO_CHECK(co_await admit(context, write));
  co_return co_await acknowledge(context, write);
}

Task<void> Writer::replace(const Context& context, const std::string& key, Upload upload,
                           const WriteOptions& options, const Outrun& outrun) {
  Pending write{.key = key, .options = options, .at_gate = false, .outrun = &outrun};
  const Incoming incoming{.body = upload.body, .size = upload.size};
  co_return co_await put_body(context, write, incoming);
}

Task<void> Writer::put_body(const Context& context, Pending& write, const Incoming& incoming) {
  const Bytes part_size = engine_.config.part_size;
  // Of one that is known to be large nothing is read here.
  const Bytes most = incoming.size.value_or(part_size);
  const Bytes least = most > part_size ? 0 : most;
  std::string begun;
  GODWIT_CO_TRY(begun, co_await read_up_to(*incoming.body, std::move(begun), least));
  const bool large = incoming.size ? most > part_size : begun.size() == part_size;
  if (large) co_return co_await put_large(context, write, incoming, std::move(begun));
  GODWIT_CO_CHECK(co_await check_size(incoming, begun.size()));
  write.body = std::make_shared<const std::string>(std::move(begun));
  co_return co_await admit(context, write);
}

Task<void> Writer::put_large(const Context& context, Pending& write, const Incoming& incoming,
                             std::string begun) {
  constexpr Duration kLook = std::chrono::milliseconds(20);
  if (engine_.primary->multipart() == nullptr) {
    co_return fail(Code::unsupported, "the primary takes no uploads in parts, nor a body over " +
                                          format_bytes(engine_.config.part_size));
  }
  GODWIT_CO_CHECK(co_await check_expected(context, write));
  while (engine_.open_puts.count() >= LargePut::kMost) {
    GODWIT_CO_CHECK(co_await context.sleep(kLook));
  }
  if (write.at_gate) {
    GODWIT_CO_CHECK(co_await engine_.gate.enter(context));
  }
  const CancelScope scope(context, engine_.writes.token());
  LargePut large(engine_, scope.context(), write.key, write.options.metadata,
                 write.options.mode.value_or(engine_.config.mode));
  write.large = &large;
  write.receipt.version = large.version();
  write.waiter.emplace(engine_.acks, write.key, large.version());
  auto done = co_await large.receive(incoming, std::move(begun));
  if (!done) {
    done = fail(std::move(done).error().with(Outcome::not_applied));
  } else {
    done = co_await admit(context, write);
  }
  if (!done) {
    co_await large.abandon(done.error().outcome());
  } else if (write.receipt.superseded) {
    co_await large.abandon(Outcome::not_applied);
  }
  write.large = nullptr;
  co_return done;
}

/// Through the gate, under the key's lock, into journal and primary.
Task<void> Writer::admit(const Context& context, Pending& write) {
  if (!write.at_gate) co_return co_await apply(context, write);
  GODWIT_CO_TRY(const auto pass, co_await engine_.gate.enter(context));
  // It ends when its caller no longer wants it, or when the primary is given up.
  const CancelScope scope(context, engine_.writes.token());
  co_return co_await apply(scope.context(), write);
}

Task<void> Writer::apply(const Context& context, Pending& write) {
  const std::string& key = write.key;
  GODWIT_CO_TRY(const auto held, co_await engine_.locks.acquire(context, key));
  // A replacement has no deadline of its own, and must not hold the lock for that long.
  if (write.outrun == nullptr) GODWIT_CO_CHECK(co_await wait_until_settled(context, key));
  GODWIT_CO_CHECK(co_await check_expected(context, write));
  if (write.large == nullptr) {
    write.receipt.version = engine_.next_version();
    write.waiter.emplace(engine_.acks, key, write.receipt.version);
  } else {
    GODWIT_CO_CHECK(check_current(engine_, *write.large));
    write.receipt.superseded = write.large->superseded();
    if (write.receipt.superseded) {
      engine_.world.mark("a large put is superseded");
      co_return Result<void>();
    }
  }
  GODWIT_CO_TRY(const auto intent, co_await begin(context, write));
  auto stored = co_await store(context, write);
  if (!stored && stored.error().outcome() == Outcome::not_applied) {
    co_return co_await give_up(write, intent, std::move(stored).error());
  }
  if (!stored && stored.error().outcome() == Outcome::unknown) {
    engine_.world.mark("a write is left unsettled");
    engine_.journal.leave_unsettled(intent);
    engine_.changed.notify_all();
    co_return stored;
  }
  engine_.commit(intent, key, write.receipt.version);
  engine_.counts.writes_to_primary += 1;
  bound_backlogs();
  co_return Result<void>();
}

/// The write failed for certain. A restart must not find a removal: it would carry it out where the
/// primary shows nothing, for that is how it looks when it has landed. Nor a put with its payload:
/// a failover would make it happen.
Task<void> Writer::give_up(const Pending& write, journal::Sequence intent, Error error) {
  if (write.puts() && !engine_.journal.has_payload(promise_of(write))) {
    engine_.journal.discard(intent);
    co_return std::unexpected(std::move(error));
  }
  const auto forgotten = co_await engine_.journal.discard_durably(intent);
  if (forgotten) co_return std::unexpected(std::move(error));
  co_return fail(std::move(error).with(Outcome::unknown));
}

Task<void> Writer::check_expected(const Context& context, const Pending& write) {
  const auto& expected = write.options.expected;
  if (!expected) co_return Result<void>();
  GODWIT_CO_TRY(const auto there, co_await look(context, *engine_.primary, write.key));
  const bool as_expected =
      there ? expected->version == version_of(*there) : !expected->version.has_value();
  const bool outrun = write.outrun != nullptr && (*write.outrun)();
  if (as_expected && !outrun) co_return Result<void>();
  std::string why = there ? "the object is of version " + version_of(*there).to_text()
                          : std::string("there is none");
  if (as_expected)
    why = "a newer write has come meanwhile, or an earlier one may still take effect";
  co_return fail(Error(Code::precondition_failed, std::move(why))
                     .with(Outcome::not_applied)
                     .with_hint("read it again, and decide anew")
                     .at(place_of(*engine_.primary, write.puts() ? "put" : "remove", write.key)));
}

/// The write at the primary's store.
Task<void> Writer::store(const Context& context, Pending& write) {
  if (!write.puts()) {
    const std::span<const std::string> keys(&write.key, 1);
    GODWIT_CO_TRY(auto removed, co_await engine_.primary->remove(context, keys));
    if (!removed.front()) co_return std::move(removed.front());
    engine_.primary_answered = engine_.world.mono_now();
    engine_.recent.erase(write.key);
    engine_.last_seen.gone(write.key);
    co_return Result<void>();
  }
  GODWIT_CO_TRY(PutResult stored, co_await put_to_primary(context, write));
  engine_.primary_answered = engine_.world.mono_now();
  write.receipt.etag = std::move(stored.etag);
  engine_.last_seen.wrote(write.key, write.receipt.version, write.receipt.etag);
  // The one before stays until now: it may be all that is left of an acknowledged write.
  engine_.recent.erase(write.key);
  if (write.body == nullptr) co_return Result<void>();
  engine_.recent.add(write.key,
                     {.version = write.receipt.version,
                      .metadata = with_version(write.options.metadata, write.receipt.version),
                      .etag = write.receipt.etag,
                      .body = write.body});
  co_return Result<void>();
}

Task<PutResult> Writer::put_to_primary(const Context& context, const Pending& write) {
  if (write.large != nullptr) co_return co_await write.large->complete(context);
  ViewBody body(as_bytes(*write.body));
  const Upload upload{.body = &body, .size = write.body->size()};
  const PutOptions options{.metadata = with_version(write.options.metadata, write.receipt.version)};
  co_return co_await engine_.primary->put(context, write.key, upload, options);
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

journal::Write Writer::promise_of(const Pending& write) {
  using journal::Change;
  return {.key = write.key,
          .version = write.receipt.version,
          .change = write.puts() ? Change::put : Change::remove,
          .priority = write.options.priority,
          .size = write.size()};
}

/// What the journal keeps of it; empty: nothing.
std::string Writer::payload_of(const Pending& write) const {
  const PayloadConfig& config = engine_.config.payload;
  const bool wanted = config.keep == JournalPayload::inlined && write.body != nullptr &&
                      write.body->size() <= config.max_body;
  if (!wanted) return {};
  return encode_payload(with_version(write.options.metadata, write.receipt.version), *write.body);
}

/// The write is promised from here on; or, when this fails, is refused and nowhere.
Task<journal::Sequence> Writer::begin(const Context& context, const Pending& write) {
  GODWIT_CO_CHECK(context.check());
  auto intent = co_await engine_.journal.begin(promise_of(write), payload_of(write));
  if (intent) co_return *intent;
  co_return fail(std::move(intent).error().because_of("the journal cannot promise the write"));
}

/// A write whose answer was lost may still land. A second one of its key waits, or the late first
/// one could take the place of an acknowledged second.
Task<void> Writer::wait_until_settled(const Context& context, const std::string& key) {
  while (engine_.is_open(key)) {
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
  auto waited = co_await waiter.wait(context, quorum.targets, quorum.enough);
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
    engine_.world.mark("a put of an old epoch is looked for");
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
    engine_.world.mark("an unsettled write is found");
    engine_.commit(unsettled.sequence, write.key, write.version);
    engine_.counts.writes_to_primary += 1;
  } else if (overwritten) {
    engine_.world.mark("an unsettled write is given up");
    engine_.journal.discard(unsettled.sequence);
  } else if (window_is_over) {
    // One that a process before had acknowledged may have been replaced behind our back since; then
    // a target may still lack it.
    engine_.world.mark("an unsettled write is given up");
    engine_.journal.commit_to_compare(unsettled.sequence, engine_.world.wall_now());
  } else {
    co_return false;
  }
  co_return true;
}

}  // namespace godwit::replication
