#include "journal/journal.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace godwit::journal {

/// What a database holds when it is opened.
struct Journal::Found {
  std::optional<Head> head;
  std::map<std::string, TargetRow> targets;
  std::map<Sequence, IntentRow> intents;
  std::vector<PayloadNote> payloads;
  std::map<std::uint32_t, std::vector<Write>> suspects;
  LostWrites::Kept lost;
};

/// A key whose payloads no target may need any more, as far as memory tells.
struct Journal::Unneeded {
  std::string key;
  std::vector<Version> versions;
  std::vector<TargetNumber> on_disk;  ///< targets whose tasks on disk are to be looked at
};

namespace {

/// Calls `each` for every row that begins so, `first` and those after it.
template <class F>
Result<void> for_each_row(kv::Database& database, const std::string& prefix,
                          const std::string& first, F each) {
  kv::Range range{.first = first, .end = after(prefix)};
  while (true) {
    GODWIT_TRY(const auto rows, database.scan(range));
    for (const kv::Row& row : rows) GODWIT_CHECK(each(row));
    if (rows.empty()) return {};
    range.first = rows.back().key + '\0';
  }
}

/// Of rows that nothing reads in a transaction.
Step put_rows(std::vector<kv::Row> rows) {
  return {[rows = std::move(rows)](Transaction& transaction) -> Result<void> {
            for (const kv::Row& row : rows) transaction.put_unread(row.key, row.value);
            return {};
          },
          {}};
}

void erase_payload(Transaction& transaction, const std::string& key, const Version& version) {
  transaction.erase_unread(payload_key(key, version));
  transaction.erase_unread(payload_note_key(key, version));
}

}  // namespace

Task<std::unique_ptr<Journal>> Journal::open(World& world, kv::Engine& engine,
                                             JournalOptions options) {
  struct Opened {
    std::unique_ptr<kv::Database> database;
    Found found;
  };
  auto work = [&engine, &options]() -> Result<Opened> {
    Opened made;
    GODWIT_TRY(made.database, engine.open(options.directory, {.memory = options.database_memory}));
    GODWIT_TRY(made.found, read(*made.database));
    return made;
  };
  auto opened = co_await run_blocking(world, std::move(work));
  if (!opened) co_return std::unexpected(std::move(opened).error());
  std::unique_ptr<Journal> journal(
      new Journal(world, std::move(options), std::move(opened->database)));
  auto recovered = co_await journal->recover(std::move(opened->found));
  if (!recovered) {
    (void)co_await journal->close();
    co_return std::unexpected(std::move(recovered).error());
  }
  co_return journal;
}

Journal::Journal(World& world, JournalOptions options, std::unique_ptr<kv::Database> database)
    : world_(world),
      options_(std::move(options)),
      database_(std::move(database)),
      committer_(world, *database_, [this](std::vector<Step>& steps) { collect(steps); }),
      opened_(world.mono_now()),
      payloads_(options_.payload_limit),
      lost_(world, committer_, *database_),
      group_(world.executor()) {
  group_.spawn(keep_time());
}

Journal::~Journal() = default;

Result<Journal::Found> Journal::read(kv::Database& database) {
  Found found;
  GODWIT_TRY(const auto head, database.get(head_key()));
  if (!head) return found;
  GODWIT_TRY(found.head, decode_head(*head));
  GODWIT_CHECK(for_each_row(database, "n", "n", [&found](const kv::Row& row) -> Result<void> {
    GODWIT_TRY(found.targets[row.key.substr(1)], decode_target(row.value));
    return {};
  }));
  const std::string first = intent_key(found.head->first);
  GODWIT_CHECK(for_each_row(database, "i", first, [&found](const kv::Row& row) -> Result<void> {
    GODWIT_TRY(const Sequence sequence, sequence_of(row.key));
    GODWIT_TRY(found.intents[sequence], decode_intent(row.value));
    return {};
  }));
  GODWIT_CHECK(for_each_row(database, "x", "x", [&found](const kv::Row& row) -> Result<void> {
    GODWIT_TRY(found.payloads.emplace_back(), decode_payload_note(row.key, row.value));
    return {};
  }));
  GODWIT_CHECK(for_each_row(database, "s", "s", [&found](const kv::Row& row) -> Result<void> {
    GODWIT_TRY(const std::uint32_t epoch, suspect_epoch(row.key));
    GODWIT_TRY(found.suspects[epoch].emplace_back(), decode_write(row.value));
    return {};
  }));
  GODWIT_TRY(found.lost, LostWrites::read(database));
  return found;
}

