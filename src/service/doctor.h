#pragma once

#include <optional>
#include <string>
#include <vector>

#include "godwit/config.h"
#include "godwit/status.h"
#include "service/attention.h"
#include "service/json.h"
#include "world/disk.h"

// What experience says of replication, held against how this daemon is set up and stands. Pure:
// who gathers the facts is api_doctor.cc.
namespace godwit::service {

/// From best to worst.
enum class Severity : std::uint8_t {
  ok,
  advice,   ///< it could be better; nothing is wrong
  warning,  ///< it is going to hurt one day
  problem   ///< it hurts now
};
[[nodiscard]] std::string_view to_string(Severity severity);

/// One thing that was looked at.
struct Checked {
  std::string id;  ///< for programs; stays as it is: "clock"
  Severity severity = Severity::ok;
  std::string group;  ///< "": about the daemon
  std::string about;  ///< the store; "": all of it
  std::string what;   ///< how it stands
  std::string why;    ///< why that matters; "" where it is well
  std::string todo;
};

/// What is known of a group.
struct GroupFacts {
  ReplicationConfig config;
  bool detects = false;  ///< what others write to the primary is heard of
  bool open = true;      ///< else nothing below is known
  GroupStatus status;
  Conflicts conflicts;
  Json last_drill;                 ///< as DrillRecord::last
  std::vector<StoreProbe> probes;  ///< empty: nobody asked the stores
};

/// What is known of the daemon.
struct NodeFacts {
  WallTime now{};
  bool reachable = false;  ///< from other machines
  bool has_tokens = false;
  bool has_tls = false;
  std::optional<DiskSpace> space;  ///< of the data directory
  Duration up{};
  std::optional<Duration> since_scrape;  ///< since somebody asked for the metrics
};

struct Facts {
  NodeFacts node;
  std::vector<GroupFacts> groups;
};

/// All that can be told from the facts, the worst first; what is well too.
[[nodiscard]] std::vector<Checked> examine(const Facts& facts);

/// {"severity", "checks": [...]}.
[[nodiscard]] Json shape(const std::vector<Checked>& checks);

}  // namespace godwit::service
