#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "journal/lost_writes.h"
#include "journal/payloads.h"
#include "journal/target_queue.h"

namespace godwit::journal {

struct JournalOptions {
  std::string directory;
  /// Those that the journal knows and that are not named here are forgotten, with their tasks.
  std::vector<std::string> targets;
  /// Tasks of one target that are kept in memory; the rest waits on disk.
  std::size_t most_in_memory = 20'000;
  Bytes database_memory = 64 * kMiB;
  /// Of what writes carry, all together; 0: nothing of that is kept.
  Bytes payload_limit = 0;
  /// For so long a write whose answer was lost may still land at a target.
  Duration late_write_window = std::chrono::minutes(1);
};

/// A write of which nobody knows whether the primary has it.
struct Unsettled {
  Sequence sequence = 0;
  Write write;
};

/// What has been promised and is not everywhere yet, durable.
///
/// The life of a write: `begin` makes its intent durable; the primary is written; `commit` makes
/// it a task of each target, or `discard` forgets it, or, when nobody knows, it stays `unsettled`.
/// The intent goes when each target has the write, or has its task on disk. So a restart finds
/// every write that was begun: what was committed is delivered (perhaps again), the rest is
/// unsettled.
///
/// Concurrency: engine executor. Failure of all: what the database said (no_space, unavailable,
/// corrupted).
class Journal {
 public:
  /// Failure: precondition_failed when another process has it; unsupported for a newer format;
  /// corrupted; permission_denied.
  [[nodiscard]] static Task<std::unique_ptr<Journal>> open(World& world, kv::Engine& engine,
                                                           JournalOptions options);
  Journal(Journal&&) = delete;
  ~Journal();

  /// No version that went through here is later.
  [[nodiscard]] HybridTime clock() const { return clock_; }
  /// A process before has written it.
  [[nodiscard]] bool is_of_before(const Version& version) const {
    return version.time <= clock_at_open_;
  }

  /// The intent is on stable storage when this returns (many share one sync). Failure: nothing may
  /// be written then, so that the write is not applied; whether a restart finds the intent is not
  /// known, and does no harm.
  /// `payload`: kept, with the intent, until each target has the write; not where that would be
  /// more than the limit. Failure has Outcome::unknown where a restart may find it: a failover
  /// could make it happen then.
  [[nodiscard]] Task<Sequence> begin(Write write, std::string payload = {});
  /// The primary has it, and that was acknowledged at `at`. Each target lacks it from now on.
  void commit(Sequence intent, WallTime at);
  /// Nobody will ever know: each target is to compare the key with the primary, beside all that it
  /// lacks anyway.
  void commit_to_compare(Sequence intent, WallTime at);
  /// The primary does not have it, for certain.
  void discard(Sequence intent);
  /// The same; no restart finds it any more when this returns. Failure: the database's; then one
  /// may.
  [[nodiscard]] Task<void> discard_durably(Sequence intent);
  /// Nobody knows: it stays until someone commits or discards it.
  void leave_unsettled(Sequence intent);
  [[nodiscard]] std::vector<Unsettled> unsettled() const;
  /// A write of the key is unsettled.
  [[nodiscard]] bool is_unsettled(const std::string& key) const;

  /// Null for a target that is not known.
  [[nodiscard]] TargetQueue* target(const std::string& name);
  /// What the target lacks, or may lack: unsettled writes count, for one that a restart has found
  /// may have been acknowledged. Nothing for a target that is not known.
  [[nodiscard]] std::optional<Backlog> backlog(const std::string& target) const;
  /// A new target, marked for a comparison with the primary. precondition_failed: it is known.
  [[nodiscard]] Task<void> add_target(const std::string& name);
  /// The target must be compared as a whole, and keeps its tasks. While no comparison of it is
  /// under way. Durable when this returns. Failure: not_found; of the database.
  [[nodiscard]] Task<void> owe_comparison(const std::string& name);
  /// Its tasks are forgotten. Tasks that were taken end nowhere.
  void remove_target(const std::string& name);

