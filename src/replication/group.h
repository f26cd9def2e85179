#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coordination/coordinator.h"
#include "journal/journal.h"
#include "replication/events.h"
#include "replication/failover.h"
#include "replication/identity.h"
#include "replication/large_put.h"
#include "replication/members.h"
#include "replication/requests.h"
#include "replication/types.h"
#include "replication/verification.h"
#include "store/store.h"
#include "version/merge.h"

namespace godwit::replication {

struct WriteOptions {
  Metadata metadata;
  /// Compare and set: refused with precondition_failed where the primary holds anything else.
  /// Costs a look at it. An object that was written behind our back is known by its time only.
  std::optional<Expected> expected;
  std::optional<Mode> mode;  ///< absent: the group's
  journal::Priority priority = journal::Priority::normal;
  /// Filled when the write took effect, also when the call fails for want of acks.
  Receipt* receipt = nullptr;
};

struct ReadOptions {
  std::optional<ReadPreference> preference;  ///< absent: the group's
  /// This store alone, as it stands there, which may be old; "": where `preference` leads.
  std::string from;
  std::string region;  ///< the caller's; for `nearest`
  std::optional<ByteRange> range;
  /// Of a receipt: an older object is no answer. Needed where the write went through another
  /// journal; through this one no read is older than what was acknowledged.
  std::optional<Version> at_least;
};

struct ReadResult {
  GetResult object;
  Version version;
  std::string from;  ///< the target that answered
};

struct HeadResult {
  ObjectInfo info;
  Version version;
  std::string from;  ///< the target that answered
};

/// What a group stands on.
struct GroupSupport {
  kv::Engine& engine;
  Coordinator& coordinator;
  std::string journal_directory;
  std::size_t most_in_memory = 20'000;  ///< tasks of a target
  /// Where copies of large objects keep notes of what has arrived, so that a restart goes on with
  /// them; empty: it begins them anew.
  std::string state_directory;
  /// Called when another target has become primary, before it takes a write.
  std::function<void(const MoveReport&)> on_move;
};

/// One replicated store: a primary that takes the writes, and targets that get all of them.
///
/// How a write becomes safe is in writer.cc; how it gets to a target in target_agent.cc; from where
/// a read is answered in reads.cc.
/// Failure of all calls: those of the store that answers, and: invalid_argument for keys under
/// ".godwit/"; unavailable with Outcome::applied when a write has too few acks; what the journal
/// said (no_space) when a write could not be promised, and nothing was written then.
/// Concurrency: any number of calls at once on the World's executor.
class Group {
 public:
  /// `config` says who the primary is in the beginning; from the first move on the coordinator
  /// does. The journal is opened in `journal_directory`. `engine` and `coordinator` outlive the
  /// group.
  /// Failure: invalid_argument for a config that contradicts itself, or two stores that are one
  /// place, or a store that keeps no user metadata; precondition_failed for a store of another
  /// group, for a primary that was emptied, and where the stores know a later epoch than the
  /// coordinator (identity.h); what the journal and the coordinator say.
  [[nodiscard]] static Task<std::unique_ptr<Group>> open(const Context& context, GroupConfig config,
                                                         GroupStores stores, GroupSupport support);
  Group(Group&&) = delete;
  ~Group();

  /// Stores an object; durable at the primary and promised to every target when it returns. The
  /// body is read to its end, also when its size is not known before; see LargePut for what is over
  /// `part_size`. Failure also: what the body failed with, and nothing was written then;
  /// unavailable when the primary moved while a large body came in.
  [[nodiscard]] Task<Receipt> put(const Context& context, const std::string& key,
                                  const Incoming& incoming, const WriteOptions& options);
  /// An absent key is a success, and is removed from every target too.
  [[nodiscard]] Task<Receipt> remove(const Context& context, const std::string& key,
                                     const WriteOptions& options);
  /// Never older than what was acknowledged before the call, whoever answers.
  [[nodiscard]] Task<ReadResult> get(const Context& context, const std::string& key,
                                     const ReadOptions& options);
  /// The same of all but the body. Failure: not_found.
  [[nodiscard]] Task<HeadResult> head(const Context& context, const std::string& key,
                                      const ReadOptions& options);
  /// The primary's objects, ours aside. Lives no longer than the group. Starts no I/O.
  [[nodiscard]] std::unique_ptr<Listing> list(const ListOptions& options);

  /// A target more, from now on: it is compared as a whole, while writes go on. Whoever opens the
  /// group again must name it in the config. Failure: as `open`, of the target; precondition_failed
  /// while the primary is being moved.
  [[nodiscard]] Task<void> add_target(const Context& context, TargetConfig config,
                                      std::unique_ptr<Store> store);
  /// A target less: what waits for it is forgotten, and nothing is asked of it any more. Its
  /// objects stay. Writes that wait for its ack go on waiting until their deadline. Failure:
  /// not_found; precondition_failed while the primary is being moved; invalid_argument where those
  /// that remain are fewer than `min_sync_replicas`.
  [[nodiscard]] Task<void> remove_target(const std::string& name);