/// Goes on where the process before has ended.
Task<void> Journal::recover(Found found) {
  if (found.head) {
    last_ = found.head->last;
    clock_ = found.head->clock;
    numbers_ = found.head->targets;
  }
  if (!found.intents.empty()) last_ = std::max(last_, found.intents.rbegin()->first);
  if (!found.head || !found.head->quiet) known_ = last_;
  for (auto& [name, row] : found.targets) {
    make_target(name, row);
    const bool named = std::ranges::find(options_.targets, name) != options_.targets.end();
    if (!named) remove_target(name);
  }
  for (auto& [sequence, row] : found.intents) {
    clock_ = std::max(clock_, row.write.version.time);
    // There is nothing about what we do not write ourselves that would have to be found out.
    const bool written_by_us =
        row.write.change == Change::put || row.write.change == Change::remove;
    if (!written_by_us && !row.committed) row.committed = world_.wall_now();
    intents_[sequence] = {.write = row.write, .committed = row.committed, .rewritten = true};
    if (row.committed) {
      push_to_all(sequence, &TargetQueue::push_recovered);
    } else {
      ++open_[row.write.key];
      unsettled_.insert(sequence);
    }
  }
  for (const PayloadNote& note : found.payloads) {
    payloads_.recover(note.key, note.version, note.size);
  }
  payloads_.look_at_all();
  suspects_ = std::move(found.suspects);
  lost_.recover(found.lost);
  // A process that ended quietly left nothing on its way.
  if (known_ > 0) clock_at_open_ = clock_;
  for (const std::string& name : options_.targets) {
    if (targets_.contains(name)) continue;
    GODWIT_CO_CHECK(co_await add_target(name));
  }
  // The first pages are there after this, and with them the age of what waits on disk.
  co_return co_await committer_.flush();
}

Task<Sequence> Journal::begin(Write write, std::string payload) {
  const Sequence sequence = ++last_;
  clock_ = std::max(clock_, write.version.time);
  std::vector<kv::Row> rows = {{intent_key(sequence), encode_intent(write, {})}};
  if (!payload.empty() && payloads_.add(write.key, write.version, payload.size())) {
    rows.push_back(
        {payload_note_key(write.key, write.version), encode_payload_size(payload.size())});
    rows.push_back({payload_key(write.key, write.version), std::move(payload)});
  }
  ++open_[write.key];
  intents_.emplace_hint(intents_.end(), sequence, Intent{.write = std::move(write)});
  auto written = co_await committer_.durable(put_rows(std::move(rows)));
  if (written) co_return sequence;
  Error error = std::move(written).error();
  // Should a restart find it: nobody was told that it was written, and nothing was. But with what
  // it carries a failover could make it happen.
  Outcome outcome = Outcome::not_applied;
  if (has_payload(intents_.at(sequence).write) && error.outcome() != Outcome::not_applied) {
    const auto gone = co_await discard_durably(sequence);
    if (!gone) outcome = Outcome::unknown;
  } else {
    discard(sequence);
  }
  co_return fail(std::move(error).with(outcome));
}

void Journal::commit(Sequence sequence, WallTime at) {
  Intent& intent = intents_.at(sequence);
  intent.committed = at;
  unsettled_.erase(sequence);
  const auto open = open_.find(intent.write.key);
  if (--open->second == 0) open_.erase(open);
  unmarked_.emplace_back(world_.mono_now(), sequence);
  // Those of older writes are needed no more. What a comparison stands for may not have happened.
  if (intent.write.change != Change::compare) {
    lost_.written(intent.write.key);
    for (const Version& version : payloads_.versions(intent.write.key)) {
      if (version < intent.write.version) drop_payload(intent.write.key, version);
    }
  }
  push_to_all(sequence, &TargetQueue::push);
}

