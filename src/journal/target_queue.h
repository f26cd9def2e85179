#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "journal/committer.h"
#include "journal/graves.h"
#include "journal/key_filter.h"
#include "journal/target_rows.h"

namespace godwit::journal {

/// How much one target lacks.
struct Backlog {
  std::uint64_t tasks = 0;  ///< keys, those under way included
  Bytes bytes = 0;          ///< that their newest writes announce
  std::uint64_t dead = 0;   ///< dead letters
  /// Keys that were delivered, but at which an older write may still land: see `doubt`. Not among
  /// `tasks`.
  std::uint64_t in_doubt = 0;
  /// When the oldest write was acknowledged that the target lacks, dead letters aside; absent:
  /// there is none.
  std::optional<WallTime> oldest;
  /// Tasks were dropped: only a comparison of everything tells what it lacks.
  bool resync = false;

  /// The target has all that was acknowledged, for good.
  [[nodiscard]] bool caught_up() const {
    return tasks == 0 && dead == 0 && in_doubt == 0 && !resync;
  }
};

/// The newest write of a key at which an older one may land until then.
struct Doubt {
  Write write;
  MonoTime until{};
};

/// What a queue needs of the journal around it.
struct QueueContext {
  World& world;
  Committer& committer;
  /// What a process before had under way may land until then; it knew the writes up to `known`.
  MonoTime quiet_from{};
  Sequence known = 0;
  std::function<Sequence()> next_sequence;
  /// An intent need not be kept any more on account of this target.
  std::function<void(Sequence)> release;
  /// An intent stands for writes since then.
  std::function<void(Sequence, WallTime)> stands_since;
  /// Tasks that may have become ready.
  std::function<void()> wake;
  /// The target does not lack the key any more.
  std::function<void(const std::string&)> ended;
  /// A comparison of the whole target has ended.
  std::function<void()> compared;
};

/// The tasks of one target, one for each key, in order: urgent ones first, else as the writes came.
///
/// The oldest are in memory, up to a limit, and safe on disk by their intents; what comes beyond
/// the limit is a row on disk, and comes back a page at a time. A newer write of a key takes the
/// place of the older one. One task of a key is under way at a time.
/// Concurrency: engine executor.
class TargetQueue {
 public:
  static constexpr std::size_t kPage = 1000;

  /// `row`: what is on disk of it. `most` tasks are kept in memory.
  TargetQueue(TargetName name, const TargetRow& row, std::size_t most, QueueContext context);

  /// The target lacks this write, acknowledged at `task.since`. `intent` stays until the task is
  /// done or on disk; 0: it has none.
  void push(TargetTask task, Sequence intent);
  /// The same, for a write of a process before: it is older than what is only on disk.
  void push_recovered(TargetTask task, Sequence intent);
  /// The next task, for one deliverer; nothing when none is ready.
  [[nodiscard]] std::optional<TargetTask> take();
  /// When a task becomes ready by itself.
  [[nodiscard]] std::optional<MonoTime> next_delayed() const;
  /// Tasks whose pause is over become ready.
  void tick(MonoTime now);
  /// An attempt at the key was given up, and may still take effect at the target until then. What
  /// is delivered before is delivered once more after it, for it may have been overwritten.
  void doubt(const std::string& key, MonoTime until);
  /// A task that was taken is in doubt so. It must not be buried, for a grave does not remember
  /// that.
  [[nodiscard]] bool is_doubted(const std::string& key) const;

  // How a taken task ends.

  /// The target holds `version` of the key, or a newer one.
  void done(const std::string& key, const Version& version);
  /// It failed; not again before `not_before`.
  void retry(const std::string& key, MonoTime not_before);
  /// The same, but that it does not count as an attempt.
  void postpone(const std::string& key, MonoTime not_before);
  /// It was not tried: it goes back to the head of the queue.
  void put_back(const std::string& key);
  /// It failed for good.
  void bury(const std::string& key, const Error& error, WallTime now);

  /// A dead letter becomes a task again.
  void redrive(const std::string& key);
  /// Drops all tasks that are not under way: the target must be compared as a whole. What was in
  /// doubt of them is not known key by key any more: see `unsure_until`.
  void collapse();
  /// The target must be compared as a whole, and keeps its tasks. While no comparison is under way.
  void ask_for_comparison(WallTime now);
  /// A comparison that begins before then proves nothing: older writes of what was dropped may
  /// land.
  [[nodiscard]] MonoTime unsure_until() const { return unsure_until_; }
  /// A comparison that began after the last collapse is done. See `collapses`.
  void resynced(std::uint64_t collapses);
  [[nodiscard]] std::uint64_t collapses() const { return collapses_; }
  /// Gives up everything, also on disk.
  void remove();

