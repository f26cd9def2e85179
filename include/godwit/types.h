#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "godwit/error.h"
#include "godwit/units.h"
#include "godwit/version.h"

namespace godwit {

/// When a write is acknowledged.
enum class Mode : std::uint8_t {
  sync,       ///< when every target has it, but those that the operator paused
  semi_sync,  ///< when `min_sync_replicas` targets have it
  async       ///< when the primary has it; the rest is promised by the journal
};

/// What becomes of a write that too few targets have acknowledged in time. It stays, and will be
/// delivered, either way.
enum class OnInsufficientAcks : std::uint8_t { fail, degrade };

/// From where a read is answered. Whoever lacks the key's newest write, or lags too much, is
/// skipped.
enum class ReadPreference : std::uint8_t {
  primary,    ///< the primary alone
  secondary,  ///< targets in turn, by their weights; the primary when none can
  nearest,    ///< the caller's region, then by measured round trips
  /// Whoever answers: the nearest is asked, by measured round trips, and another one too when it
  /// has not answered within the time in which 95 of 100 reads are. The first answer counts.
  any,
  /// As `secondary`, but never the primary: unavailable when no target can. What others call
  /// `secondary`, and ours `secondaryPreferred`.
  secondary_only
};

/// What we observe of a target.
enum class Health : std::uint8_t { unknown, healthy, degraded, unhealthy };

/// What we do with a target. Independent of its health: a probe changes only health, an operator
/// only state; but for `syncing`, which a target that was unhealthy is until it has caught up.
enum class State : std::uint8_t { active, paused, syncing, failed, removed };

/// What happens to two states of one key of which neither writer had seen the other.
enum class ConflictPolicy : std::uint8_t {
  last_write_wins,   ///< the newer version stays
  first_write_wins,  ///< the one of the earlier time stays, whichever arrived first
  primary_wins,      ///< the primary's state stays; of two others the newer one
  merge,             ///< both bodies become one (version/merge.h); a write outlives a deletion
  manual             ///< both stay, until a person has chosen
};

/// Whose state it is.
enum class Standing : std::uint8_t { other, primary };

/// What is delivered first. Within one, the order of the writes.
enum class Priority : std::uint8_t {
  urgent,
  normal,
  bulk  ///< of a full sync: after all else, and not kept over a restart
};

// The names used in config, logs and JSON: "semi_sync".
[[nodiscard]] std::string_view to_string(Mode mode);
[[nodiscard]] std::string_view to_string(ReadPreference preference);
[[nodiscard]] std::string_view to_string(Health health);
[[nodiscard]] std::string_view to_string(State state);
[[nodiscard]] std::string_view to_string(ConflictPolicy policy);
// Failure: invalid_argument, with the nearest name.
[[nodiscard]] Result<Mode> parse_mode(std::string_view name);
[[nodiscard]] Result<ReadPreference> parse_read_preference(std::string_view name);
[[nodiscard]] Result<ConflictPolicy> parse_conflict_policy(std::string_view name);

/// How closely two stores are compared.
enum class VerifyLevel : std::uint8_t {
  listing,   ///< what two listings can prove
  checksum,  ///< and metadata, and stored checksums; reads only what has none
  content    ///< and every byte of both sides
};

/// What happens to objects that only the target has.
enum class Extra : std::uint8_t { keep, remove };

/// How many deliveries to a target there are at once.
struct WorkerBounds {
  std::size_t least = 8;
  /// Above `least`: so many, where a backlog moves faster by it. 0: always `least`.
  std::size_t most = 0;
};

/// A target that lags more, or for which more waits, is told of once (`lag_exceeded`,
/// `queue_exceeded`), and again only after it has come down to half of that.
struct AlertLimits {
  std::optional<Duration> lag;  ///< absent: `max_replication_lag`
  std::uint64_t queue = 10'000;
};

/// When the group moves its primary by itself.
struct FailoverConfig {
  bool automatic = true;
  /// Between looks at the primary; half of it after one that failed.
  Duration check_interval = std::chrono::seconds(1);
  Duration check_timeout = std::chrono::seconds(1);
  /// The primary is lost when nothing was heard of it for so long, in at least three checks.
  Duration detection_window = std::chrono::seconds(3);
  Duration cooldown = std::chrono::minutes(5);  ///< between two of them
  std::uint32_t most_per_day = 5;               ///< by the UTC day
};

/// What the journal keeps of a put beside the promise to deliver it.
enum class JournalPayload : std::uint8_t {
  none,    ///< nothing: a delivery reads the primary
  inlined  ///< small bodies, until every target has them: a failover gives them to the new primary
};

struct PayloadConfig {
  JournalPayload keep = JournalPayload::none;
  Bytes max_body = kMiB;  ///< larger ones are not kept
  /// Of all that is kept. What comes when it is full is not kept; it is replicated all the same.
  Bytes limit = kGiB;
};

/// What others do at the primary without us, and how far it counts.
struct Detection {
  /// The primary is written by others too. What they put over our objects is no conflict then, but
  /// a write like any other.
  bool others_write = false;
  /// What they remove there is removed from the targets too.
  bool propagate_removals = false;
  /// Of those removals so many are believed at once, and as many again within an hour. Further ones
  /// are held back (`removals_held`): who has emptied the primary by mistake does not empty the
  /// targets. A sync carries them out.
  std::uint64_t most_removals = 1000;
  /// What was written less than so long ago is looked at again later: it may be half of a file.
  Duration settle{};
};

/// What came of looking at a key that others may have changed at the primary.
enum class Notice : std::uint8_t {
  known,    ///< it stands as we wrote it, or saw it before
  written,  ///< it is news, and promised to every target
  removed,  ///< it is gone, which is promised to every target
  kept,     ///< it is gone, and stays at the targets: see Detection::propagate_removals
  held      ///< it is gone, and so are too many others: see Detection::most_removals
};

/// The name used in logs and JSON: "known".
[[nodiscard]] std::string_view to_string(Notice notice);

/// What one target has of a write when it is answered.
enum class Ack : std::uint8_t {
  acknowledged,
  pending,  ///< the journal will deliver it
  excluded  ///< the operator has paused the target; delivered when it is resumed
};

struct TargetAck {
  std::string target;
  Ack ack = Ack::pending;
};

/// What a write tells its writer: what is durable where.
struct Receipt {
  Version version;  ///< also a session token: reads that carry it see this write or a newer one
  std::string etag;
  /// A write that overlapped this one came after it: this one was overwritten at once.
  bool superseded = false;
  std::vector<TargetAck> targets;
};

/// What the primary must hold for a write to take effect.
struct Expected {
  std::optional<Version> version;  ///< absent: no object
};

enum class MoveKind : std::uint8_t {
  switchover,  ///< planned: writes wait until the new primary has everything; nothing is at risk
  failover     ///< the primary does not answer: what nobody else has stays behind, and is reported
};

struct MoveOptions {
  MoveKind kind = MoveKind::switchover;
  std::string to;  ///< empty: the best candidate
  bool dry_run = false;
  /// Nobody asked for it: a target of which it is not known what it lacks is not chosen.
  bool automatic = false;
  /// That a switchover waits for the new primary to come near; and once more, while writes wait,
  /// for the rest.
  Duration patience = std::chrono::seconds(30);
  std::string request_id = {};  ///< as of WriteOptions
};

/// A write that was acknowledged, or of which nobody knows whether it was, that the new primary
/// lacks, and that no target could give it.
struct WriteAtRisk {
  std::string key;
  Version version;
  bool removal = false;
};

/// What a move did, or would do.
struct MoveReport {
  std::string from;
  std::string to;
  std::uint32_t epoch = 0;
  MoveKind kind = MoveKind::switchover;
  bool automatic = false;
  std::uint64_t lacking = 0;  ///< keys that the new primary lacked at the start
  /// Of those it was given by others, or by the journal, before it took a write. Of a dry run: what
  /// the journal would give.
  std::uint64_t healed = 0;
  /// The rest, each by its name. They are still at the old primary; when it comes back they are
  /// settled by the conflict policy. But for removals of which nobody knew whether they had taken
  /// effect: no store keeps a trace of those, and what they removed stays.
  std::vector<WriteAtRisk> at_risk;
  /// False: the new primary's backlog had been dropped, so that `at_risk` cannot name everything,
  /// and removals that it has missed are lost. Never so in a failover that nobody asked for.
  bool exact = true;
};

}  // namespace godwit