void Journal::commit_to_compare(Sequence sequence, WallTime at) {
  Write& write = intents_.at(sequence).write;
  write.change = Change::compare;
  write.priority = Priority::bulk;
  commit(sequence, at);
}

Task<void> Journal::compare(std::string key, Priority priority) {
  Write write{.key = std::move(key), .change = Change::compare, .priority = priority};
  GODWIT_CO_TRY(const Sequence intent, co_await begin(std::move(write)));
  commit(intent, world_.wall_now());
  co_return Result<void>();
}

Task<void> Journal::owe(std::vector<Write> writes) {
  std::vector<Sequence> intents;
  std::vector<kv::Row> rows;
  for (Write& write : writes) {
    const Sequence sequence = intents.emplace_back(++last_);
    rows.push_back({intent_key(sequence), encode_intent(write, world_.wall_now())});
    ++open_[write.key];
    intents_.emplace_hint(intents_.end(), sequence, Intent{.write = std::move(write)});
  }
  const auto written = co_await committer_.durable(put_rows(std::move(rows)));
  for (const Sequence intent : intents) {
    if (written) {
      commit(intent, world_.wall_now());
    } else {
      discard(intent);
    }
  }
  co_return written;
}

void Journal::discard(Sequence sequence) {
  const auto intent = intents_.find(sequence);
  unsettled_.erase(sequence);
  const Write& write = intent->second.write;
  const auto open = open_.find(write.key);
  if (--open->second == 0) open_.erase(open);
  drop_payload(write.key, write.version);
  payloads_.look_at(write.key);
  forget(intent);
}

Task<void> Journal::discard_durably(Sequence sequence) {
  discard(sequence);
  // What was discarded is collected with the batch of this one, at the latest.
  co_return co_await committer_.flush();
}

void Journal::leave_unsettled(Sequence sequence) { unsettled_.insert(sequence); }

std::vector<Unsettled> Journal::unsettled() const {
  std::vector<Unsettled> all;
  for (const Sequence sequence : unsettled_) {
    all.push_back({.sequence = sequence, .write = intents_.at(sequence).write});
  }
  return all;
}

bool Journal::is_unsettled(const std::string& key) const {
  return open_.contains(key) && std::ranges::any_of(unsettled_, [&](Sequence sequence) {
           return intents_.at(sequence).write.key == key;
         });
}

TargetQueue* Journal::target(const std::string& name) {
  const auto found = targets_.find(name);
  return found == targets_.end() ? nullptr : &found->second->queue;
}

std::optional<Backlog> Journal::backlog(const std::string& name) const {
  const auto found = targets_.find(name);
  if (found == targets_.end()) return std::nullopt;
  Backlog backlog = found->second->queue.backlog();
  for (const Sequence sequence : unsettled_) {
    const Write& write = intents_.at(sequence).write;
    const WallTime since = write.version.time.wall();
    backlog.tasks += 1;
    backlog.bytes += write.size;
    backlog.oldest = std::min(backlog.oldest.value_or(since), since);
  }
  return backlog;
}

Task<void> Journal::add_target(const std::string& name) {
  if (targets_.contains(name)) {
    co_return fail(Code::precondition_failed, "target '" + name + "' is known already");
  }
  const TargetRow row{.number = ++numbers_, .resync_since = world_.wall_now()};
  Step step{[name, row](Transaction& transaction) -> Result<void> {
              transaction.put_target(name, row);
              return {};
            },
            {}};
  GODWIT_CO_CHECK(co_await committer_.durable(std::move(step)));
  make_target(name, row);
  co_return Result<void>();
}

