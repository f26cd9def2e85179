#include "replication/suspects.h"

#include <algorithm>

#include "replication/engine.h"

namespace godwit::replication {
namespace {

constexpr Duration kLook = std::chrono::milliseconds(500);

Task<void> settle(const Context& context, Engine& engine, journal::Doubt doubt) {
  // Without the key's lock: writers that wait for this have it.
  const std::string& key = doubt.write.key;
  if (doubt.write.change != journal::Change::compare) {
    GODWIT_CO_CHECK(co_await heal(context, engine, *engine.primary, doubt.write));
  }
  GODWIT_CO_CHECK(co_await engine.journal.compare(key, journal::Priority::normal));
  engine.world.mark("a suspect is settled");
  engine.journal.drop_suspect(engine.epoch, key);
  engine.suspects.erase(key);
  co_return Result<void>();
}

}  // namespace

Task<Suspects> find_suspects(Engine& engine, const std::string& target) {
  const journal::TargetQueue& queue = *engine.journal.target(target);
  Suspects suspects;
  const auto note = [&](const journal::Write& write, MonoTime until) {
    journal::Doubt& suspect = suspects.try_emplace(write.key, write, until).first->second;
    if (suspect.write.version < write.version) suspect.write = write;
    suspect.until = std::max(suspect.until, until);
  };
  const MonoTime now = engine.world.mono_now();
  GODWIT_CO_TRY(const auto lacking, co_await engine.journal.lacking(target));
  for (const journal::Write& write : lacking) {
    MonoTime until = queue.doubted_until(write.key);
    if (engine.journal.is_of_before(write.version)) until = std::max(until, queue.quiet_from());
    if (until > now) note(write, until);
  }
  for (const journal::Doubt& doubt : queue.doubts()) note(doubt.write, doubt.until);
  co_return suspects;
}

Suspects recover_suspects(Engine& engine) {
  const MonoTime until = engine.world.mono_now() + engine.config.late_write_window;
  Suspects suspects;
  for (journal::Write& write : engine.journal.take_suspects(engine.epoch)) {
    std::string key = write.key;
    suspects.emplace(std::move(key), journal::Doubt{.write = std::move(write), .until = until});
    engine.world.mark("a suspect is found after a restart");
  }
  return suspects;
}

asio::awaitable<void> settle_suspects(Context context, Engine& engine) {
  while (!context.cancel().cancelled()) {
    if (engine.suspects.empty()) {
      co_await engine.changed.wait();
      continue;
    }
    const Suspects suspects = engine.suspects;
    for (const auto& [key, doubt] : suspects) {
      if (doubt.until > engine.world.mono_now()) continue;
      const Context patient = context.with_timeout(engine.config.health_check_timeout);
      const auto settled = co_await settle(patient, engine, doubt);
      // What was given up now may land later too.
      if (!settled && settled.error().outcome() == Outcome::unknown) {
        engine.suspects.at(key).until = engine.world.mono_now() + engine.config.late_write_window;
      }
    }
    (void)co_await context.sleep(kLook);
  }
}

}  // namespace godwit::replication
