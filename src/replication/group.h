#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "journal/journal.h"
#include "replication/members.h"
#include "replication/types.h"
#include "store/store.h"
#include "version/merge.h"

namespace godwit::replication {

struct WriteOptions {
  Metadata metadata;
  std::optional<Mode> mode;  ///< absent: the group's
  journal::Priority priority = journal::Priority::normal;
  /// Filled when the write took effect, also when the call fails for want of acks.
  Receipt* receipt = nullptr;
};

struct ReadOptions {
  std::optional<ReadPreference> preference;  ///< absent: the group's
  std::string region;                        ///< the caller's; for `nearest`
  std::optional<ByteRange> range;
};

struct ReadResult {
  GetResult object;
  std::string from;  ///< the target that answered
};

/// A target, for people and metrics.
struct TargetStatus {
  std::string name;
  std::string region;
  Health health = Health::unknown;
  State state = State::active;
  TargetCounts counts;
  std::uint64_t tasks = 0;
  Bytes bytes = 0;
  std::uint64_t dead_letters = 0;
  bool caught_up = false;
  /// The age of the oldest acknowledged write that is not there; 0 when there is none.
  Duration lag{};
};

/// The stores of a group, by name.
struct GroupStores {
  std::unique_ptr<Store> primary;
  std::map<std::string, std::unique_ptr<Store>> targets;
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
  /// `journal` was opened with the names of `config.targets`, and outlives the group.
  /// Failure: invalid_argument for a config that contradicts itself, or two stores that are one
  /// place, or a store that keeps no user metadata.
  [[nodiscard]] static Result<std::unique_ptr<Group>> make(World& world, GroupConfig config,
                                                           GroupStores stores,
                                                           journal::Journal& journal);
  Group(Group&&) = delete;
  ~Group();

  /// Stores an object; durable at the primary and promised to every target when it returns.
  [[nodiscard]] Task<Receipt> put(const Context& context, const std::string& key, Upload upload,
                                  const WriteOptions& options);
  /// An absent key is a success, and is removed from every target too.
  [[nodiscard]] Task<Receipt> remove(const Context& context, const std::string& key,
                                     const WriteOptions& options);
  /// Never older than what was acknowledged before the call, whoever answers.
  [[nodiscard]] Task<ReadResult> get(const Context& context, const std::string& key,
                                     const ReadOptions& options);

  /// Nothing is sent to it, not even asked of it by a read; what it misses waits in the journal.
  [[nodiscard]] Result<void> pause(const std::string& target);
  /// Failure: precondition_failed for one that is not paused.
  [[nodiscard]] Result<void> resume(const std::string& target);
  [[nodiscard]] std::vector<TargetStatus> status() const;

  /// Ends a conflict that waits for a person, as a dead letter (Code::precondition_failed), at
  /// `target`: the primary's object stays, or the target's becomes a new write. What is not kept
  /// stays at the target under ".godwit/rescue/".
  [[nodiscard]] Task<void> resolve(const Context& context, const std::string& target,
                                   const std::string& key, Standing keep);
  /// A merger of the caller's, to be named in `GroupConfig::merger`; see `Merger` for its laws.
  [[nodiscard]] Result<void> add_merger(const std::string& name, Merger merger);

  /// Ends what is in the background; the journal keeps what is not delivered.
  [[nodiscard]] Task<void> close();

 private:
  struct Impl;
  explicit Group(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace godwit::replication