Task<void> Journal::owe_comparison(const std::string& name) {
  const auto found = targets_.find(name);
  if (found == targets_.end()) {
    co_return fail(Code::not_found, "target '" + name + "' was removed");
  }
  const WallTime now = world_.wall_now();
  const TargetName target = found->second->queue.name();
  Step step{[target, now](Transaction& transaction) -> Result<void> {
              return note_resync(transaction, target, now);
            },
            {}};
  GODWIT_CO_CHECK(co_await committer_.durable(std::move(step)));
  if (auto* queue = this->target(name)) queue->ask_for_comparison(now);
  co_return Result<void>();
}

void Journal::make_target(const std::string& name, const TargetRow& row) {
  QueueContext context{
      .world = world_,
      .committer = committer_,
      .quiet_from = opened_ + options_.late_write_window,
      .known = known_,
      .next_sequence = [this] { return ++last_; },
      .release = [this](Sequence intent) { release(intent); },
      .stands_since = [this](Sequence intent, WallTime since) { stands_since(intent, since); },
      .wake = [this, name] { wake(name); },
      .ended =
          [this](const std::string& key) {
            payloads_.look_at(key);
            if (payloads_.has_to_look()) committer_.nudge();
          },
      .compared =
          [this] {
            payloads_.look_at_all();
            committer_.nudge();
          }};
  targets_.emplace(name, std::unique_ptr<Target>(new Target{
                             .queue = TargetQueue({.name = name, .number = row.number}, row,
                                                  options_.most_in_memory, std::move(context)),
                             .ready = Signal(world_.executor()),
                             .room = Signal(world_.executor())}));
}

void Journal::remove_target(const std::string& name) {
  const auto found = targets_.find(name);
  if (found == targets_.end()) return;
  found->second->queue.remove();
  found->second->ready.notify_all();
  found->second->room.notify_all();
  removed_.push_back(std::move(found->second));
  targets_.erase(found);
  payloads_.look_at_all();
  committer_.nudge();
}

Task<TargetTask> Journal::next(const Context& context, const std::string& name) {
  while (true) {
    GODWIT_CO_CHECK(context.check());
    const auto found = targets_.find(name);
    if (found == targets_.end()) {
      co_return fail(Code::not_found, "target '" + name + "' was removed");
    }
    Target& target = *found->second;
    if (auto task = target.queue.take()) {
      target.room.notify_one();
      co_return *std::move(task);
    }
    const auto registration = context.cancel().on_cancel([&target] { target.ready.notify_all(); });
    co_await target.ready.wait();
  }
}

Task<bool> Journal::lacks(const std::string& name, const std::string& key) {
  return has(name, key, Among::tasks_and_dead_letters);
}

Task<bool> Journal::owes(const std::string& name, const std::string& key) {
  return has(name, key, Among::tasks);
}

Task<bool> Journal::has(const std::string& name, const std::string& key, Among among) {
  const auto found = targets_.find(name);
  if (found == targets_.end()) co_return true;
  const TargetQueue& queue = found->second->queue;
  if (open_.contains(key) || queue.lacks(key) || queue.must_compare()) co_return true;
  if (!queue.may_be_on_disk(key)) co_return false;
  const TargetNumber number = queue.name().number;
  auto work = [database = database_.get(), number, &key] {
    return database->get_many({task_key(number, key), dead_key(number, key)});
  };
  auto rows = co_await run_blocking(world_, std::move(work));
  if (!rows) co_return std::unexpected(std::move(rows).error());
  const bool dead = (*rows)[1].has_value();
  co_return (*rows)[0] || (dead && among == Among::tasks_and_dead_letters);
}

