#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "godwit/config.h"
#include "godwit/error.h"
#include "godwit/events.h"
#include "godwit/object.h"
#include "godwit/status.h"
#include "godwit/types.h"
#include "godwit/verification.h"

namespace godwit {

struct WriteOptions {
  Metadata metadata;
  /// Compare and set: refused with precondition_failed where the primary holds anything else.
  /// Costs a look at it.
  std::optional<Expected> expected;
  std::optional<Mode> mode;  ///< absent: the group's
  Priority priority = Priority::normal;
  Duration timeout{};  ///< 0: `ReplicationConfig::call_timeout`
  /// Filled when the write took effect, also when the call fails for want of acks. Must live until
  /// the call has returned, or its callback has been called.
  Receipt* receipt = nullptr;
  /// The caller's name for this call, which log lines of slow calls to stores carry.
  std::string request_id = {};
};

struct ReadOptions {
  std::optional<ReadPreference> preference;  ///< absent: the group's
  /// A session token, from a receipt: an older object is no answer. Needed only where the write
  /// went through another process.
  std::optional<Version> at_least;
  /// This store and no other, by its name, as it stands there: it may be older than what was
  /// acknowledged. "": where `preference` leads. Failure also: not_found for a name that is none;
  /// precondition_failed for a target that is paused.
  std::string from;
  std::string region;                  ///< the reader's; "": `ReplicationConfig::region`
  std::optional<ByteRange> range;      ///< of bodies
  Bytes max_bytes = Bytes{256} << 20;  ///< of a body that is read as a whole
  Duration timeout{};                  ///< 0: `ReplicationConfig::call_timeout`
  std::string request_id = {};         ///< as of WriteOptions
};

/// An object but for its body.
struct Head {
  ObjectInfo info;
  Version version;
  std::string from;  ///< the store that answered
};

struct Object {
  std::string body;
  Head head;
};

struct ListRange {
  std::string prefix;
  std::string start_after;  ///< exclusive; "": from the start
};

/// A write that a target will not get unless somebody acts.
struct DeadLetter {
  std::string key;
  Version version;
  bool is_removal = false;
  Code code = Code::internal;  ///< precondition_failed: a conflict that waits for `resolve`
  std::string message;
  WallTime written{};  ///< when the oldest write was acknowledged that the target lacks
  WallTime buried{};
};

/// What `full_sync` did. Deliveries of other writes meanwhile are counted too.
struct SyncReport {
  std::uint64_t items_synced = 0;  ///< that were copied, or removed
  std::uint64_t items_failed = 0;  ///< that are dead letters now
  Duration duration{};
};

/// What the journal holds for one target.
struct TargetBacklog {
  std::string target;
  std::uint64_t tasks = 0;
  std::uint64_t dead_letters = 0;
};

/// What was left when a store was closed. It is kept, and goes on when the store is opened again.
struct CloseReport {
  bool drained = false;  ///< nothing is left
  std::uint64_t unsettled = 0;
  std::vector<TargetBacklog> backlogs;  ///< of targets that lack something
};

/// One replicated store: a primary that takes the writes, and targets that get all of them.
///
/// A write is promised to every target before it is acknowledged, and the promise is kept over
/// crashes (docs/write-path.md). Reads are never older than what was acknowledged before them.
///
/// Effect, failure and cost are those of the stores, and in common:
/// - invalid_argument for keys under ".godwit/", bad names and bad options, with the nearest match;
/// - unavailable or timed_out with Outcome::applied when a write has too few acks: it stays and
///   will be delivered; what the journal said (no_space) when a write could not be promised, and
///   then nothing was written; timed_out at the call's timeout, where `outcome()` says the rest;
/// - limit_exceeded beyond `max_pending_calls`; precondition_failed on a store that was closed, and
///   for blocking calls on the engine's thread (in a callback, a merger), which could never end.
///
/// Threads: the store has an engine thread, a few for files, and one for handlers of events once
/// there is one. All members may be called from any thread at once. It ignores SIGPIPE for the
/// process and touches no other signal. It does not survive a fork.
/// Ownership: arguments are copied, or used only until the call returns. Callbacks and mergers run
/// on the engine's thread: while one runs nothing else does, so hand long work to other threads.
/// What a callback throws is caught, logged as an error, counted (`GroupStatus::handler_errors`).
/// Cost of a blocking call: that of the operation and two changes of threads.
class ReplicatedStore {
 public:
  /// Opens the stores, the journal in `config.data_dir` and who is primary there; what was promised
  /// before is delivered from now on. A directory or database that does not exist is made, but for
  /// that of a primary that was there before: it would be a lost one.
  /// Failure: invalid_argument as `ReplicationConfig::validate`, and for two names of one place, or
  /// a store that keeps no user metadata; precondition_failed when another process has the
  /// data_dir; what the disk fails with. A store that cannot be reached is no failure: it is
  /// unhealthy.
  [[nodiscard]] static Result<std::unique_ptr<ReplicatedStore>> open(ReplicationConfig config);

