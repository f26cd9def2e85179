#include "journal/target_queue.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace godwit::journal {

TargetQueue::TargetQueue(TargetName name, const TargetRow& row, std::size_t most,
                         QueueContext context)
    : name_(std::move(name)),
      most_(most),
      context_(std::move(context)),
      bytes_unloaded_(row.bytes),
      graves_(row.dead),
      resync_since_(row.resync_since) {
  for (std::size_t i = 0; i < row.tasks.size(); ++i) {
    lanes_[i].unloaded = row.tasks[i];
    lanes_[i].next = row.first[i];
    if (context_.known > 0) lanes_[i].given_before = row.given[i];
    lanes_[i].last_since = row.last_since;
    lanes_[i].floor = row.floor;
  }
  knows_keys_unloaded_ = unloaded() == 0;
  if (must_compare() && context_.known > 0) unsure_until_ = context_.quiet_from;
  if (row.dead > 0) look_for_graves();
  refill();
}

void TargetQueue::push(TargetTask task, Sequence intent) {
  if (intent != 0 && intent <= context_.known) doubt_of_before(task.write.key);
  if (task.write.change == Change::compare && intent == 0) compares_.insert(task.write.key);
  if (const auto found = entries_.find(task.write.key); found != entries_.end()) {
    coalesce(found->second, std::move(task), intent);
    return;
  }
  const bool urgent = task.write.priority == Priority::urgent;
  const bool bulk = task.write.priority == Priority::bulk;
  const bool room = entries_.size() < (urgent ? 2 * most_ : most_);
  const bool overtakes_none = urgent || bulk || (unloaded() == 0 && admissions_.empty());
  if (room && overtakes_none && is_new(task.write.key)) {
    insert(std::move(task), intent);
  } else {
    const bool in_order = unloaded() == 0 || urgent || bulk;
    admit(task, intent, bulk || (room && in_order) ? Keep::memory : Keep::disk);
  }
}

void TargetQueue::push_recovered(TargetTask task, Sequence intent) {
  if (!may_be_on_disk(task.write.key)) {
    push(std::move(task), intent);
    return;
  }
  if (intent <= context_.known) doubt_of_before(task.write.key);
  admit(task, intent, Keep::memory);
}

std::optional<TargetTask> TargetQueue::take() {
  for (Lane& lane : lanes_) {
    while (!lane.ready.empty()) {
      const auto [order, key] = std::move(lane.ready.front());
      lane.ready.pop_front();
      const auto found = entries_.find(key);
      if (found == entries_.end()) continue;
      Entry& entry = found->second;
      if (entry.state != State::ready || entry.order != order) continue;
      entry.state = State::taken;
      refill();
      return entry.task;
    }
  }
  return std::nullopt;
}

std::optional<MonoTime> TargetQueue::next_delayed() const {
  std::optional<MonoTime> next;
  if (!delayed_.empty()) next = delayed_.begin()->first;
  if (!doubts_end_.empty())
    next = std::min(next.value_or(MonoTime::max()), doubts_end_.begin()->first);
  return next;
}

void TargetQueue::tick(MonoTime now) {
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    const auto found = entries_.find(delayed_.begin()->second);
    if (found != entries_.end() && found->second.state == State::delayed) enqueue(found->second);
    delayed_.erase(delayed_.begin());
  }
  while (!doubts_end_.empty() && doubts_end_.begin()->first <= now) {
    const std::string key = std::move(doubts_end_.begin()->second);
    doubts_end_.erase(doubts_end_.begin());
    if (const auto doubt = doubts_.find(key); doubt != doubts_.end() && doubt->second <= now) {
      doubts_.erase(doubt);
    }
    const auto found = entries_.find(key);
    if (found == entries_.end() || found->second.state != State::in_doubt) continue;
    if (doubted_until(key) <= now) deliver_again(found->second);
  }
}

void TargetQueue::doubt(const std::string& key, MonoTime until) {
  MonoTime& known = doubts_.try_emplace(key, MonoTime::min()).first->second;
  if (until <= known) return;
  known = until;
  doubts_end_.emplace(until, key);
  context_.wake();
}

/// A process before may have had a write of it under way.
void TargetQueue::doubt_of_before(const std::string& key) {
  if (context_.quiet_from > context_.world.mono_now()) doubt(key, context_.quiet_from);
}