  /// The next task of a target, when there is one. Failure: cancelled; not_found for a target that
  /// is not known (any more).
  [[nodiscard]] Task<TargetTask> next(const Context& context, const std::string& target);
  /// Whether the target may lack a write of `key`: also one that is not acknowledged yet.
  [[nodiscard]] Task<bool> lacks(const std::string& target, const std::string& key);
  /// The same, but for dead letters: nobody is going to deliver those.
  [[nodiscard]] Task<bool> owes(const std::string& target, const std::string& key);
  /// All that the target lacks, or may lack: unsettled writes too, those that are looked for by
  /// comparisons, and dead letters; not what only other comparisons would tell. Cost: memory and
  /// reading for each; for a failover.
  [[nodiscard]] Task<std::vector<Write>> lacking(const std::string& target);
  /// What came with this write; absent when it is not kept (any more).
  [[nodiscard]] Task<std::optional<std::string>> payload(const Write& write);
  [[nodiscard]] bool has_payload(const Write& write) const {
    return payloads_.has(write.key, write.version);
  }
  [[nodiscard]] const Payloads& payloads() const { return payloads_; }
  /// Writes that may land yet at the primary of `epoch`, where they would take the place of newer
  /// ones: a restart finds them. Failure: whether one does is not known, and does no harm while
  /// there is another epoch.
  [[nodiscard]] Task<void> keep_suspects(std::uint32_t epoch, std::vector<Write> writes);
  void drop_suspect(std::uint32_t epoch, const std::string& key);
  /// Of all other epochs.
  void drop_suspects_but(std::uint32_t epoch);
  /// Those of `epoch` that a process before has kept, once; those of others are dropped.
  [[nodiscard]] std::vector<Write> take_suspects(std::uint32_t epoch);
  [[nodiscard]] LostWrites& lost() { return lost_; }
  /// Dead letters in the order of keys, those after `start_after`.
  [[nodiscard]] Task<std::vector<DeadLetter>> dead_letters(const std::string& target,
                                                           const std::string& start_after,
                                                           std::size_t most);
  /// Makes each target compare `key` with the primary, durably: for what was written behind our
  /// back. As `begin`.
  [[nodiscard]] Task<void> compare(std::string key, Priority priority);
  /// Makes each target have these writes, or newer ones, durably, all at once: they were made long
  /// ago, and what they did may have been undone at a target that nobody knows of. As `begin`.
  [[nodiscard]] Task<void> owe(std::vector<Write> writes);
  /// A task that only a comparison asks for: low priority, and forgotten in a restart. Waits while
  /// there are many.
  [[nodiscard]] Task<void> push_compare(const Context& context, const std::string& target,
                                        std::string key);

  /// The last error of the database, while writes fail.
  [[nodiscard]] const std::optional<Error>& failing() const { return committer_.failing(); }
  /// Writes what is not on disk yet, and ends. No call may be under way, none may follow.
  [[nodiscard]] Task<void> close();

 private:
  /// How long an intent may do without a note on disk that it was committed.
  static constexpr Duration kMarkAfter = std::chrono::milliseconds(500);
  static constexpr std::size_t kMostCompares = 4000;
  /// Keys in one batch whose payloads are looked at.
  static constexpr std::size_t kMostLooks = 1000;

  struct Intent {
    Write write;
    std::optional<WallTime> committed;
    std::size_t targets = 0;  // that still need it
    bool rewritten = false;   // its row may have been put more than once
  };
  struct Released {
    Sequence intent = 0;
    bool rewritten = false;
  };
  struct Target {
    TargetQueue queue;
    Signal ready;
    Signal room;
  };
  struct Found;
  struct Unneeded;
  /// Who is asked for in `lacks` and `owes`.
  enum class Among : std::uint8_t { tasks, tasks_and_dead_letters };

  Journal(World& world, JournalOptions options, std::unique_ptr<kv::Database> database);
  [[nodiscard]] static Result<Found> read(kv::Database& database);
  [[nodiscard]] Task<void> recover(Found found);
  void make_target(const std::string& name, const TargetRow& row);
  using Push = void (TargetQueue::*)(TargetTask, Sequence);
  void push_to_all(Sequence intent, Push push);
  void release(Sequence intent);
  void stands_since(Sequence intent, WallTime since);
  void forget(std::map<Sequence, Intent>::iterator intent);
  void drop_payload(const std::string& key, const Version& version);
  void collect(std::vector<Step>& steps);
  [[nodiscard]] bool is_quiet() const;
  void collect_marks(std::vector<Step>& steps);
  void collect_payloads(std::vector<Step>& steps);
  [[nodiscard]] std::optional<Unneeded> perhaps_unneeded(std::string key) const;
  [[nodiscard]] static Result<bool> erase_unneeded(Transaction& transaction,
                                                   const Unneeded& unneeded);
  [[nodiscard]] asio::awaitable<void> keep_time();
  void wake(const std::string& target);
  [[nodiscard]] Task<bool> has(const std::string& target, const std::string& key, Among among);

  World& world_;
  JournalOptions options_;
  std::unique_ptr<kv::Database> database_;
  Committer committer_;
  std::map<std::string, std::unique_ptr<Target>> targets_;
  std::vector<std::unique_ptr<Target>> removed_;  // steps on their way may still speak of them
  TargetNumber numbers_ = 0;

  MonoTime opened_;
  Sequence known_ = 0;  // the last that a process before may have had under way
  Sequence last_ = 0;
  HybridTime clock_;
  HybridTime clock_at_open_;
  std::string head_written_;
  std::map<Sequence, Intent> intents_;
  std::set<Sequence> unsettled_;
  std::unordered_map<std::string, std::size_t> open_;  // keys of intents that are not settled
  std::vector<Released> released_;                     // whose rows are to be erased
  std::deque<std::pair<MonoTime, Sequence>> unmarked_;
  Payloads payloads_;
  LostWrites lost_;
  std::vector<std::pair<std::string, Version>> dropped_;  // payloads whose rows are to be erased
  std::map<std::uint32_t, std::vector<Write>> suspects_;  // found, by epoch

  TaskGroup group_;
  CancelSource pause_;
  MonoTime paused_until_{};
  bool closing_ = false;
};

}  // namespace godwit::journal