Task<std::vector<Write>> Journal::lacking(const std::string& name) {
  const TargetQueue* queue = target(name);
  if (queue == nullptr) co_return fail(Code::not_found, "there is no target '" + name + "'");
  const TargetNumber number = queue->name().number;
  auto work = [database = database_.get(), number]() -> Result<std::map<std::string, Write>> {
    std::map<std::string, Write> found;
    for (const char kind : {'q', 'd'}) {
      std::string prefix = task_key(number, "");
      prefix.front() = kind;
      GODWIT_CHECK(for_each_row(*database, prefix, prefix, [&](const kv::Row& row) -> Result<void> {
        Write write;
        if (kind == 'q') {
          GODWIT_TRY(TargetTask task, decode_task(row.value));
          write = std::move(task.write);
        } else {
          GODWIT_TRY(DeadLetter letter, decode_dead(row.value));
          write = std::move(letter.task.write);
        }
        std::string key = write.key;
        found.insert_or_assign(std::move(key), std::move(write));
        return {};
      }));
    }
    return found;
  };
  // What is on its way to disk is in memory until it has arrived there.
  auto found = co_await run_blocking(world_, std::move(work));
  if (!found) co_return std::unexpected(std::move(found).error());
  std::vector<Write> newest = queue->in_memory_writes();
  for (Write& write : newest) {
    Write& known = found->try_emplace(write.key, write).first->second;
    if (known.version < write.version) known = std::move(write);
  }
  std::vector<Write> all;
  for (auto& [key, write] : *found) {
    const bool lacks = write.change != Change::compare && !queue->is_in_doubt(key);
    if (lacks) all.push_back(std::move(write));
  }
  // Beside the newest that was committed, not in its place: it may turn out not to have happened.
  for (Unsettled& unsettled : this->unsettled()) all.push_back(std::move(unsettled.write));
  for (const auto& [sequence, intent] : intents_) {
    const Write& write = intent.write;
    if (write.change != Change::compare || write.version == Version{}) continue;
    all.push_back({.key = write.key, .version = write.version, .size = write.size});
  }
  co_return all;
}

Task<std::optional<std::string>> Journal::payload(const Write& write) {
  if (!has_payload(write)) co_return std::nullopt;
  auto work = [database = database_.get(), row = payload_key(write.key, write.version)] {
    return database->get(row);
  };
  co_return co_await run_blocking(world_, std::move(work));
}

Task<void> Journal::keep_suspects(std::uint32_t epoch, std::vector<Write> writes) {
  Step step{[epoch, writes = std::move(writes)](Transaction& transaction) -> Result<void> {
              for (const Write& write : writes) {
                transaction.put(suspect_key(epoch, write.key), encode(write));
              }
              return {};
            },
            {}};
  co_return co_await committer_.durable(std::move(step));
}

void Journal::drop_suspect(std::uint32_t epoch, const std::string& key) {
  committer_.later({[row = suspect_key(epoch, key)](Transaction& transaction) -> Result<void> {
                      transaction.erase(row);
                      return {};
                    },
                    {}});
}

void Journal::drop_suspects_but(std::uint32_t epoch) {
  committer_.later({[kept = suspect_key(epoch, "")](Transaction& transaction) -> Result<void> {
                      transaction.erase_range("s", kept);
                      transaction.erase_range(after(kept), after("s"));
                      return {};
                    },
                    {}});
}

std::vector<Write> Journal::take_suspects(std::uint32_t epoch) {
  std::vector<Write> taken = std::move(suspects_[epoch]);
  if (suspects_.size() > 1) drop_suspects_but(epoch);
  suspects_.clear();
  return taken;
}

Task<std::vector<DeadLetter>> Journal::dead_letters(const std::string& name,
                                                    const std::string& start_after,
                                                    std::size_t most) {
  const TargetQueue* queue = target(name);
  if (queue == nullptr) co_return fail(Code::not_found, "there is no target '" + name + "'");
  const TargetNumber number = queue->name().number;
  auto work = [database = database_.get(), number, start_after, most] {
    kv::Range range{.first = dead_key(number, start_after), .end = after(dead_key(number, ""))};
    if (!start_after.empty()) range.first += '\0';
    range.most = most;
    return database->scan(range);
  };
  auto rows = co_await run_blocking(world_, std::move(work));
  if (!rows) co_return std::unexpected(std::move(rows).error());
  std::vector<DeadLetter> letters;
  for (const kv::Row& row : *rows) {
    GODWIT_CO_TRY(letters.emplace_back(), decode_dead(row.value));
  }
  co_return letters;
}