bool TargetQueue::is_doubted(const std::string& key) const {
  return doubted_until(key) > context_.world.mono_now();
}

MonoTime TargetQueue::doubted_until(const std::string& key) const {
  const auto doubt = doubts_.find(key);
  return doubt == doubts_.end() ? MonoTime::min() : doubt->second;
}

std::vector<Doubt> TargetQueue::doubts() const {
  std::vector<Doubt> doubts;
  for (const auto& [key, entry] : entries_) {
    const MonoTime until = doubted_until(key);
    if (entry.state != State::in_doubt && until <= context_.world.mono_now()) continue;
    doubts.push_back({.write = entry.task.write, .until = until});
  }
  return doubts;
}

void TargetQueue::done(const std::string& key, const Version& version) {
  Entry* entry = taken(key);
  if (entry == nullptr) return;
  const auto newer = std::exchange(entry->newer_since, std::nullopt);
  const auto compare = std::exchange(entry->compare_since, std::nullopt);
  const bool newest = !newer || version >= entry->task.write.version;
  if (!compare) compares_.erase(key);
  if (newest && !compare) {
    const MonoTime until = doubted_until(key);
    if (until > context_.world.mono_now()) {
      keep_in_doubt(*entry, until);
    } else {
      finish(key, *entry);
    }
    refill();
    return;
  }
  if (newest) entry->task.write.change = Change::compare;
  set_since(*entry, newest ? *compare : *newer);
  entry->task.attempts = 0;
  enqueue(*entry);
}

void TargetQueue::finish(const std::string& key, Entry& entry) {
  if (entry.stored) {
    context_.committer.later({[name = &name_, key](Transaction& transaction) {
                                return erase_task(transaction, *name, key);
                              },
                              {}});
  }
  release(entry);
  erase(key);
  context_.ended(key);
}

/// It needs its intents no more.
void TargetQueue::release(Entry& entry) {
  if (const Sequence intent = std::exchange(entry.intent, 0); intent != 0) context_.release(intent);
  for (const Sequence intent : std::exchange(entry.asked, {})) context_.release(intent);
}

/// It keeps what makes it durable, but the target does not lack it now.
void TargetQueue::keep_in_doubt(Entry& entry, MonoTime until) {
  entry.state = State::in_doubt;
  entry.task.attempts = 0;
  since_.erase(since_.find(entry.task.since));
  ++in_doubt_;
  doubts_end_.emplace(until, entry.task.write.key);
  context_.wake();
}

void TargetQueue::deliver_again(Entry& entry) {
  context_.world.mark("what was in doubt is delivered again");
  --in_doubt_;
  entry.task.again = true;
  entry.task.since = context_.world.wall_now();
  since_.insert(entry.task.since);
  enqueue(entry);
}

void TargetQueue::retry(const std::string& key, MonoTime not_before) {
  if (Entry* entry = taken(key)) entry->task.attempts += 1;
  postpone(key, not_before);
}

void TargetQueue::postpone(const std::string& key, MonoTime not_before) {
  Entry* entry = taken(key);
  if (entry == nullptr) return;
  forget_what_came(*entry);  // the older one is lacking too
  entry->state = State::delayed;
  delayed_.emplace(not_before, key);
  context_.wake();
}

void TargetQueue::put_back(const std::string& key) {
  Entry* entry = taken(key);
  if (entry == nullptr) return;
  forget_what_came(*entry);
  entry->state = State::ready;
  entry->order = context_.next_sequence();
  lane(entry->task.write.priority).ready.emplace_front(entry->order, key);
  context_.wake();
}

void TargetQueue::bury(const std::string& key, const Error& error, WallTime now) {
  Entry* entry = taken(key);
  if (entry == nullptr) return;
  if (entry->newer_since || entry->compare_since) {
    // What came meanwhile has its own chance.
    forget_what_came(*entry);
    entry->task.attempts = 0;
    enqueue(*entry);
    return;
  }
  entry->state = State::burying;
  DeadLetter letter{
      .task = entry->task, .code = error.code(), .message = error.message(), .buried = now};
  context_.committer.later({[name = name_, letter](Transaction& transaction) {
                              return journal::bury(transaction, name, letter);
                            },
                            [this, key] { buried(key); }});
}

/// The next attempt is for that too.
void TargetQueue::forget_what_came(Entry& entry) {
  entry.newer_since.reset();
  entry.compare_since.reset();
}

