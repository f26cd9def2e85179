#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "store/layers/chaos.h"
#include "world/sim/sim_disk.h"

namespace godwit::sim {

enum class Kind : std::uint8_t { memory, file };
enum class Often : std::uint8_t { never, sometimes, always };

/// Who changes the source while it is copied.
enum class Writer : std::uint8_t {
  nobody,
  beside,        ///< a neighbour, now and then
  between_calls  ///< another process, in the midst of anything: between two calls of the disk
};

struct Workload {
  Kind source = Kind::memory;
  Kind target = Kind::memory;
  std::uint64_t keys = 40;
  Bytes largest = 40'000;
  std::uint64_t runs = 4;  ///< before the world is healed
  Writer writer = Writer::beside;
  double removals = 0.25;  ///< share of changes that remove an object
  double edits = 0;        ///< share of changes of a file that are made in place
  double in_parts = 0;     ///< share of objects in memory that were uploaded in parts
};

/// How the sync under test is called.
struct Call {
  std::string fsync = "always";
  Often removes_extras = Often::sometimes;
  std::uint64_t attempts = 8;
  Bytes multipart_threshold = 64 * kMiB;
  Bytes part_size = 16 * kMiB;
  bool keeps_state = true;
};

/// The most that goes wrong at one place; each run draws shares up to these.
struct Trouble {
  Faults calls;
  DiskFaults disk;
};

struct CrashPlan {
  double share = 0;  ///< of runs
  std::optional<Crash> kind;
  sim_storage::Losses losses = sim_storage::Losses::any_subset;
};

/// What is done to the target between two syncs, and with it: shares of runs after which it is.
struct Audits {
  double damage = 0;  ///< of runs: others spoil, change and remove objects of the target
  double verify = 0;
  double repair = 0;
  double gc = 0;             ///< beside uploads of others; half of them beside a sync
  Duration longest_pause{};  ///< between two runs, so that uploads get old
};

/// What holds beyond the promises that hold always.
struct Expectations {
  bool resume = false;  ///< a second run sends again no more than what was under way
};

/// One kind of life to simulate; a seed makes it a certain one.
struct Scenario {
  std::string name;
  std::string about;
  Workload workload;
  Call call;
  Trouble source;
  Trouble target;
  Trouble state;
  CrashPlan crash;
  double cancel_share = 0;  ///< of runs
  Audits audits;
  Expectations expect;
};

/// Reads a scenario in TOML; absent keys are as above.
/// Failure: invalid_argument with the line, and the nearest match of a key that is not known.
[[nodiscard]] Result<Scenario> parse_scenario(const std::string& text, const std::string& file);

}  // namespace godwit::sim