Task<void> Journal::push_compare(const Context& context, const std::string& name, std::string key) {
  while (true) {
    GODWIT_CO_CHECK(context.check());
    const auto found = targets_.find(name);
    if (found == targets_.end()) {
      co_return fail(Code::not_found, "target '" + name + "' was removed");
    }
    Target& target = *found->second;
    if (target.queue.in_memory() < kMostCompares) {
      TargetTask task{.since = world_.wall_now()};
      task.write = {.key = std::move(key), .change = Change::compare, .priority = Priority::bulk};
      target.queue.push(std::move(task), 0);
      co_return Result<void>();
    }
    const auto registration = context.cancel().on_cancel([&target] { target.room.notify_all(); });
    co_await target.room.wait();
  }
}

Task<void> Journal::close() {
  closing_ = true;
  pause_.cancel();
  for (auto& [name, target] : targets_) {
    target->ready.notify_all();
    target->room.notify_all();
  }
  co_await group_.join();
  co_return co_await committer_.close();
}

void Journal::push_to_all(Sequence sequence, Push push) {
  const auto intent = intents_.find(sequence);
  TargetTask task{.write = intent->second.write, .since = *intent->second.committed};
  // Of no version, so that it takes the place of no write.
  if (task.write.change == Change::compare) task.write.version = Version{};
  intent->second.targets = targets_.size();
  if (targets_.empty()) {
    forget(intent);
    return;
  }
  for (auto& [name, target] : targets_) (target->queue.*push)(task, sequence);
}

void Journal::release(Sequence sequence) {
  const auto intent = intents_.find(sequence);
  assert(intent != intents_.end() && intent->second.targets > 0);
  if (--intent->second.targets == 0) forget(intent);
}

void Journal::stands_since(Sequence sequence, WallTime since) {
  WallTime& at = *intents_.at(sequence).committed;
  if (since >= at) return;
  at = since;
  unmarked_.emplace_front(MonoTime::min(), sequence);
}

void Journal::forget(std::map<Sequence, Intent>::iterator intent) {
  released_.push_back({.intent = intent->first, .rewritten = intent->second.rewritten});
  intents_.erase(intent);
  committer_.nudge();
}

void Journal::drop_payload(const std::string& key, const Version& version) {
  if (!payloads_.has(key, version)) return;
  payloads_.drop(key, version);
  dropped_.emplace_back(key, version);
  committer_.nudge();
}

void Journal::collect(std::vector<Step>& steps) {
  collect_marks(steps);
  collect_payloads(steps);
  if (!released_.empty()) {
    steps.push_back(
        {[released = std::exchange(released_, {})](Transaction& transaction) -> Result<void> {
           for (const auto& [intent, rewritten] : released) {
             if (rewritten) {
               transaction.erase_unread(intent_key(intent));
             } else {
               transaction.erase_once_unread(intent_key(intent));
             }
           }
           return {};
         },
         {}});
  }
  std::string head = encode(Head{.first = intents_.empty() ? last_ + 1 : intents_.begin()->first,
                                 .last = last_,
                                 .clock = clock_,
                                 .targets = numbers_,
                                 .quiet = closing_ && is_quiet()});
  if (head == head_written_) return;
  head_written_ = head;
  steps.push_back({[head = std::move(head)](Transaction& transaction) -> Result<void> {
                     transaction.put(head_key(), head);
                     return {};
                   },
                   {}});
}

bool Journal::is_quiet() const {
  return std::ranges::none_of(targets_,
                              [](const auto& target) { return target.second->queue.has_doubts(); });
}

/// Notes on disk which intents were committed, so that a restart need not ask the primary. Most
/// are gone before it comes to that.
void Journal::collect_marks(std::vector<Step>& steps) {
  std::vector<kv::Row> rows;
  // At the end all of them: the next process shall have nothing to ask.
  const MonoTime before = closing_ ? MonoTime::max() : world_.mono_now() - kMarkAfter;
  while (!unmarked_.empty() && unmarked_.front().first <= before) {
    const auto intent = intents_.find(unmarked_.front().second);
    if (intent != intents_.end()) {
      intent->second.rewritten = true;
      rows.push_back({intent_key(intent->first),
                      encode_intent(intent->second.write, intent->second.committed)});
    }
    unmarked_.pop_front();
  }
  if (!rows.empty()) steps.push_back(put_rows(std::move(rows)));
}

