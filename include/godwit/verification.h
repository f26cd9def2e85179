#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "godwit/error.h"
#include "godwit/types.h"
#include "godwit/units.h"

namespace godwit {

/// How a target's object is not the primary's.
enum class FindingKind : std::uint8_t {
  missing,        ///< the target lacks it
  extra,          ///< only the target has it
  different,      ///< size or content
  metadata_only,  ///< same content, other metadata (checksum level and up)
  unreadable      ///< one side could not be read
};

/// The name used in logs and JSON: "metadata_only".
[[nodiscard]] std::string_view to_string(FindingKind kind);

/// One object of a target that is not as the primary's, and that nothing on its way will mend.
struct Finding {
  std::string target;
  FindingKind kind = FindingKind::missing;
  std::string key;
  std::optional<Error> error;  ///< of `unreadable`; `where()` tells the side
};

/// How far long work on a target is.
struct WorkProgress {
  /// Keys that are as they should be, or of which no more is done than to tell.
  std::uint64_t done = 0;
  /// Keys in all: once both listings have come to their end. Before that those of the last complete
  /// comparison of the target since the store was opened, an estimate; absent where there was none.
  std::optional<std::uint64_t> total;
  bool total_is_estimate = false;

  /// 0 to 100; below 100 while the total is an estimate. Absent where no total is known.
  [[nodiscard]] std::optional<unsigned> percent() const;
};

/// Called a few times a second while work goes on.
using ProgressSink = std::function<void(const WorkProgress&)>;

struct VerifyOptions {
  VerifyLevel level = VerifyLevel::checksum;
  Duration timeout = std::chrono::hours(1);
  std::string prefix;         ///< only keys that begin so are listed, compared, counted; empty: all
  std::stop_token stop = {};  ///< ends it when asked to, with `cancelled` in the report
  std::string request_id = {};  ///< as of WriteOptions
  ProgressSink progress = {};   ///< called on the thread of the call
};

/// What a comparison of a target with the primary found. Each key is in just one class.
struct VerifyReport {
  std::string target;
  std::uint64_t primary_count = 0;  ///< objects in the primary's listing
  std::uint64_t target_count = 0;
  std::uint64_t total = 0;      ///< keys on either side
  std::uint64_t same = 0;       ///< proven at the level that was asked
  std::uint64_t unproven = 0;   ///< same size, and no more can be told at this level
  std::uint64_t in_flight = 0;  ///< differ, or did, but are being written, or are still owed
  std::uint64_t missing = 0;
  std::uint64_t extra = 0;
  std::uint64_t different = 0;
  std::uint64_t metadata_only = 0;
  std::uint64_t unreadable = 0;
  Bytes bytes_read = 0;
  Duration lag{};  ///< of the target, at the end; see TargetStatus
  Duration duration{};
  /// Why it broke off: the counts are of a part.
  std::optional<Error> error;

  /// How many were told to the sink.
  [[nodiscard]] std::uint64_t findings() const {
    return missing + extra + different + metadata_only + unreadable;
  }
  /// The target held what the primary held, and all of it was looked at.
  [[nodiscard]] bool is_consistent() const { return findings() + in_flight == 0 && !error; }
};

/// What a scan of the primary has found, for what others did there. Keys that were known are not
/// counted, nor what a target was owed anyway.
struct ScanReport {
  std::uint64_t total = 0;    ///< keys on either side
  std::uint64_t written = 0;  ///< are news, and promised to every target
  std::uint64_t removed = 0;
  std::uint64_t kept = 0;            ///< are gone, and stay at the targets
  std::uint64_t held = 0;            ///< are gone, and too many
  std::uint64_t failed = 0;          ///< could not be looked at; the next scan finds them again
  std::vector<std::string> skipped;  ///< targets that could not be asked
  Duration duration{};
  std::optional<Error> error;  ///< why it broke off
};

struct RepairOptions {
  VerifyLevel level = VerifyLevel::checksum;
  /// With Extra::remove those go that the group had written. Objects of others stay either way.
  Extra extra = Extra::keep;
  Duration timeout = std::chrono::hours(1);
  std::string prefix;           ///< as of VerifyOptions
  std::stop_token stop = {};    ///< the same; what was found by then is mended all the same
  std::string request_id = {};  ///< as of WriteOptions
  ProgressSink progress = {};   ///< as of VerifyOptions
};

/// What became of what a verification found.
struct RepairReport {
  VerifyReport found;
  std::uint64_t repaired = 0;   ///< delivered anew, or removed
  std::uint64_t unchanged = 0;  ///< extras that stay; and what was found to be right by then
  std::uint64_t failed = 0;     ///< dead letters now; `dead_letters` says why
  std::uint64_t pending = 0;    ///< not done when it broke off; 0 where `error` is empty
  std::optional<Error> error;   ///< why it broke off; what is pending goes on by itself
  /// True when all that was found has been mended.
  [[nodiscard]] bool is_complete() const {
    return !error && !found.error && failed + unchanged + pending == 0;
  }
};

/// What became of the keys of one target. replicated + skipped + failed + pending == total.
struct TargetSync {
  std::string target;
  std::uint64_t total = 0;       ///< keys on either side
  std::uint64_t replicated = 0;  ///< copied; or removed, since the primary had it no more
  std::uint64_t skipped = 0;     ///< the same already, or not ours to touch
  std::uint64_t failed = 0;      ///< dead letters now
  std::uint64_t pending = 0;     ///< not done when it broke off; 0 where `error` is empty
  Bytes bytes = 0;
  Duration duration{};
  std::optional<Error> error;  ///< why it broke off; what is pending goes on by itself
};

/// The same of all targets, and their sums.
struct SyncAllReport {
  std::uint64_t total = 0;
  std::uint64_t replicated = 0;
  std::uint64_t skipped = 0;
  std::uint64_t failed = 0;
  std::uint64_t pending = 0;
  std::vector<TargetSync> targets;

  /// Every target has everything.
  [[nodiscard]] bool is_complete() const;
};

/// How a request to bring an object to the targets stands.
enum class JobState : std::uint8_t {
  pending,      ///< no target has ended it
  in_progress,  ///< some have
  completed,    ///< all targets have what the primary has
  failed        ///< all have ended it, one at least with an error
};
[[nodiscard]] std::string_view to_string(JobState state);

/// The part of one target.
struct TargetJob {
  std::string target;
  JobState state = JobState::pending;
  std::optional<Error> error;  ///< of `failed`: it is a dead letter there
};

struct JobStatus {
  std::string key;
  JobState state = JobState::pending;
  Bytes size = 0;  ///< of the primary's object, when it was asked for
  WallTime asked{};
  std::vector<TargetJob> targets;
};

// One JSON object in one line; durations in milliseconds.
[[nodiscard]] std::string to_json(const Finding& finding);
[[nodiscard]] std::string to_json(const VerifyReport& report);
[[nodiscard]] std::string to_json(const RepairReport& report);
[[nodiscard]] std::string to_json(const SyncAllReport& report);
[[nodiscard]] std::string to_json(const JobStatus& status);

}  // namespace godwit
