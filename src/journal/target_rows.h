#pragma once

#include <optional>
#include <string>
#include <vector>

#include "journal/rows.h"
#include "journal/transaction.h"

/// What happens to the rows of one target, each inside one transaction. Blocks.
namespace godwit::journal {

/// The target whose rows are changed.
struct TargetName {
  std::string name;
  TargetNumber number = 0;
};

/// Whether a task of a new write goes to disk, or is kept in memory by the caller.
enum class Keep : std::uint8_t { memory, disk };

/// Whether there may be a row, or a dead letter, of the key of a new write.
enum class Known : std::uint8_t { no, perhaps };

/// What became of a new write.
struct Admitted {
  TargetTask task;               ///< merged with what was there of its key
  std::optional<TaskRow> found;  ///< the task on disk that was there before
  Place place;                   ///< of its row, if it has one now
  bool new_row = false;          ///< `found` was made here, of a dead letter
  bool was_dead = false;         ///< a dead letter of the key is gone
};

/// Takes in a task: merges it with the one on disk of its key, whose place it keeps, and with a
/// dead letter, which is taken away. With Keep::disk it is on disk then, at `place` if it is new.
/// A comparison that is kept in memory notes on disk that what it found there is under way.
/// With Known::no nothing is looked for.
[[nodiscard]] Result<Admitted> admit(Transaction& transaction, const TargetName& target,
                                     const TaskRow& task, Keep keep, Known known);

/// A task on disk is done.
[[nodiscard]] Result<void> erase_task(Transaction& transaction, const TargetName& target,
                                      const std::string& key);
/// The task, wherever it was, is a dead letter now.
[[nodiscard]] Result<void> bury(Transaction& transaction, const TargetName& target,
                                const DeadLetter& letter);
/// A dead letter becomes a task on disk, at `order`. Nothing when there is none of that key.
[[nodiscard]] Result<std::optional<TaskRow>> redrive(Transaction& transaction,
                                                     const TargetName& target,
                                                     const std::string& key, Sequence order);
/// The keys that have a dead letter, up to so many.
[[nodiscard]] Result<std::vector<std::string>> dead_keys(Transaction& transaction,
                                                         const TargetName& target,
                                                         std::size_t most);
/// All tasks go, and the target must be compared as a whole; dead letters stay.
[[nodiscard]] Result<void> collapse(Transaction& transaction, const TargetName& target,
                                    WallTime since);
/// The target must be compared as a whole.
[[nodiscard]] Result<void> note_resync(Transaction& transaction, const TargetName& target,
                                       WallTime since);
/// The comparison is done.
[[nodiscard]] Result<void> clear_resync(Transaction& transaction, const TargetName& target);
/// Nothing of the target is left.
void erase_target(Transaction& transaction, const TargetName& target);

/// The next tasks on disk of one priority.
struct Page {
  std::vector<TaskRow> tasks;
  Sequence next = 0;  ///< where the page after this one begins
  std::optional<WallTime>
      next_since;  ///< of the first task after this page; absent: not known, or none follows
};
/// Which tasks, of all those on disk of one priority.
struct PageRange {
  Priority priority = Priority::normal;
  Sequence first = 0;  ///< of the tasks that are not done
  Sequence next = 0;   ///< where the page begins
  std::size_t most = 0;
};
/// Notes `range.first` too, and that those of the page are given out: not before that is durable.
/// Fewer tasks than `most`, or none: some were done in this very
/// transaction, or there are no more.
[[nodiscard]] Result<Page> read_page(Transaction& transaction, const TargetName& target,
                                     const PageRange& range);

}  // namespace godwit::journal