  ReplicatedStore(ReplicatedStore&&) = delete;
  /// As `close` with no time to drain. Not on the engine's thread.
  ~ReplicatedStore();

  /// Refuses further calls, waits up to `drain_for` until those under way have ended and every
  /// target that is not paused and answers has everything, cancels the rest, and lets go of stores
  /// and data_dir. What is not delivered stays in the journal and is in the report.
  /// Failure: precondition_failed when it was closed already; the journal's: then perhaps work of
  /// before is done twice after the next opening. Either way the store is closed.
  [[nodiscard]] Result<CloseReport> close(Duration drain_for = {});

  // Objects. Calls return when they are done.

  /// Stores an object; durable at the primary and promised to every target when it returns, and
  /// acknowledged by as many as the mode wants.
  [[nodiscard]] Result<Receipt> put(std::string_view key, std::string_view body,
                                    const WriteOptions& options = {});
  /// Puts the next bytes of a body into `into`, and says how many; 0 is the end. An error ends the
  /// put.
  using Source = std::function<Result<std::size_t>(std::span<std::byte> into)>;
  /// The same of a body that is made piece by piece, on the caller's thread and at its pace; it may
  /// be of any size. Without `options.timeout` it may take as long as it likes: nothing waits for
  /// it, also no other write of the key. Its version is that of its beginning: when another write
  /// of the key was acknowledged meanwhile, that one stays, and the receipt says `superseded`.
  /// Beyond 8 MiB the body goes to the targets too while it comes in. What `source` throws comes
  /// out here.
  /// `size`: of the body, where it is known; then another one is refused (invalid_argument), and
  /// the body may be of up to 10,000 parts of 64 MiB in S3, else of 16 MiB.
  /// Failure also: that of `source`; unavailable when the primary moved meanwhile. Nothing was
  /// written then. Memory: five parts of 8 MiB (of 16 MiB where the size is not known), fewer
  /// of each when there are many such puts.
  [[nodiscard]] Result<Receipt> put(std::string_view key, const Source& source,
                                    std::optional<Bytes> size = {},
                                    const WriteOptions& options = {});
  /// An absent key is a success, and is removed from every target too.
  [[nodiscard]] Result<Receipt> remove(std::string_view key, const WriteOptions& options = {});
  /// Failure: not_found; limit_exceeded for a body over `options.max_bytes`.
  [[nodiscard]] Result<Object> get(std::string_view key, const ReadOptions& options = {});

  /// Takes the next bytes of a body. An error ends the read.
  using Sink = std::function<Result<void>(std::span<const std::byte>)>;
  /// Gives the body to `sink` piece by piece, on the caller's thread and at its pace; memory: one
  /// piece (256 KiB). Without `options.timeout` it may take as long as bytes move. What `sink`
  /// throws comes out here.
  /// Failure: not_found; that of `sink`. Then what it got is a part of one version's bytes.
  [[nodiscard]] Result<Head> get(std::string_view key, const Sink& sink,
                                 const ReadOptions& options = {});
  /// From where `get` would read. Failure: not_found.
  [[nodiscard]] Result<Head> head(std::string_view key, const ReadOptions& options = {});
  [[nodiscard]] Result<bool> exists(std::string_view key, const ReadOptions& options = {});

  /// Whether to go on.
  using ListSink = std::function<bool(const ListEntry&)>;
  /// Calls `sink`, on the caller's thread, for the primary's objects in the order of the bytes of
  /// their keys, until it says false. What is written meanwhile may be in it or not.
  [[nodiscard]] Result<void> list(const ListRange& range, const ListSink& sink);

  // The same with a callback, which is called once, on the engine's thread, if and only if the call
  // succeeds. Failure: limit_exceeded, precondition_failed (closed); else the callback is told.

  template <class T>
  using Callback = std::move_only_function<void(Result<T>)>;
  [[nodiscard]] Result<void> put_async(std::string key, std::string body, WriteOptions options,
                                       Callback<Receipt> callback);
  [[nodiscard]] Result<void> get_async(std::string key, ReadOptions options,
                                       Callback<Object> callback);
  [[nodiscard]] Result<void> remove_async(std::string key, WriteOptions options,
                                          Callback<Receipt> callback);

  // What others write to the primary without us; see Detection.