/// What the disk has of a key's payloads is erased when no target needs it.
void Journal::collect_payloads(std::vector<Step>& steps) {
  if (!dropped_.empty()) {
    steps.push_back(
        {[dropped = std::exchange(dropped_, {})](Transaction& transaction) -> Result<void> {
           for (const auto& [key, version] : dropped) erase_payload(transaction, key, version);
           return {};
         },
         {}});
  }
  struct Look {
    std::vector<Unneeded> keys;
    std::vector<bool> unneeded;
  };
  auto look = std::make_shared<Look>();
  for (std::string& key : payloads_.take_to_look(kMostLooks)) {
    if (auto found = perhaps_unneeded(std::move(key))) look->keys.push_back(*std::move(found));
  }
  if (payloads_.has_to_look()) committer_.nudge();
  if (look->keys.empty()) return;
  steps.push_back({[look](Transaction& transaction) -> Result<void> {
                     look->unneeded.clear();
                     for (const Unneeded& key : look->keys) {
                       GODWIT_TRY(const bool unneeded, erase_unneeded(transaction, key));
                       look->unneeded.push_back(unneeded);
                     }
                     return {};
                   },
                   [this, look] {
                     for (std::size_t i = 0; i < look->keys.size(); ++i) {
                       const auto& [key, versions, on_disk] = look->keys[i];
                       if (!look->unneeded[i]) continue;
                       for (const Version& version : versions) payloads_.drop(key, version);
                     }
                   }});
}

/// Nothing while a write of the key is not settled, or a target lacks it: their ends have it looked
/// at again.
std::optional<Journal::Unneeded> Journal::perhaps_unneeded(std::string key) const {
  if (open_.contains(key)) return std::nullopt;
  Unneeded unneeded{.versions = payloads_.versions(key)};
  if (unneeded.versions.empty()) return std::nullopt;
  for (const auto& [name, target] : targets_) {
    const TargetQueue& queue = target->queue;
    if (queue.must_compare() || queue.lacks(key)) return std::nullopt;
    if (queue.may_be_on_disk(key)) unneeded.on_disk.push_back(queue.name().number);
  }
  unneeded.key = std::move(key);
  return unneeded;
}

/// False when a target has a task of the key on disk.
Result<bool> Journal::erase_unneeded(Transaction& transaction, const Unneeded& unneeded) {
  for (const TargetNumber number : unneeded.on_disk) {
    GODWIT_TRY(const auto task, transaction.get(task_key(number, unneeded.key)));
    GODWIT_TRY(const auto dead, transaction.get(dead_key(number, unneeded.key)));
    if (task || dead) return false;
  }
  for (const Version& version : unneeded.versions) {
    erase_payload(transaction, unneeded.key, version);
  }
  return true;
}

/// Ends the pauses of tasks that failed.
asio::awaitable<void> Journal::keep_time() {
  while (!closing_) {
    MonoTime next = kNoDeadline;
    for (auto& [name, target] : targets_) {
      target->queue.tick(world_.mono_now());
      next = std::min(next, target->queue.next_delayed().value_or(kNoDeadline));
    }
    pause_ = CancelSource();
    const MonoTime latest = world_.mono_now() + std::chrono::hours(1);
    paused_until_ = std::min(next, latest);
    (void)co_await world_.sleep_until(paused_until_, pause_.token());
  }
}

void Journal::wake(const std::string& name) {
  const auto found = targets_.find(name);
  if (found == targets_.end()) return;
  found->second->ready.notify_one();
  const auto next = found->second->queue.next_delayed();
  if (next && *next < paused_until_) pause_.cancel();
}

}  // namespace godwit::journal
