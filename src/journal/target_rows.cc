#include "journal/target_rows.h"

#include <algorithm>
#include <utility>

namespace godwit::journal {
namespace {

constexpr std::size_t kRowsAtOnce = 1000;

Result<std::optional<PlaceRow>> place_row(Transaction& transaction, const TargetName& target,
                                          const std::string& key) {
  GODWIT_TRY(auto value, transaction.get(task_key(target.number, key)));
  if (!value) return std::nullopt;
  return decode_place(*value);
}

Result<std::optional<TaskRow>> task_row(Transaction& transaction, const TargetName& target,
                                        const std::string& key) {
  GODWIT_TRY(const auto found, place_row(transaction, target, key));
  if (!found) return std::nullopt;
  GODWIT_TRY(auto value, transaction.get(place_key(target.number, found->place)));
  TaskRow row{.place = found->place};
  GODWIT_TRY(row.task, decode_task(value.value_or(std::string())));
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
  task.begun = task.begun || older.begun;
  if (older.write.version > task.write.version) {
    const Priority priority = std::min(task.write.priority, older.write.priority);
    task.write = older.write;
    task.write.priority = priority;
  }
}

void count_out(TargetRow& counts, Place place, Bytes bytes) {
  tasks_of(counts, place) -= 1;
  counts.bytes -= bytes;
}

Result<void> erase_row(Transaction& transaction, const TargetName& target, TargetRow& counts,
                       const std::string& key) {
  GODWIT_TRY(const auto row, place_row(transaction, target, key));
  if (!row) return {};
  count_out(counts, row->place, row->bytes);
  transaction.erase(task_key(target.number, key));
  transaction.erase(place_key(target.number, row->place));
  return {};
}

/// In the place of `before`, if that is there.
void put_row(Transaction& transaction, const TargetName& target, TargetRow& counts,
             const TaskRow& row, const std::optional<TaskRow>& before = {}) {
  if (before) count_out(counts, before->place, before->task.write.size);
  if (counts.tasks == std::array<std::uint64_t, 2>{}) {
    counts.last_since = WallTime{};
    counts.floor = WallTime::max();
  }
  if (row.task.since < counts.last_since) {
    counts.floor = std::min(counts.floor, row.task.since);
  } else {
    counts.last_since = row.task.since;
  }
  const Write& write = row.task.write;
  tasks_of(counts, row.place) += 1;
  counts.bytes += write.size;
  transaction.put(task_key(target.number, write.key),
                  encode(PlaceRow{.place = row.place, .bytes = write.size}));
  transaction.put(place_key(target.number, row.place), encode(row.task));
}

}  // namespace

Result<Admitted> admit(Transaction& transaction, const TargetName& target, const TaskRow& task,
                       Keep keep, Known known) {
  const std::string& key = task.task.write.key;
  GODWIT_TRY(TargetRow * counts, transaction.target(target.name));
  Admitted admitted{.task = task.task};
  // A look that the counts spare is worth it: most writes come while nothing, or nothing dead, is
  // there.
  const bool look = known == Known::perhaps;
  if (look && counts->tasks != std::array<std::uint64_t, 2>{}) {
    GODWIT_TRY(admitted.found, task_row(transaction, target, key));
  }
  if (admitted.found) merge(admitted.task, admitted.found->task);
  std::optional<DeadLetter> dead;
  if (look && counts->dead > 0) {
    GODWIT_TRY(dead, dead_row(transaction, target, key));
  }
  if (dead) {
    merge(admitted.task, dead->task);
    transaction.erase(dead_key(target.number, key));
    counts->dead -= 1;
    admitted.was_dead = true;
  }
  admitted.place = admitted.found ? admitted.found->place : task.place;
  if (keep == Keep::disk) {
    TaskRow row{.task = std::move(admitted.task), .place = admitted.place};
    put_row(transaction, target, *counts, row, admitted.found);
    admitted.task = std::move(row.task);
  }
  // A comparison may have no intent that would keep what it takes out of a grave, and that tells
  // after a crash that the task was perhaps under way.
  const bool finds = dead || admitted.found;
  if (finds && keep == Keep::memory && task.task.write.change == Change::compare) {
    admitted.task.begun = true;
    TaskRow row{.task = admitted.task, .place = admitted.place};
    put_row(transaction, target, *counts, row, admitted.found);
    admitted.new_row = !admitted.found;
    if (admitted.new_row) admitted.found = std::move(row);
  }
  return admitted;
}

Result<void> erase_task(Transaction& transaction, const TargetName& target,
                        const std::string& key) {
  GODWIT_TRY(TargetRow * counts, transaction.target(target.name));
  GODWIT_CHECK(erase_row(transaction, target, *counts, key));
  return {};
}

Result<void> bury(Transaction& transaction, const TargetName& target, const DeadLetter& letter) {
  const std::string& key = letter.task.write.key;
  GODWIT_TRY(TargetRow * counts, transaction.target(target.name));
  GODWIT_CHECK(erase_row(transaction, target, *counts, key));
  GODWIT_TRY(const auto before, dead_row(transaction, target, key));
  if (!before) counts->dead += 1;
  transaction.put(dead_key(target.number, key), encode(letter));
  return {};
}

Result<std::optional<TaskRow>> redrive(Transaction& transaction, const TargetName& target,
                                       const std::string& key, Sequence order) {
  GODWIT_TRY(TargetRow * counts, transaction.target(target.name));
  GODWIT_TRY(const auto letter, dead_row(transaction, target, key));
  if (!letter) return std::nullopt;
  const Priority priority = std::min(letter->task.write.priority, Priority::normal);
  TaskRow row{.task = letter->task, .place = {.priority = priority, .order = order}};
  row.task.attempts = 0;
  transaction.erase(dead_key(target.number, key));
  counts->dead -= 1;
  GODWIT_CHECK(erase_row(transaction, target, *counts, key));
  put_row(transaction, target, *counts, row);
  return row;
}

Result<std::vector<std::string>> dead_keys(Transaction& transaction, const TargetName& target,
                                           std::size_t most) {
  const std::string prefix = dead_key(target.number, "");
  kv::Range range{.first = prefix, .end = after(prefix)};
  std::vector<std::string> keys;
  while (keys.size() < most) {
    range.most = std::min(kRowsAtOnce, most - keys.size());
    GODWIT_TRY(const auto rows, transaction.scan(range));
    if (rows.empty()) break;
    for (const kv::Row& row : rows) keys.push_back(row.key.substr(prefix.size()));
    range.first = rows.back().key + '\0';
  }
  return keys;
}

Result<void> collapse(Transaction& transaction, const TargetName& target, WallTime since) {
  GODWIT_TRY(TargetRow * counts, transaction.target(target.name));
  for (const char kind : {'k', 'q'}) {
    std::string prefix = task_key(target.number, "");
    prefix.front() = kind;
    transaction.erase_range(prefix, after(prefix));
  }
  counts->tasks = {};
  counts->bytes = 0;
  return note_resync(transaction, target, since);
}

Result<void> note_resync(Transaction& transaction, const TargetName& target, WallTime since) {
  GODWIT_TRY(TargetRow * counts, transaction.target(target.name));
  counts->resync_since = std::min(counts->resync_since.value_or(since), since);
  return {};
}

Result<void> clear_resync(Transaction& transaction, const TargetName& target) {
  GODWIT_TRY(TargetRow * counts, transaction.target(target.name));
  counts->resync_since.reset();
  return {};
}

void erase_target(Transaction& transaction, const TargetName& target) {
  for (const char kind : {'k', 'q', 'd'}) {
    std::string prefix = task_key(target.number, "");
    prefix.front() = kind;
    transaction.erase_range(prefix, after(prefix));
  }
  transaction.erase_target(target.name);
}

Result<Page> read_page(Transaction& transaction, const TargetName& target, const PageRange& range) {
  GODWIT_TRY(TargetRow * counts, transaction.target(target.name));
  counts->first.at(static_cast<std::size_t>(range.priority)) = range.first;
  const auto key = [&](Sequence order) {
    return place_key(target.number, {.priority = range.priority, .order = order});
  };
  // One more, for the moment since when the one after the page waits.
  GODWIT_TRY(const auto rows,
             transaction.scan(
                 {.first = key(range.next), .end = key(~Sequence{0}), .most = range.most + 1}));
  Page page{.next = range.next};
  for (const kv::Row& row : rows) {
    GODWIT_TRY(TargetTask task, decode_task(row.value));
    if (page.tasks.size() == range.most) {
      page.next_since = task.since;
      break;
    }
    Place place{.priority = range.priority};
    GODWIT_TRY(place.order, sequence_of(row.key));
    page.next = place.order + 1;
    page.tasks.push_back({.task = std::move(task), .place = place});
  }
  Sequence& given = counts->given.at(static_cast<std::size_t>(range.priority));
  given = std::max(given, page.next);
  return page;
}

}  // namespace godwit::journal