void TargetQueue::buried(const std::string& key) {
  graves_.add(key);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  Entry entry = found->second;
  erase(key);
  if (!entry.newer_since && !entry.compare_since) {
    release(entry);
    return;
  }
  // Written again meanwhile: out of the grave, by the way of any write that comes now.
  entry.task.attempts = 0;
  admit(entry.task, entry.intent, Keep::memory);
  TargetTask compare{.since = entry.compare_since.value_or(WallTime{})};
  compare.write = {.key = key, .change = Change::compare, .priority = Priority::bulk};
  for (const Sequence intent : entry.asked) admit(compare, intent, Keep::memory);
}

void TargetQueue::redrive(const std::string& key) {
  auto row = std::make_shared<std::optional<TaskRow>>();
  Step step;
  step.change = [name = name_, key, row,
                 order = context_.next_sequence()](Transaction& transaction) -> Result<void> {
    GODWIT_TRY(*row, journal::redrive(transaction, name, key, order));
    return {};
  };
  step.then = [this, row, collapses = collapses_] {
    if (!*row) return;
    graves_.remove((*row)->task.write.key);
    if (collapses != collapses_) return;  // the row has gone with all others
    count_on_disk(**row);
    refill();
  };
  context_.committer.later(std::move(step));
}

void TargetQueue::ask_for_comparison(WallTime now) {
  resync_since_ = std::min(resync_since_.value_or(now), now);
}

void TargetQueue::collapse() {
  context_.world.mark("a backlog collapses");
  const WallTime since = backlog().oldest.value_or(context_.world.wall_now());
  if (unloaded() > 0) unsure_until_ = std::max(unsure_until_, context_.quiet_from);
  std::vector<Sequence> intents;
  for (auto each = entries_.begin(); each != entries_.end();) {
    Entry& entry = each->second;
    entry.stored.reset();
    // What stays in memory only is forgotten by a crash, but that the target must be compared.
    unsure_until_ = std::max(unsure_until_, doubted_until(each->first));
    if (entry.state == State::taken || entry.state == State::burying ||
        entry.state == State::in_doubt) {
      ++each;
      continue;
    }
    if (entry.intent != 0) intents.push_back(entry.intent);
    intents.insert(intents.end(), entry.asked.begin(), entry.asked.end());
    since_.erase(since_.find(entry.task.since));
    bytes_in_memory_ -= entry.task.write.size;
    each = entries_.erase(each);
  }
  delayed_.clear();
  compares_.clear();
  lanes_ = {};
  for (Lane& lane : lanes_) lane.next = context_.next_sequence();
  bytes_unloaded_ = 0;
  resync_since_ = std::min(resync_since_.value_or(since), since);
  ++collapses_;
  context_.committer.later({[name = name_, since](Transaction& transaction) {
                              return journal::collapse(transaction, name, since);
                            },
                            [this, intents = std::move(intents)] {
                              for (const Sequence intent : intents) context_.release(intent);
                            }});
}

void TargetQueue::resynced(std::uint64_t collapses) {
  if (collapses != collapses_) return;
  resync_since_.reset();
  context_.committer.later(
      {[name = name_](Transaction& transaction) { return clear_resync(transaction, name); }, {}});
  context_.compared();
}

void TargetQueue::remove() {
  for (auto& [key, entry] : entries_) {
    if (entry.state == State::in_doubt) deliver_again(entry);
  }
  collapse();
  context_.committer.later({[name = name_](Transaction& transaction) -> Result<void> {
                              erase_target(transaction, name);
                              return {};
                            },
                            {}});
}

Backlog TargetQueue::backlog() const {
  Backlog backlog{.bytes = bytes_in_memory_ + bytes_unloaded_,
                  .dead = graves_.count(),
                  .in_doubt = in_doubt_,
                  .oldest = resync_since_,
                  .resync = resync_since_.has_value()};
  backlog.tasks = entries_.size() - in_doubt_ + unloaded();
  for (const auto& [key, admission] : admissions_) backlog.tasks += entries_.contains(key) ? 0 : 1;
  const auto older = [&backlog](WallTime since) {
    backlog.oldest = std::min(backlog.oldest.value_or(since), since);
  };
  if (!since_.empty()) older(*since_.begin());
  for (const Lane& lane : lanes_) {
    if (lane.unloaded == 0) continue;
    if (lane.since) older(*lane.since);
    if (lane.floor != WallTime::max()) older(lane.floor);
  }
  return backlog;
}

