#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kv/sim_engine.h"
#include "replication/types.h"
#include "sim/life.h"
#include "store/layers/chaos.h"

namespace godwit::sim {

/// Writes whose answer is lost at once and that land some time later, whatever became of the
/// process that sent them: they wait in a queue of the network, or of the region.
struct LateWrites {
  double primary = 0;  ///< share of the writes there
  double target = 0;
  Duration longest = std::chrono::seconds(40);
};

/// What becomes of the wall clock between two processes: it jumps, ahead or back.
struct ClockJumps {
  double share = 0;  ///< of processes
  Duration longest = std::chrono::hours(2);
};

/// One kind of life of a replicated store; a seed makes it a certain one.
struct GroupScenario {
  /// Which stores compress and seal what they hold (store/coding).
  enum class Coded : std::uint8_t { none, targets, all };

  std::string name;
  std::string about;
  replication::Mode mode = replication::Mode::async;
  std::uint64_t min_sync_replicas = 1;
  std::uint64_t targets = 2;
  std::uint64_t keys = 12;
  std::uint64_t clients = 3;
  std::uint64_t calls = 60;           ///< of each client in the life of one process
  std::uint64_t processes = 3;        ///< one after another, before the world is healed
  std::uint64_t in_memory = 6;        ///< tasks of a target
  std::uint64_t max_attempts = 1000;  ///< then a task is a dead letter
  Duration longest_idle = std::chrono::milliseconds(200);  ///< of a client, after a call
  /// Larger bodies are put in parts of so many bytes; 0: none is.
  std::uint64_t part_size = 0;
  Coded coded = Coded::none;
  bool exclusive = false;  ///< nobody else writes to the targets
  JournalPayload payload = JournalPayload::none;
  double slow_bodies = 0;  ///< share of puts whose bytes come in slowly, and may break off
  double removals = 0.25;  ///< share of writes
  double reads = 0.3;      ///< share of calls
  double pauses = 0;       ///< share of calls that pause a target, or resume it
  double outages = 0;      ///< share of calls that take a target away, or bring it back
  /// Share of calls that take the primary away, or bring it back; the group fails over by itself
  /// where this is not 0.
  double primary_outages = 0;
  double moves = 0;      ///< share of calls that make another store the primary
  double collapses = 0;  ///< share of calls that drop the backlog of a target
  double foreign = 0;    ///< share of calls beside which others put an object of theirs
  /// Share of calls beside which others write to the primary, or remove there, what clients do too.
  /// That is told late, more than once and out of order; see `Group::notice`.
  double outsiders = 0;
  double rivals = 0;    ///< share of calls beside which others put to a target what clients do too
  double redrives = 0;  ///< share of calls that redrive the dead letters of a target
  Faults primary;
  Faults target;
  LateWrites late;
  ClockJumps clock;
  kv::EngineFaults journal;
  Duration journal_delay{};  ///< each visit to the disk takes up to so long
  CrashPlan crash;
};

/// Reads a scenario in TOML; absent keys are as above. Failure: as `parse_scenario`.
[[nodiscard]] Result<GroupScenario> parse_group_scenario(const std::string& text,
                                                         const std::string& file);

/// Clients write, remove and read through a group, while what the scenario allows goes wrong, the
/// process dies and begins anew. Then the world is healed.
///
/// Oracles:
/// 1. A read, whoever answers it, is never older than what was acknowledged before it began.
/// 2. A receipt tells the version under which the primary holds the write; a target that it names
///    as acknowledged holds that write, or a later one; it names as many as the mode asks for.
/// 3. A target that is said to have caught up holds all that was acknowledged.
/// 4. No target is ever given a version that is older than what it holds.
/// 5. Once a target was paused, and what was under way is over, nothing of users is asked of it,
///    but by a move of the primary and for what that has left open.
/// 6. What others put into a target, under keys that nobody writes here, stays as it is.
/// 7. In the end each store holds, of each key, the last write that was acknowledged, or a later
///    one of which nobody was told; what failed for certain is nowhere; all targets are as the
///    primary, with the same versions, and nothing waits any more. That holds after a restart, and
///    in some lives without one. But for what a failover has named: until the old primary is back
///    nobody is owed that, nor ever a removal whose fate was not known, nor anything once a target
///    that was not compared has become primary.
/// 8. The epoch grows with each move; a switchover puts nothing at risk, and a failover
///    nothing that every target had acknowledged.
/// 9. What others put to a target under a key of clients is never lost without a trace: it becomes
///    the primary's, or stands aside as the loser of a conflict, unless others have replaced it.
/// 10. A dead letter is of the newest write of its key, once nothing waits.
/// What others write, wherever it is, counts for 7 as a write that nobody was told of.
[[nodiscard]] Outcome live(const GroupScenario& scenario, std::uint64_t seed);

}  // namespace godwit::sim
