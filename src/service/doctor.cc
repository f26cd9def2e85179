#include "service/doctor.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/bytes.h"
#include "base/duration.h"

namespace godwit::service {
namespace {

constexpr std::size_t kCopies = 3;
constexpr Duration kDrillAge = std::chrono::hours(24 * 31);
/// Of a clock that is kept; beyond `max_clock_drift` it is not believed at all.
constexpr Duration kDrift = std::chrono::seconds(5);
constexpr Duration kScraped = std::chrono::minutes(10);
constexpr Bytes kLeastSpace = Bytes{512} * kMiB;

/// Adds what is found of one subject.
class Sheet {
 public:
  Sheet(std::vector<Checked>& all, std::string group) : all_(all), group_(std::move(group)) {}

  void well(const char* id, std::string what, const std::string& about = {}) {
    all_.push_back({.id = id, .group = group_, .about = about, .what = std::move(what)});
  }
  void wrong(Checked checked) {
    checked.group = group_;
    all_.push_back(std::move(checked));
  }
  [[nodiscard]] const std::string& group() const { return group_; }

 private:
  std::vector<Checked>& all_;
  std::string group_;
};

std::string percent(Bytes part, Bytes whole) {
  return std::to_string(whole == 0 ? 0 : part * 100 / whole) + " %";
}

void check_tokens(const NodeFacts& node, Sheet& sheet) {
  if (node.has_tokens) return sheet.well("tokens", "the API asks for a token");
  sheet.wrong(
      {.id = "tokens",
       .severity = Severity::advice,
       .what = "the API asks for no token",
       .why = "every user of this machine can read and remove objects, and move the primary",
       .todo = "set api.read_token_file and api.operate_token_file"});
}

void check_tls(const NodeFacts& node, Sheet& sheet) {
  if (node.has_tls) return sheet.well("tls", "the API speaks https");
  if (!node.reachable) return sheet.well("tls", "the API can be reached from this machine alone");
  sheet.wrong({.id = "tls",
               .severity = Severity::warning,
               .what = "the API can be reached by others, over plain http",
               .why = "who listens on the way has the token, and all that is put and read",
               .todo = "set api.certificate_file, or listen on 127.0.0.1 behind a proxy"});
}

void check_disk(const NodeFacts& node, Sheet& sheet) {
  if (!node.space) {
    sheet.wrong({.id = "disk",
                 .severity = Severity::advice,
                 .what = "nobody knows how much room the data directory has",
                 .why = "the journal needs room, or no write is taken",
                 .todo = "look with df"});
    return;
  }
  const auto [free, total] = *node.space;
  const std::string what =
      format_bytes(free) + " free for the journal (" + percent(free, total) + ")";
  const bool full = free < kLeastSpace || free < total / 20;
  if (!full && free >= total / 20 * 3) return sheet.well("disk", what);
  sheet.wrong({.id = "disk",
               .severity = full ? Severity::problem : Severity::warning,
               .what = what,
               .why = "when the disk is full no write is taken any more",
               .todo = "make room where node.data_dir is, or give it a disk of its own"});
}

void check_watched(const NodeFacts& node, Sheet& sheet) {
  const Duration unwatched = std::min(node.up, node.since_scrape.value_or(node.up));
  if (unwatched < kScraped) return sheet.well("alerts", "somebody asks for /metrics");
  sheet.wrong({.id = "alerts",
               .severity = Severity::advice,
               .what = "nobody has asked for /metrics for " + format_duration(unwatched),
               .why = "a lag or a failover at night is seen by nobody",
               .todo = "let Prometheus scrape it, with the alerts of packaging/prometheus"});
}

void check_copies(const GroupFacts& group, Sheet& sheet) {
  const std::size_t copies = 1 + group.status.targets.size();
  const std::string what = std::to_string(copies) + (copies == 1 ? " copy" : " copies");
  if (copies >= kCopies) return sheet.well("copies", what);
  sheet.wrong({.id = "copies",
               .severity = Severity::warning,
               .what = what + " of each object, fewer than " + std::to_string(kCopies),
               .why = "while one store is away, the other is the only one",
               .todo = "add a target in another region"});
}

std::string region_of(const GroupFacts& group, const std::string& store) {
  if (store == group.config.primary.name) return group.config.primary.region;
  const auto found = std::ranges::find(group.config.targets, store, &ReplicaTarget::name);
  return found == group.config.targets.end() ? std::string() : found->region;
}

void check_regions(const GroupFacts& group, Sheet& sheet) {
  std::map<std::string, std::vector<std::string>> stores;
  stores[region_of(group, group.status.primary)].push_back(group.status.primary);
  for (const TargetStatus& target : group.status.targets) {
    stores[target.region].push_back(target.name);
  }
  bool apart = true;
  for (const auto& [region, names] : stores) {
    if (names.size() < 2 || region.empty()) continue;
    apart = false;
    std::string all;
    for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
    sheet.wrong({.id = "regions",
                 .severity = Severity::warning,
                 .what = all + " are in one region, " + region,
                 .why = "what takes the region away takes all of them",
                 .todo = "move one to another region, or correct its `region` in the config"});
  }
  if (apart) sheet.well("regions", "every store is in a region of its own");
}

void check_drill(const NodeFacts& node, const GroupFacts& group, Sheet& sheet) {
  Checked found{.id = "drill",
                .severity = Severity::warning,
                .why = "a copy that was never read back is a hope",
                .todo = "godwit drill " + sheet.group()};
  if (group.last_drill.is_null()) {
    found.what = "no drill was ever made";
    return sheet.wrong(std::move(found));
  }
  const WallTime at(std::chrono::milliseconds(group.last_drill.value("at_ms", std::int64_t{0})));
  const Duration age = std::max<Duration>(node.now - at, Duration::zero());
  const std::string result = group.last_drill.value("result", "");
  found.what = "the last drill, " + format_duration(age) + " ago, ";
  if (result == "failed") {
    found.what += "has failed";
    found.severity = Severity::problem;
  } else if (result != "proven") {
    found.what += "could not try every store";
  } else if (age > kDrillAge) {
    found.what += "was too long ago";
  } else {
    return sheet.well("drill", found.what + "has proven every store");
  }
  sheet.wrong(std::move(found));
}

void check_failover(const GroupFacts& group, Sheet& sheet) {
  Checked found{.id = "failover",
                .why = "when the primary is lost no write is taken until somebody wakes up"};
  const auto can_lead = [](const ReplicaTarget& target) { return !target.is_read_replica; };
  if (!group.config.failover.automatic) {
    found.severity = Severity::advice;
    found.what = "automatic failover is off";
    found.todo = "enable_failover = true, unless you want to decide each time";
  } else if (std::ranges::none_of(group.config.targets, can_lead)) {
    found.severity = Severity::warning;
    found.what = "no target may become primary: all are read replicas";
    found.todo = "take is_read_replica from one of them";
  } else {
    return sheet.well("failover", "another store becomes primary by itself");
  }
  sheet.wrong(std::move(found));
}

void check_home(const GroupFacts& group, Sheet& sheet) {
  const std::string& home = group.config.primary.name;
  if (group.status.primary == home) return sheet.well("home", "the primary is " + home);
  sheet.wrong({.id = "home",
               .severity = Severity::advice,
               .what = "the primary is " + group.status.primary + ", the config says " + home,
               .why = "writers may be far from it",
               .todo = "godwit failback --group " + sheet.group() + ", when " + home + " is well"});
}

Severity severity_of(const std::string& kind) {
  const bool waits = kind == "paused" || kind == "lag" || kind == "queue" || kind == "conflicts";
  return waits ? Severity::warning : Severity::problem;
}

/// Of each kind of attention, what helps.
std::string todo_of(const Attention& attention, const std::string& group) {
  if (attention.kind == "dead_letters") {
    return "godwit dead-letters list " + attention.target + " --group " + group;
  }
  if (attention.kind == "conflicts") return "godwit conflicts --group " + group;
  if (attention.kind == "paused") {
    return "godwit targets resume " + attention.target + " --group " + group;
  }
  if (attention.kind == "full") return "make room there; removals are still carried out";
  if (attention.kind == "primary_away") return "godwit failover --group " + group;
  if (attention.kind == "lag" || attention.kind == "queue") {
    return "godwit queue " + group + "; more `workers`, or a nearer or faster store";
  }
  return "is the store up, can it be reached, is it the right place? The log says more";
}

/// What godwit status would say.
void check_attention(const GroupFacts& group, Sheet& sheet) {
  const auto all = attention_of(group.status, group.config, group.conflicts);
  if (all.empty()) sheet.well("attention", "nothing of it needs attention");
  for (const Attention& each : all) {
    sheet.wrong({.id = each.kind,
                 .severity = severity_of(each.kind),
                 .about = each.target,
                 .what = each.message,
                 .why = "until it is mended there is a copy less than you count on",
                 .todo = todo_of(each, sheet.group())});
  }
}

void check_access(const StoreProbe& probe, Sheet& sheet) {
  if (!probe.asked) return;
  if (!probe.error) {
    return sheet.well("access", "can be written, read and removed from", probe.store);
  }
  const bool refused = probe.error->code() == Code::permission_denied;
  sheet.wrong({.id = "access",
               .severity = Severity::problem,
               .about = probe.store,
               .what = probe.error->to_string(),
               .why = "godwit must be able to write, read, list and remove at every store",
               .todo = refused ? "check its keys and the policy of its bucket"
                               : "is it up, and can this machine reach it?"});
}

void check_clock(const GroupFacts& group, const StoreProbe& probe, Sheet& sheet) {
  if (!probe.clock_offset) return;
  const Duration offset = *probe.clock_offset;
  const Duration size = offset < Duration::zero() ? -offset : offset;
  if (size <= kDrift) return sheet.well("clock", "its clock is as ours", probe.store);
  const bool ahead = offset > Duration::zero();
  sheet.wrong(
      {.id = "clock",
       .severity = size > group.config.max_clock_drift ? Severity::problem : Severity::warning,
       .about = probe.store,
       .what =
           "its clock is " + format_duration(size) + (ahead ? " ahead of" : " behind") + " ours",
       .why = "of what others write there, the wrong one of two may count as newer",
       .todo = "let NTP keep the clocks, here and there"});
}

void check_detection(const GroupFacts& group, Sheet& sheet) {
  if (group.detects) return sheet.well("detection", "what others write to the primary is noticed");
  sheet.wrong({.id = "detection",
               .severity = Severity::advice,
               .what = "what others write to the primary is not noticed",
               .why = "only what is written through godwit is replicated",
               .todo = "detect_changes = \"webhook, scan\", if others write there"});
}

/// What an acknowledged write survives.
void check_promises(const GroupFacts& group, Sheet& sheet) {
  const bool kept = group.config.payload.keep == JournalPayload::inlined;
  if (group.config.mode != Mode::async || kept) {
    return sheet.well("promises", "an acknowledged write survives the loss of the primary");
  }
  sheet.wrong(
      {.id = "promises",
       .severity = Severity::advice,
       .what = "the last writes are at the primary alone for a moment (mode async)",
       .why = "if it is lost for good just then, they are lost",
       .todo = "mode = \"semi_sync\" for what is critical, or journal_payload = \"inline\""});
}

void check_backlog(const GroupFacts& group, Sheet& sheet) {
  bool near = false;
  for (const TargetStatus& target : group.status.targets) {
    if (target.tasks < group.config.max_backlog / 2) continue;
    near = true;
    sheet.wrong({.id = "backlog",
                 .severity = Severity::warning,
                 .about = target.name,
                 .what = std::to_string(target.tasks) + " tasks wait, of " +
                         std::to_string(group.config.max_backlog),
                 .why = "beyond that they are dropped, and the target is compared as a whole",
                 .todo = "bring the target back, or remove it; max_backlog costs disk only"});
  }
  if (!near) sheet.well("backlog", "the journal has room for what waits");
}

void check_unsettled(const GroupFacts& group, Sheet& sheet) {
  if (group.status.unsettled == 0)
    return sheet.well("unsettled", "the outcome of every write is known");
  sheet.wrong(
      {.id = "unsettled",
       .severity = Severity::warning,
       .what = std::to_string(group.status.unsettled) + " writes of which the answer was lost",
       .why = "they are settled when the primary answers; until then their keys wait",
       .todo = "see whether the primary answers: godwit status " + sheet.group()});
}

void check_group(const NodeFacts& node, const GroupFacts& group, std::vector<Checked>& all) {
  Sheet sheet(all, group.config.name);
  if (!group.open) {
    sheet.wrong({.id = "open",
                 .severity = Severity::problem,
                 .what = "it is not open yet",
                 .why = "nothing is taken or replicated before",
                 .todo = "wait, or see the log"});
    return;
  }
  check_attention(group, sheet);
  check_copies(group, sheet);
  check_regions(group, sheet);
  check_drill(node, group, sheet);
  check_failover(group, sheet);
  check_home(group, sheet);
  check_detection(group, sheet);
  check_promises(group, sheet);
  check_backlog(group, sheet);
  check_unsettled(group, sheet);
  for (const StoreProbe& probe : group.probes) {
    check_access(probe, sheet);
    check_clock(group, probe, sheet);
  }
}

}  // namespace

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::ok: return "ok";
    case Severity::advice: return "advice";
    case Severity::warning: return "warning";
    case Severity::problem: return "problem";
  }
  return "";
}

std::vector<Checked> examine(const Facts& facts) {
  std::vector<Checked> all;
  for (const GroupFacts& group : facts.groups) check_group(facts.node, group, all);
  Sheet sheet(all, "");
  check_disk(facts.node, sheet);
  check_tokens(facts.node, sheet);
  check_tls(facts.node, sheet);
  check_watched(facts.node, sheet);
  std::ranges::stable_sort(all, std::greater(), &Checked::severity);
  return all;
}

Json shape(const std::vector<Checked>& checks) {
  Json list = Json::array();
  for (const Checked& each : checks) {
    Json json{{"id", each.id}, {"severity", to_string(each.severity)}};
    if (!each.group.empty()) json["group"] = each.group;
    if (!each.about.empty()) json["about"] = each.about;
    json["what"] = each.what;
    if (!each.why.empty()) json["why"] = each.why;
    if (!each.todo.empty()) json["todo"] = each.todo;
    list.push_back(std::move(json));
  }
  const Severity worst = checks.empty() ? Severity::ok : checks.front().severity;
  return {{"severity", to_string(worst)}, {"checks", std::move(list)}};
}

}  // namespace godwit::service