bool TargetQueue::lacks(const std::string& key) const {
  return entries_.contains(key) || admissions_.contains(key);
}

bool TargetQueue::has_all_before(const Write& write) const {
  const std::string& key = write.key;
  if (must_compare() || may_be_on_disk(key) || is_doubted(key)) return false;
  if (admissions_.contains(key)) return false;
  const auto found = entries_.find(key);
  if (found == entries_.end()) return true;
  // What it lacks was acknowledged after that write began, and so is not what came before it.
  const WallTime latest_begin = write.version.time.wall() + std::chrono::milliseconds(1);
  return found->second.task.since >= latest_begin;
}

Version TargetQueue::newest_of_taken(const std::string& key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? Version{} : found->second.task.write.version;
}

bool TargetQueue::is_in_doubt(const std::string& key) const {
  const auto found = entries_.find(key);
  return found != entries_.end() && found->second.state == State::in_doubt;
}

std::vector<Write> TargetQueue::in_memory_writes() const {
  std::vector<Write> writes;
  for (const auto& [key, entry] : entries_) writes.push_back(entry.task.write);
  for (const auto& [key, admission] : admissions_) writes.push_back(admission.newest->write);
  return writes;
}

bool TargetQueue::may_be_on_disk(const std::string& key) const {
  return may_be_unloaded(key) || graves_.may_have(key);
}

bool TargetQueue::may_be_unloaded(const std::string& key) const {
  return unloaded() > 0 && (!knows_keys_unloaded_ || keys_unloaded_.may_have(key));
}

/// Nobody but the one who asks knows of a write of the key that the target lacks: what was on disk
/// of it is gone, or is going to be erased before anything else happens there.
bool TargetQueue::is_new(const std::string& key) const {
  return !may_be_on_disk(key) && !admissions_.contains(key);
}

/// The first of all steps, so that it sees what was there before them.
void TargetQueue::look_for_graves() {
  auto keys = std::make_shared<std::vector<std::string>>();
  context_.committer.soon({[name = name_, keys](Transaction& transaction) -> Result<void> {
                             GODWIT_TRY(*keys, dead_keys(transaction, name, Graves::kMost + 1));
                             return {};
                           },
                           [this, keys] { graves_.found(*keys); }});
}

/// A newer write takes the place of the older one.
void TargetQueue::coalesce(Entry& entry, TargetTask task, Sequence intent) {
  if (entry.state == State::in_doubt) deliver_again(entry);
  Write& write = entry.task.write;
  if (task.write.version <= write.version) {
    // Of a write that came here without its intent, this may be the intent.
    const bool adopt = entry.intent == 0 && task.write.version == write.version;
    if (adopt) entry.intent = intent;
    const bool asked = !adopt && task.write.change == Change::compare;
    if (asked && intent != 0) entry.asked.push_back(intent);
    if (!adopt && !asked && intent != 0) context_.release(intent);
    const bool under_way = entry.state == State::taken || entry.state == State::burying;
    if (task.write.change != Change::compare) {
      set_since(entry, std::min(entry.task.since, task.since));
    } else if (under_way) {
      entry.compare_since = std::min(entry.compare_since.value_or(task.since), task.since);
    }
    return;
  }
  bytes_in_memory_ += task.write.size - write.size;
  const Priority before = write.priority;
  write = std::move(task.write);
  entry.task.again = false;
  write.priority = std::min(before, write.priority);
  if (intent != 0) context_.stands_since(intent, entry.task.since);
  release(entry);
  entry.intent = intent;
  if (entry.state == State::taken || entry.state == State::burying) {
    entry.newer_since = std::min(entry.newer_since.value_or(task.since), task.since);
  } else {
    set_since(entry, std::min(entry.task.since, task.since));
    if (entry.state == State::ready && write.priority < before) enqueue(entry);
  }
}

TargetQueue::Entry& TargetQueue::insert(TargetTask task, Sequence intent) {
  const std::string key = task.write.key;
  since_.insert(since_.end(), task.since);
  bytes_in_memory_ += task.write.size;
  Entry& entry = entries_[key];
  entry = {.task = std::move(task), .intent = intent};
  // A write on its way to disk cannot be overtaken by the older one that has come back from there.
  if (const auto pending = admissions_.find(key); pending != admissions_.end()) {
    coalesce(entry, *pending->second.newest, 0);
  }
  enqueue(entry);
  return entry;
}