  /// Looks at a key of the primary, and promises what is new there to every target, as of now. For
  /// whoever hears of a change; may be called any number of times, in any order, also for keys of
  /// which nothing is to be told. The primary's object is not touched. Of an object that only its
  /// metadata have changed nothing is told.
  /// Failure: unavailable while a write of that key is under way, or the primary does not answer:
  /// call it again later; precondition_failed for a removal where the primary has lost its marker
  /// (.godwit/group), as one that was emptied or is not mounted.
  [[nodiscard]] Result<Notice> notice(std::string_view key);
  /// The same for all keys that differ, by the listings of the primary and of the targets that can
  /// be asked; for what nobody has told of. Cost: two listings per target, and what differs.
  /// Failure: timed_out after `timeout`; others are in the report.
  [[nodiscard]] Result<ScanReport> scan(Duration timeout = std::chrono::hours(1));

  // Targets. All fail with not_found for a name that is none, with the nearest one.

  /// A target more, from now on: it is compared as a whole, while writes go on. Name it in the
  /// config too, for the next opening. Failure: as `open`, of this target.
  [[nodiscard]] Result<void> add_target(const ReplicaTarget& target);
  /// A target less: what waits for it is forgotten, its objects stay. Failure: not_found;
  /// precondition_failed while the primary is being moved; invalid_argument where those that remain
  /// are fewer than `min_sync_replicas`.
  [[nodiscard]] Result<void> remove_target(std::string_view target);
  /// Nothing is sent to it, nor read from it, but for what a failover finds nowhere else; what it
  /// misses waits in the journal. Not kept over a restart.
  [[nodiscard]] Result<void> pause(std::string_view target);
  /// Failure: precondition_failed for one that is not paused.
  [[nodiscard]] Result<void> resume(std::string_view target);
  /// Compares a target with the primary as a whole and copies what differs, removes what the
  /// primary has not. Objects that others put there stay. Live writes go on beside it.
  /// Failure: precondition_failed while it is paused, or was primary and is being compared anyway;
  /// timed_out after `timeout`, cancelled when `stop` asks for it: then it goes on by itself.
  /// `progress` is called on this thread. Cost: two listings, and what differs.
  [[nodiscard]] Result<SyncReport> full_sync(std::string_view target,
                                             Duration timeout = std::chrono::hours(1),
                                             const std::stop_token& stop = {},
                                             const ProgressSink& progress = {});
  /// Those after the key `start_after`, in the order of keys.
  [[nodiscard]] Result<std::vector<DeadLetter>> dead_letters(std::string_view target,
                                                             std::string_view start_after = {},
                                                             std::size_t most = 1000);
  /// Tries a dead letter again; nothing happens when there is none.
  [[nodiscard]] Result<void> redrive(std::string_view target, std::string_view key);
  /// Ends a conflict that waits for a person (ConflictPolicy::manual): the primary's object stays,
  /// or the target's becomes a new write. What is not kept stays at the target under
  /// ".godwit/rescue/". Failure: not_found where the target has no such object.
  [[nodiscard]] Result<void> resolve(std::string_view target, std::string_view key, Standing keep);
  /// A merger of the caller's, to be named in `ReplicationConfig::merger`. Prefer
  /// `ReplicationConfig::mergers`: there it is known before the first conflict.
  /// Failure: precondition_failed if the name is taken.
  [[nodiscard]] Result<void> add_merger(const std::string& name, Merger merger);

  // The primary.

  /// Makes `target` (or the best one, if it is empty) the primary, planned (MoveKind::switchover:
  /// waits until it has everything) or not (MoveKind::failover: what it lacks and nobody can give
  /// it is named in the report). Writes wait meanwhile. With `dry_run` nothing changes.
  /// Failure: not_found, precondition_failed, unavailable for a target that cannot be primary, or
  /// while another move is under way; timed_out where it did not catch up. Then nothing has
  /// changed, unless the outcome is unknown: then writes wait until a later call has found out.
  [[nodiscard]] Result<MoveReport> move_primary(const MoveOptions& options);

  // What there is to see.

  [[nodiscard]] Result<GroupStatus> status();
  /// Writes a small object under ".godwit/" to each store, looks at it and removes it again; the
  /// primary first. What fails at a store is in its part. Takes up to two `health_check_timeout`.
  [[nodiscard]] Result<std::vector<StoreProbe>> probe();
  [[nodiscard]] Result<ReplicationMetrics> metrics();
  /// The last 1000 of `write_replicated` and the last 1000 of all others, in their order.
  [[nodiscard]] Result<std::vector<Event>> events();
  /// Calls `handler` for each event from now on, one after the other, on a thread for handlers: a
  /// slow one delays others and blocks nothing else. Beyond 10,000 that wait the oldest are dropped
  /// and counted (`GroupStatus::events_dropped`). What it throws is caught, logged, counted.
  /// Returns its name for `remove_handler`.
  [[nodiscard]] Result<std::uint64_t> on_event(EventHandler handler);
  /// It is not called any more when this returns; called from within it, after this call of it.
  void remove_handler(std::uint64_t handler);

 private:
  friend class ReplicationManager;
  friend class ReplicationJob;
  struct Impl;
  explicit ReplicatedStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace godwit
