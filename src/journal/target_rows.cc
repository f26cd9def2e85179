#include "journal/target_rows.h"

#include <algorithm>
#include <utility>

namespace godwit::journal {
namespace {

Result<TargetRow> target_row(Transaction& transaction, const TargetName& target) {
  GODWIT_TRY(auto value, transaction.get(target_key(target.name)));
  if (!value) return TargetRow{.number = target.number};
  return decode_target(*value);
}

Result<std::optional<TaskRow>> task_row(Transaction& transaction, const TargetName& target,
                                        const std::string& key) {
  GODWIT_TRY(auto value, transaction.get(task_key(target.number, key)));
  if (!value) return std::nullopt;
  GODWIT_TRY(TaskRow row, decode_task(*value));
  return row;
}

Result<std::optional<DeadLetter>> dead_row(Transaction& transaction, const TargetName& target,
                                           const std::string& key) {
  GODWIT_TRY(auto value, transaction.get(dead_key(target.number, key)));
  if (!value) return std::nullopt;
  GODWIT_TRY(DeadLetter letter, decode_dead(*value));
  return letter;
}

std::uint64_t& tasks_of(TargetRow& row, Place place) {
  return row.tasks.at(static_cast<std::size_t>(place.priority));
}

/// `task` stands for `older` too, and for `task` itself if that one is newer.
void merge(TargetTask& task, const TargetTask& older) {
  task.since = std::min(task.since, older.since);
  if (older.write.version > task.write.version) {
    const Priority priority = std::min(task.write.priority, older.write.priority);
    task.write = older.write;
    task.write.priority = priority;
  }
}

Result<void> erase_row(Transaction& transaction, const TargetName& target, TargetRow& counts,
                       const std::string& key) {
  GODWIT_TRY(const auto row, task_row(transaction, target, key));
  if (!row) return {};
  tasks_of(counts, row->place) -= 1;
  counts.bytes -= row->task.write.size;
  transaction.erase(task_key(target.number, key));
  transaction.erase(place_key(target.number, row->place));
  return {};
}

void put_row(Transaction& transaction, const TargetName& target, TargetRow& counts,
             const TaskRow& row) {
  if (counts.tasks == std::array<std::uint64_t, 2>{}) {
    counts.last_since = WallTime{};
    counts.floor = WallTime::max();
  }
  if (row.task.since < counts.last_since) {
    counts.floor = std::min(counts.floor, row.task.since);
  } else {
    counts.last_since = row.task.since;
  }
  tasks_of(counts, row.place) += 1;
  counts.bytes += row.task.write.size;
  transaction.put(task_key(target.number, row.task.write.key), encode(row));
  transaction.put(place_key(target.number, row.place), row.task.write.key);
}

}  // namespace

Result<Admitted> admit(Transaction& transaction, const TargetName& target, const TaskRow& task,
                       Keep keep) {
  const std::string& key = task.task.write.key;
  GODWIT_TRY(TargetRow counts, target_row(transaction, target));
  Admitted admitted{.task = task.task};
  GODWIT_TRY(admitted.found, task_row(transaction, target, key));
  if (admitted.found) merge(admitted.task, admitted.found->task);
  GODWIT_TRY(const auto dead, dead_row(transaction, target, key));
  if (dead) {
    merge(admitted.task, dead->task);
    transaction.erase(dead_key(target.number, key));
    counts.dead -= 1;
    admitted.was_dead = true;
  }
  admitted.place = admitted.found ? admitted.found->place : task.place;
  if (keep == Keep::disk) {
    GODWIT_CHECK(erase_row(transaction, target, counts, key));
    put_row(transaction, target, counts, {.task = admitted.task, .place = admitted.place});
  }
  // A comparison has no intent that would keep what it takes out of a grave.
  if (dead && keep == Keep::memory && task.task.write.change == Change::compare) {
    admitted.found = TaskRow{.task = admitted.task, .place = admitted.place};
    admitted.new_row = true;
    GODWIT_CHECK(erase_row(transaction, target, counts, key));
    put_row(transaction, target, counts, *admitted.found);
  }
  if (keep == Keep::disk || dead) transaction.put(target_key(target.name), encode(counts));
  return admitted;
}

Result<void> erase_task(Transaction& transaction, const TargetName& target,
                        const std::string& key) {
  GODWIT_TRY(TargetRow counts, target_row(transaction, target));
  GODWIT_CHECK(erase_row(transaction, target, counts, key));
  transaction.put(target_key(target.name), encode(counts));
  return {};
}

void erase_place(Transaction& transaction, const TargetName& target, Place place) {
  transaction.erase(place_key(target.number, place));
}

Result<void> bury(Transaction& transaction, const TargetName& target, const DeadLetter& letter) {
  const std::string& key = letter.task.write.key;
  GODWIT_TRY(TargetRow counts, target_row(transaction, target));
  GODWIT_CHECK(erase_row(transaction, target, counts, key));
  GODWIT_TRY(const auto before, dead_row(transaction, target, key));
  if (!before) counts.dead += 1;
  transaction.put(dead_key(target.number, key), encode(letter));
  transaction.put(target_key(target.name), encode(counts));
  return {};
}

Result<std::optional<TaskRow>> redrive(Transaction& transaction, const TargetName& target,
                                       const std::string& key, Sequence order) {
  GODWIT_TRY(TargetRow counts, target_row(transaction, target));
  GODWIT_TRY(const auto letter, dead_row(transaction, target, key));
  if (!letter) return std::nullopt;
  const Priority priority = std::min(letter->task.write.priority, Priority::normal);
  TaskRow row{.task = letter->task, .place = {.priority = priority, .order = order}};
  row.task.attempts = 0;
  transaction.erase(dead_key(target.number, key));
  counts.dead -= 1;
  GODWIT_CHECK(erase_row(transaction, target, counts, key));
  put_row(transaction, target, counts, row);
  transaction.put(target_key(target.name), encode(counts));
  return row;
}

Result<void> collapse(Transaction& transaction, const TargetName& target, WallTime since) {
  GODWIT_TRY(TargetRow counts, target_row(transaction, target));
  for (const char kind : {'k', 'q'}) {
    std::string prefix = task_key(target.number, "");
    prefix.front() = kind;
    transaction.erase_range(prefix, after(prefix));
  }
  counts.tasks = {};
  counts.bytes = 0;
  counts.resync_since = std::min(counts.resync_since.value_or(since), since);
  transaction.put(target_key(target.name), encode(counts));
  return {};
}

Result<void> clear_resync(Transaction& transaction, const TargetName& target) {
  GODWIT_TRY(TargetRow counts, target_row(transaction, target));
  counts.resync_since.reset();
  transaction.put(target_key(target.name), encode(counts));
  return {};
}

void erase_target(Transaction& transaction, const TargetName& target) {
  for (const char kind : {'k', 'q', 'd'}) {
    std::string prefix = task_key(target.number, "");
    prefix.front() = kind;
    transaction.erase_range(prefix, after(prefix));
  }
  transaction.erase(target_key(target.name));
}

Result<Page> read_page(Transaction& transaction, const TargetName& target, Place first,
                       std::size_t most) {
  const std::string end =
      place_key(target.number, {.priority = first.priority, .order = ~Sequence{0}});
  // One more, for the moment since when the one after the page waits.
  GODWIT_TRY(const auto rows,
             transaction.before().scan(
                 {.first = place_key(target.number, first), .end = end, .most = most + 1}));
  Page page{.next = first.order};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Place place{.priority = first.priority};
    GODWIT_TRY(place.order, sequence_of(rows[i].key));
    // Through the transaction: a task may have become newer in this very batch.
    GODWIT_TRY(auto row, task_row(transaction, target, rows[i].value));
    const bool stale = !row || row->place != place;
    if (i == most) {
      if (!stale) page.next_since = row->task.since;
      break;
    }
    page.next = place.order + 1;
    if (stale) {
      page.stale.push_back(place);
    } else {
      page.tasks.push_back(*std::move(row));
    }
  }
  return page;
}

}  // namespace godwit::journal