void TargetQueue::enqueue(Entry& entry) {
  entry.state = State::ready;
  entry.order = context_.next_sequence();
  lane(entry.task.write.priority).ready.emplace_back(entry.order, entry.task.write.key);
  context_.wake();
}

void TargetQueue::set_since(Entry& entry, WallTime since) {
  since_.erase(since_.find(entry.task.since));
  since_.insert(since);
  entry.task.since = since;
}

void TargetQueue::erase(const std::string& key) {
  const auto found = entries_.find(key);
  since_.erase(since_.find(found->second.task.since));
  bytes_in_memory_ -= found->second.task.write.size;
  compares_.erase(key);
  const bool loading = std::ranges::any_of(lanes_, &Lane::loading);
  if (loading && found->second.stored) erased_.insert(found->second.stored->order);
  if (const auto pending = admissions_.find(key); pending != admissions_.end()) {
    pending->second.gone = found->second.stored;
  }
  entries_.erase(found);
}

/// Asks the disk what there is of the key, and merges.
void TargetQueue::admit(TargetTask task, Sequence intent, Keep keep) {
  since_.insert(since_.end(), task.since);
  auto work = std::make_shared<Admitting>();
  work->target = &name_;
  work->known = is_new(task.write.key) ? Known::no : Known::perhaps;
  work->intent = intent;
  work->collapses = collapses_;
  work->row.place = {.priority = std::min(task.write.priority, Priority::normal),
                     .order = context_.next_sequence()};
  work->row.task = std::move(task);
  const Write& write = work->row.task.write;
  Admission& pending = admissions_[write.key];
  // One that is there already keeps an intent for as long as it may be under way; a row would not.
  if (pending.to_memory) keep = Keep::memory;
  pending.to_memory = keep == Keep::memory;
  work->keep = keep;
  work->row.task.begun = keep == Keep::disk && is_doubted(write.key);
  if (pending.count++ == 0 || write.version > pending.newest->write.version) {
    pending.newest = {work, &work->row.task};
  }
  Step step;
  step.change = [work](Transaction& transaction) -> Result<void> {
    GODWIT_TRY(work->result,
               journal::admit(transaction, *work->target, work->row, work->keep, work->known));
    return {};
  };
  step.then = [this, work] {
    since_.erase(since_.find(work->row.task.since));
    const auto admission = admissions_.find(work->row.task.write.key);
    const std::optional<Place> gone = admission->second.gone;
    if (--admission->second.count == 0) admissions_.erase(admission);
    if (work->result.was_dead) graves_.remove(work->row.task.write.key);
    admitted(*work, gone);
    refill();
  };
  // What is kept in memory becomes ready by this.
  if (keep == Keep::memory) {
    const bool notes = write.change == Change::compare;
    context_.committer.soon(std::move(step), notes ? kv::Durability::now : kv::Durability::later);
  } else {
    context_.committer.later(std::move(step));
  }
}

/// `gone`: of a row that a delivery meanwhile has settled, with all writes that were on their way.
void TargetQueue::admitted(Admitting& work, const std::optional<Place>& gone) {
  std::optional<TaskRow>& found = work.result.found;
  const bool row_gone = work.collapses != collapses_ || (found && found->place == gone);
  if (row_gone) found.reset();
  if (work.keep == Keep::memory) {
    admitted_to_memory(std::move(work.result), work.intent);
    return;
  }
  if (!row_gone) admitted_to_disk(work.result);
  if (work.intent != 0) context_.release(work.intent);
}

void TargetQueue::admitted_to_disk(const Admitted& result) {
  if (!result.found) {
    count_on_disk({.task = result.task, .place = result.place});
  } else if (!entries_.contains(result.task.write.key)) {
    bytes_unloaded_ += result.task.write.size - result.found->task.write.size;
  }
}

void TargetQueue::admitted_to_memory(Admitted result, Sequence intent) {
  const std::string key = result.task.write.key;
  if (intent != 0) context_.stands_since(intent, result.task.since);
  if (result.found && result.new_row) count_on_disk(*result.found);
  const auto known = entries_.find(key);
  if (known != entries_.end()) coalesce(known->second, std::move(result.task), intent);
  Entry& entry = known != entries_.end() ? known->second : insert(std::move(result.task), intent);
  if (result.found) count_loaded(entry, *result.found);
}