  /// Cost: linear in the writes that are on their way to disk.
  [[nodiscard]] Backlog backlog() const;
  /// Tasks were dropped; see Backlog::resync.
  [[nodiscard]] bool must_compare() const { return resync_since_.has_value(); }
  /// In memory: the target lacks the newest write of `key`. Otherwise only the disk may know, if
  /// `may_be_on_disk`.
  [[nodiscard]] bool lacks(const std::string& key) const;
  /// As far as memory tells: of the key of `write` the target has, for good, whatever came before
  /// it. False where nobody knows.
  [[nodiscard]] bool has_all_before(const Write& write) const;
  /// The disk may have a task of the key, or a dead letter.
  [[nodiscard]] bool may_be_on_disk(const std::string& key) const;
  [[nodiscard]] const TargetName& name() const { return name_; }
  /// Tasks in memory, of full syncs too: who adds those keeps them under a limit.
  [[nodiscard]] std::size_t in_memory() const { return entries_.size(); }
  [[nodiscard]] std::vector<Write> in_memory_writes() const;
  /// Those of tasks in memory. Of what is only on disk: until `quiet_from`, or `doubted_until`.
  [[nodiscard]] std::vector<Doubt> doubts() const;
  [[nodiscard]] MonoTime quiet_from() const { return context_.quiet_from; }
  /// By `doubt`, also of a key that has no task in memory.
  [[nodiscard]] MonoTime doubted_until(const std::string& key) const;
  [[nodiscard]] bool has_doubts() const { return in_doubt_ > 0 || !doubts_.empty(); }
  /// It has been delivered, but see `doubt`.
  [[nodiscard]] bool is_in_doubt(const std::string& key) const;
  /// The newest write of a key whose task was taken.
  [[nodiscard]] Version newest_of_taken(const std::string& key) const;
  /// Keys that a comparison has asked for and that have not been looked at since; dead letters
  /// count no more.
  [[nodiscard]] std::size_t compares() const { return compares_.size(); }

 private:
  enum class State : std::uint8_t { ready, delayed, taken, burying, in_doubt };
  struct Entry {
    TargetTask task;
    State state = State::ready;
    Sequence order = 0;                     // among those that are ready
    Sequence intent = 0;                    // of the newest write
    std::vector<Sequence> asked;            // intents of comparisons that it stands for
    std::optional<Place> stored;            // its row on disk
    std::optional<WallTime> newer_since;    // a newer write came while it was taken
    std::optional<WallTime> compare_since;  // a comparison was asked for while it was taken
  };
  /// Writes of one key on their way to disk.
  struct Admission {
    std::shared_ptr<const TargetTask> newest;
    int count = 0;
    bool to_memory = false;     // of one of them
    std::optional<Place> gone;  // of its row that came to memory meanwhile, and is done with
  };
  /// One of those, for both ends of its step: in one piece, because there are so many.
  struct Admitting {
    const TargetName* target = nullptr;
    TaskRow row;
    Keep keep = Keep::disk;
    Known known = Known::perhaps;
    Sequence intent = 0;
    std::uint64_t collapses = 0;
    Admitted result;
  };
  struct Lane {
    std::deque<std::pair<Sequence, std::string>> ready;  // stale where the entry says otherwise
    std::uint64_t unloaded = 0;                          // tasks that are only on disk
    Sequence next = 0;                                   // where those begin
    Sequence given_before = 0;                           // a process before had those until there
    std::optional<WallTime> since;                       // of the first of those
    WallTime last_since{};                               // of the last that was added in order
    WallTime floor = WallTime::max();                    // of those that were not
    bool loading = false;
    bool fruitless = false;  // the last page had nothing, although there is something
  };

  [[nodiscard]] Lane& lane(Priority priority) {
    return lanes_.at(static_cast<std::size_t>(priority));
  }
  static void forget_what_came(Entry& entry);
  void coalesce(Entry& entry, TargetTask task, Sequence intent);
  Entry& insert(TargetTask task, Sequence intent);
  void enqueue(Entry& entry);
  void release(Entry& entry);
  void finish(const std::string& key, Entry& entry);
  void keep_in_doubt(Entry& entry, MonoTime until);
  void deliver_again(Entry& entry);
  void doubt_of_before(const std::string& key);
  void set_since(Entry& entry, WallTime since);
  void erase(const std::string& key);
  void admit(TargetTask task, Sequence intent, Keep keep);
  void admitted(Admitting& work, const std::optional<Place>& gone);
  void admitted_to_disk(const Admitted& result);
  void admitted_to_memory(Admitted result, Sequence intent);
  void count_on_disk(const TaskRow& row);
  void count_loaded(Entry& entry, const TaskRow& row);
  void refill();
  void refill(Priority priority);
  [[nodiscard]] std::size_t most_loaded() const;
  [[nodiscard]] Sequence first_on_disk(Priority priority);
  void loaded(Priority priority, const Page& page);
  void buried(const std::string& key);
  void look_for_graves();
  [[nodiscard]] bool may_be_unloaded(const std::string& key) const;
  [[nodiscard]] bool is_new(const std::string& key) const;
  [[nodiscard]] std::uint64_t unloaded() const;
  [[nodiscard]] Entry* taken(const std::string& key);

  TargetName name_;
  std::size_t most_;
  QueueContext context_;
  std::unordered_map<std::string, Entry> entries_;
  std::unordered_map<std::string, Admission> admissions_;
  std::array<Lane, 3> lanes_;
  std::multimap<MonoTime, std::string> delayed_;
  std::unordered_set<std::string> compares_;
  std::unordered_map<std::string, MonoTime> doubts_;
  std::multimap<MonoTime, std::string> doubts_end_;
  std::size_t in_doubt_ = 0;
  std::multiset<WallTime> since_;        // of entries and admissions
  std::unordered_set<Sequence> erased_;  // places that a page on its way may still show
  Bytes bytes_in_memory_ = 0;
  Bytes bytes_unloaded_ = 0;
  Graves graves_;
  KeyFilter keys_unloaded_;           // of tasks that are only on disk, and of some that were
  bool knows_keys_unloaded_ = false;  // they all are in there
  std::optional<WallTime> resync_since_;
  MonoTime unsure_until_ = MonoTime::min();
  std::uint64_t collapses_ = 0;
};

}  // namespace godwit::journal