  /// Nothing is sent to it, not even asked of it by a read; what it misses waits in the journal.
  [[nodiscard]] Result<void> pause(const std::string& target);
  /// Failure: precondition_failed for one that is not paused.
  [[nodiscard]] Result<void> resume(const std::string& target);
  [[nodiscard]] std::vector<TargetStatus> status() const;
  /// So many deliveries at once, from now on; see TargetConfig. Failure: invalid_argument,
  /// not_found.
  [[nodiscard]] Result<void> set_workers(const std::string& target, const WorkerBounds& bounds);
  /// Failure: invalid_argument.
  [[nodiscard]] Result<void> set_alerts(const AlertLimits& alerts);

  /// Looks at a key of the primary, which others may have written or removed behind our back, and
  /// promises what is new there to every target; see Noticed. Any number of times, in any order.
  [[nodiscard]] Task<Notice> notice(const Context& context, const std::string& key);
  /// The same for all keys that differ by the listings; see scan_primary.
  [[nodiscard]] Task<ScanReport> scan(const Context& context);

  // What differs at a target, and what is done about it: verification.h, redelivery.h.

  [[nodiscard]] Task<VerifyReport> verify(const Context& context, const std::string& target,
                                          const VerifyOptions& options, const FindingSink& sink);
  [[nodiscard]] Task<RepairReport> repair(const Context& context, const std::string& target,
                                          const RepairOptions& options, const FindingSink& sink);
  /// Objects that callers bring to the targets, whoever wrote them to the primary.
  [[nodiscard]] Requests& requests();
  [[nodiscard]] Task<TargetSync> sync(const Context& context, const std::string& target,
                                      const ProgressSink& progress);
  /// How far a target is that is being compared as a whole; nothing where none is.
  [[nodiscard]] std::optional<WorkProgress> comparison_of(const std::string& target) const;

  /// Ends a conflict that waits for a person, as a dead letter (Code::precondition_failed), at
  /// `target`: the primary's object stays, or the target's becomes a new write. What is not kept
  /// stays at the target under ".godwit/rescue/".
  [[nodiscard]] Task<void> resolve(const Context& context, const std::string& target,
                                   const std::string& key, Standing keep);
  /// Tasks of a target that failed for good, in the order of keys, those after `start_after`.
  [[nodiscard]] Task<std::vector<journal::DeadLetter>> dead_letters(const std::string& target,
                                                                    const std::string& start_after,
                                                                    std::size_t most);
  /// Tries a dead letter again; nothing happens when there is none. Failure: not_found for the
  /// target.
  [[nodiscard]] Result<void> redrive(const std::string& target, const std::string& key);
  /// A merger of the caller's, to be named in `GroupConfig::merger`; see `Merger` for its laws.
  [[nodiscard]] Result<void> add_merger(const std::string& name, Merger merger);

  /// Makes a target the primary, and the primary a target. Writes wait meanwhile.
  ///
  /// A switchover waits until the target has everything; it fails with timed_out otherwise, and
  /// nothing has changed. A failover does not ask the old primary: what the target lacks and
  /// somebody else has is given to it first, the rest is named in the report. Either way the epoch
  /// grows by one, in the coordinator first.
  /// Failure: not_found, precondition_failed, unavailable for a target that cannot be primary, or
  /// while another move is under way; the coordinator's. Then the primary is who it was; unless the
  /// outcome is unknown: then writes wait until a later call has found out.
  [[nodiscard]] Task<MoveReport> move_primary(const Context& context, const MoveOptions& options);
  [[nodiscard]] const std::string& primary() const;
  [[nodiscard]] std::uint32_t epoch() const;
  [[nodiscard]] Health primary_health() const;
  /// Nobody knows yet what became of some writes.
  [[nodiscard]] std::size_t unsettled() const;
  /// Gives up what a target is owed, and compares it as a whole instead. Failure: not_found.
  [[nodiscard]] Result<void> compare_anew(const std::string& target);

  [[nodiscard]] asio::awaitable<std::vector<StoreProbe>> probe(const Context& context);
  [[nodiscard]] ReplicationMetrics metrics() const;
  /// What happens to the group, from its opening on.
  [[nodiscard]] Events& events();

  /// Ends what is in the background; the journal keeps what is not delivered.
  [[nodiscard]] Task<void> close();

 private:
  struct Impl;
  explicit Group(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace godwit::replication