/// A new row on disk.
void TargetQueue::count_on_disk(const TaskRow& row) {
  const auto entry = entries_.find(row.task.write.key);
  if (entry != entries_.end()) {
    entry->second.stored = row.place;
    return;
  }
  if (unloaded() == 0) {
    keys_unloaded_.clear();
    knows_keys_unloaded_ = true;
  }
  keys_unloaded_.add(row.task.write.key);
  Lane& where = lane(row.place.priority);
  const WallTime since = row.task.since;
  if (where.unloaded++ == 0) {
    where.since = since;
    where.last_since = since;
    where.floor = WallTime::max();
  } else if (since < where.last_since) {
    where.floor = std::min(where.floor, since);
  } else {
    where.last_since = since;
  }
  bytes_unloaded_ += row.task.write.size;
}

/// A row on disk has its entry in memory, if it did not have it before.
void TargetQueue::count_loaded(Entry& entry, const TaskRow& row) {
  if (entry.stored) return;
  entry.stored = row.place;
  Lane& where = lane(row.place.priority);
  const bool begun = row.task.begun && context_.known > 0;
  if (begun || row.place.order < where.given_before) doubt_of_before(row.task.write.key);
  where.unloaded -= 1;
  bytes_unloaded_ -= std::min(bytes_unloaded_, row.task.write.size);
  if (unloaded() == 0) bytes_unloaded_ = 0;
}

void TargetQueue::refill() {
  refill(Priority::urgent);
  refill(Priority::normal);
}

/// Brings the next page of tasks into memory when there are few.
void TargetQueue::refill(Priority priority) {
  Lane& where = lane(priority);
  if (where.unloaded == 0 || where.loading || where.ready.size() >= kPage / 2) return;
  const std::size_t most = most_loaded();
  if (entries_.size() >= most) return;
  where.loading = true;
  auto page = std::make_shared<Page>();
  const PageRange range{.priority = priority,
                        .first = first_on_disk(priority),
                        .next = where.next,
                        .most = std::min(kPage, most - entries_.size())};
  Step step{[name = &name_, range, page](Transaction& transaction) -> Result<void> {
              GODWIT_TRY(*page, read_page(transaction, *name, range));
              return {};
            },
            [this, priority, page, collapses = collapses_] {
              if (collapses == collapses_) loaded(priority, *page);
            }};
  // Deliverers may be idle until it is there. But what a page did not show will take a while.
  if (where.fruitless) {
    context_.committer.later(std::move(step), kv::Durability::now);
  } else {
    context_.committer.soon(std::move(step), kv::Durability::now);
  }
}

/// What only waits for the end of a doubt holds up nobody: after a crash that may be all that was
/// in memory, by its intents or from disk.
std::size_t TargetQueue::most_loaded() const { return most_ + std::min(in_doubt_, 2 * most_); }

/// No task on disk of the priority is at a place before it.
Sequence TargetQueue::first_on_disk(Priority priority) {
  Sequence first = lane(priority).next;
  for (const auto& [key, entry] : entries_) {
    if (entry.stored && entry.stored->priority == priority) {
      first = std::min(first, entry.stored->order);
    }
  }
  return first;
}

void TargetQueue::loaded(Priority priority, const Page& page) {
  Lane& where = lane(priority);
  where.loading = false;
  where.fruitless = page.tasks.empty();
  where.next = std::max(where.next, page.next);
  for (const TaskRow& row : page.tasks) {
    // By place: the key may have come back to disk at another one meanwhile.
    if (erased_.contains(row.place.order)) continue;
    const auto known = entries_.find(row.task.write.key);
    Entry& entry = known != entries_.end() ? known->second : insert(row.task, 0);
    count_loaded(entry, row);
    where.since = row.task.since;
  }
  if (page.next_since) where.since = page.next_since;
  if (std::ranges::none_of(lanes_, &Lane::loading)) erased_.clear();
  refill(priority);
}

std::uint64_t TargetQueue::unloaded() const {
  std::uint64_t sum = 0;
  for (const Lane& lane : lanes_) sum += lane.unloaded;
  return sum;
}

TargetQueue::Entry* TargetQueue::taken(const std::string& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return nullptr;  // the target was removed meanwhile
  assert(found->second.state == State::taken);
  return &found->second;
}

}  // namespace godwit::journal
