#include "replication/failover.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "replication/copies.h"
#include "replication/engine.h"
#include "replication/payload.h"
#include "replication/versioned.h"

namespace godwit::replication {
namespace {

std::optional<std::string> why_not(const Target& target) {
  if (target.config.role == Role::read_replica) return "is a read replica";
  if (target.state != State::active && target.state != State::syncing) {
    return "is " + std::string(to_string(target.state));
  }
  if (target.detector.health() == Health::unhealthy) return "does not answer";
  return std::nullopt;
}

/// What was given up may land later, at a store that may be the primary then.
void doubt_where_unknown(Engine& engine, const std::string& target, const std::string& key,
                         const Error& error) {
  if (error.outcome() != Outcome::unknown) return;
  const MonoTime until = engine.world.mono_now() + engine.config.late_write_window;
  engine.journal.target(target)->doubt(key, until);
}

/// Makes visible what the candidate was sent of a large body while its primary took it.
Task<bool> complete_draft(const Context& context, Engine& engine, Target& candidate,
                          const journal::Write& write) {
  const Drafts::Name name{
      .target = candidate.config.name, .key = write.key, .version = write.version};
  const auto draft = engine.drafts.take(name);
  if (!draft) co_return false;
  const auto sent = co_await draft->upload.until_sent(context);
  if (sent && draft->whole) {
    const auto stored = co_await draft->upload.complete(context);
    if (stored) {
      engine.world.mark("a failover makes a draft visible");
      co_return true;
    }
    doubt_where_unknown(engine, name.target, write.key, stored.error());
  }
  engine.drafts.free(draft);
  co_return false;
}

enum class Holders : std::uint8_t {
  any,
  lasting  ///< but for those where an older write may land yet, and take its place
};

/// Another store than `store` that has the write, or a newer one; null: none that answers.
asio::awaitable<Store*> holder(const Context& context, Engine& engine, const Store& store,
                               const journal::Write& write, Holders among) {
  for (const auto& [name, other] : engine.targets) {
    // That of another group has objects of its own. One that is paused is asked: for a write that
    // nobody else has, a moment's peace is no price.
    if (other->store.get() == &store || other->state == State::failed) continue;
    const bool doubted = engine.journal.target(name)->is_doubted(write.key);
    if (doubted && among == Holders::lasting) continue;
    const auto there = co_await look(context, *other->store, write.key);
    if (there && *there && version_of(**there) >= write.version) co_return other->store.get();
  }
  co_return nullptr;
}

/// That of the others which has the newest of what came before the write, and nothing of which is
/// missing there: it holds no object that was removed since. Null: none has more than `store`.
asio::awaitable<Store*> holder_of_past(const Context& context, Engine& engine, Store& store,
                                       const journal::Write& write) {
  const auto ours = co_await look(context, store, write.key);
  if (!ours) co_return nullptr;
  Version newest = *ours ? version_of(**ours) : Version{};
  Store* holder = nullptr;
  for (const auto& [name, other] : engine.targets) {
    const bool served = other->store.get() != &store && other->state != State::failed;
    if (!served || !engine.journal.target(name)->has_all_before(write)) continue;
    const auto there = co_await look(context, *other->store, write.key);
    if (!there || !*there || !carries_version(**there) || version_of(**there) <= newest) continue;
    newest = version_of(**there);
    holder = other->store.get();
  }
  co_return holder;
}

Task<void> put_small(const Context& context, Store& store, const std::string& key,
                     const std::string& bytes, const Metadata& metadata) {
  ViewBody body(as_bytes(bytes));
  const Upload upload{.body = &body, .size = bytes.size()};
  const PutOptions options{.metadata = metadata};
  GODWIT_CO_CHECK(co_await store.put(context, key, upload, options));
  co_return Result<void>();
}

/// From what this process remembers, or the journal kept. False when neither has it.
Task<bool> give_small(const Context& context, Engine& engine, Store& store,
                      const journal::Write& write) {
  if (const RecentPuts::Put* recent = engine.recent.find(write.key, write.version)) {
    const RecentPuts::Put held = *recent;
    GODWIT_CO_CHECK(co_await put_small(context, store, write.key, *held.body, held.metadata));
    co_return true;
  }
  GODWIT_CO_TRY(const auto kept, co_await engine.journal.payload(write));
  if (!kept) co_return false;
  GODWIT_CO_TRY(const Payload payload, decode_payload(*kept));
  GODWIT_CO_CHECK(co_await put_small(context, store, write.key, payload.body, payload.metadata));
  engine.world.mark("a primary is given what the journal kept");
  co_return true;
}

/// False when it is gone there.
Task<bool> copy_from(const Context& context, Engine& engine, Store& from, Store& store,
                     const std::string& key) {
  GODWIT_CO_TRY(const auto there, co_await look(context, from, key));
  if (!there) co_return false;
  Copies copies(engine);
  auto copier = copies.between({.source = from, .target = store});
  const ListEntry entry = row_of(*there);
  GODWIT_CO_CHECK(co_await copier.copy(context, entry, key));
  co_return true;
}

/// Gives a store one object, in that version or a newer one, from another store if need be. False
/// when nobody has it.
Task<bool> give(const Context& context, Engine& engine, Store& store, const journal::Write& write) {
  GODWIT_CO_TRY(const bool given, co_await give_small(context, engine, store, write));
  if (given) co_return true;
  Store* const from = co_await holder(context, engine, store, write, Holders::any);
  if (from == nullptr) co_return false;
  engine.world.mark("a primary is given what another target has");
  co_return co_await copy_from(context, engine, *from, store, write.key);
}

bool is_at_risk(const MoveReport& report, const std::string& key) {
  return std::ranges::find(report.at_risk, key, &WriteAtRisk::key) != report.at_risk.end();
}

void name_at_risk(MoveReport& report, const journal::Write& write) {
  const bool removal = write.change == journal::Change::remove;
  report.at_risk.push_back({.key = write.key, .version = write.version, .removal = removal});
}

/// Nobody has the write: what its key was before is not to be lost with it, where somebody has
/// that. False when nobody has, or not for sure.
Task<bool> give_past(const Context& context, Engine& engine, Store& store,
                     const journal::Write& write) {
  Store* const from = co_await holder_of_past(context, engine, store, write);
  if (from == nullptr) co_return false;
  engine.world.mark("a primary is given what came before a write that is lost");
  co_return co_await copy_from(context, engine, *from, store, write.key);
}

/// One write that the candidate lacks, or may lack, by what it was sent or by what others have.
Task<bool> make_up(const Context& context, Engine& engine, Target& candidate,
                   const journal::Write& write) {
  GODWIT_CO_TRY(const bool completed, co_await complete_draft(context, engine, candidate, write));
  if (completed) co_return true;
  auto healed = co_await heal(context, engine, *candidate.store, write);
  if (healed && !*healed && journal::brings_object(write.change)) {
    const auto past = co_await give_past(context, engine, *candidate.store, write);
    if (!past) doubt_where_unknown(engine, candidate.config.name, write.key, past.error());
  }
  if (!healed) doubt_where_unknown(engine, candidate.config.name, write.key, healed.error());
  co_return healed;
}

}  // namespace

Task<bool> heal(const Context& context, Engine& engine, Store& store, const journal::Write& write) {
  GODWIT_CO_TRY(const auto there, co_await look(context, store, write.key));
  if (there && version_of(*there) >= write.version) co_return true;
  if (journal::brings_object(write.change)) {
    co_return co_await give(context, engine, store, write);
  }
  if (!there) co_return true;
  // Nobody may have been told of it, or its writer that it failed: what was acknowledged before it
  // must not go for it.
  if (engine.journal.is_unsettled(write.key)) {
    engine.world.mark("a failover does not carry out a removal that nobody knows of");
    co_return false;
  }
  const std::span<const std::string> keys(&write.key, 1);
  GODWIT_CO_TRY(auto removed, co_await store.remove(context, keys));
  if (!removed.front()) co_return std::unexpected(std::move(removed.front()).error());
  co_return true;
}

Result<GroupConfig> with_primary(GroupConfig config, const std::string& primary) {
  if (config.primary == primary) return config;
  const auto found = std::ranges::find(config.targets, primary, &TargetConfig::name);
  if (found == config.targets.end()) {
    return fail(Code::not_found, "the group has no target '" + primary + "'");
  }
  if (found->role == Role::read_replica) {
    return fail(Code::precondition_failed, "'" + primary + "' is a read replica");
  }
  std::swap(config.primary, found->name);
  std::swap(config.primary_region, found->region);
  return config;
}

Result<std::string> best_candidate(const Engine& engine, bool automatic) {
  const Target* best = nullptr;
  std::tuple<bool, std::uint64_t, std::uint64_t, int, std::string> rank;
  std::string reasons;
  for (const auto& [name, target] : engine.targets) {
    const auto backlog = engine.journal.backlog(name);
    auto reason = why_not(*target);
    if (!reason && automatic && backlog->resync) reason = "has not been compared as a whole";
    if (reason) {
      reasons += (reasons.empty() ? "" : "; ") + name + " " + *reason;
      continue;
    }
    std::tuple own{backlog->resync, backlog->tasks + backlog->dead, backlog->in_doubt,
                   target->config.priority, name};
    if (best != nullptr && rank <= own) continue;
    best = target.get();
    rank = std::move(own);
  }
  if (best != nullptr) return best->config.name;
  return fail(Code::unavailable, "no target can become primary: " + reasons);
}

Result<void> check_candidate(const Target& target) {
  const auto reason = why_not(target);
  if (!reason) return {};
  return fail(Code::precondition_failed, "'" + target.config.name + "' " + *reason);
}

Task<Suspects> heal_candidate(const Context& context, Engine& engine, Target& candidate,
                              MoveReport& report, bool dry_run) {
  const std::string& name = candidate.config.name;
  // Before: a doubt that ends meanwhile has not been looked into.
  GODWIT_CO_TRY(Suspects before, co_await find_suspects(engine, name));
  GODWIT_CO_TRY(const auto lacking, co_await engine.journal.lacking(name));
  report.exact = !engine.journal.backlog(name)->resync;
  report.lacking = lacking.size();
  for (const journal::Write& write : lacking) {
    bool healed = dry_run && engine.journal.has_payload(write);
    if (!dry_run) {
      GODWIT_CO_TRY(healed, co_await make_up(context, engine, candidate, write));
    }
    if (healed) {
      ++report.healed;
    } else {
      name_at_risk(report, write);
    }
  }
  GODWIT_CO_TRY(Suspects suspects, co_await find_suspects(engine, name));
  suspects.merge(before);
  for (const auto& [key, doubt] : suspects) {
    const journal::Write& write = doubt.write;
    if (!journal::brings_object(write.change) || is_at_risk(report, key)) continue;
    if (!dry_run) {
      GODWIT_CO_CHECK(co_await make_up(context, engine, candidate, write));
    }
    if (engine.journal.has_payload(write)) continue;
    const auto* elsewhere =
        co_await holder(context, engine, *candidate.store, write, Holders::lasting);
    if (elsewhere == nullptr) name_at_risk(report, write);
  }
  co_return suspects;
}

}  // namespace godwit::replication
