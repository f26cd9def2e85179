#include "journal/committer.h"

#include <iterator>
#include <utility>

namespace godwit::journal {

/// What is written at once.
struct Committer::Cycle {
  explicit Cycle(const asio::any_io_executor& executor) : done(executor) {}

  struct Entry {
    Step step;
    bool awaited = false;
  };
  std::vector<Entry> entries;
  bool synced = false;
  bool hurried = false;  // does not linger
  bool finished = false;
  Result<void> result;
  Signal done;
};

Committer::Committer(World& world, kv::Database& database, Collect collect)
    : world_(world),
      database_(database),
      collect_(std::move(collect)),
      next_(std::make_shared<Cycle>(world.executor())),
      wake_(world.executor()),
      group_(world.executor()) {
  group_.spawn(work());
}

Committer::~Committer() = default;

Task<void> Committer::durable(Step step) {
  const std::shared_ptr<Cycle> cycle = next_;
  cycle->entries.push_back({std::move(step), true});
  cycle->synced = true;
  hurry();
  while (!cycle->finished) co_await cycle->done.wait();
  co_return cycle->result;
}

Task<void> Committer::flush() {
  Step nothing{[](Transaction&) -> Result<void> { return {}; }, {}};
  co_return co_await durable(std::move(nothing));
}

void Committer::later(Step step, kv::Durability durability) {
  add(std::move(step), durability);
  nudge();
}

void Committer::add(Step step, kv::Durability durability) {
  next_->entries.push_back({std::move(step), false});
  if (durability == kv::Durability::now) next_->synced = true;
}

void Committer::soon(Step step, kv::Durability durability) {
  add(std::move(step), durability);
  // While the database fails, only who waits for an answer asks it before its time.
  if (!failing_) hurry();
}

void Committer::hurry() {
  if (std::exchange(next_->hurried, true)) return;
  linger_.cancel();
  wake_.notify_one();
}

void Committer::nudge() {
  if (!std::exchange(nudged_, true)) wake_.notify_one();
}

Task<void> Committer::close() {
  closing_ = true;
  linger_.cancel();
  wake_.notify_one();
  co_await group_.join();
  if (failing_) co_return std::unexpected(*failing_);
  co_return Result<void>();
}

asio::awaitable<void> Committer::work() {
  while (true) {
    co_await gather();
    nudged_ = false;
    std::vector<Step> more;
    collect_(more);
    for (Step& step : more) next_->entries.push_back({std::move(step), false});
    if (next_->entries.empty()) {
      if (closing_) co_return;
      continue;
    }
    auto cycle = std::exchange(next_, std::make_shared<Cycle>(world_.executor()));
    co_await write(std::move(cycle));
    if (failing_ && closing_) co_return;
  }
}

/// Waits until there may be something to write, or there will never be any more.
asio::awaitable<void> Committer::gather() {
  while (next_->entries.empty() && !nudged_ && !closing_) co_await wake_.wait();
  if (next_->hurried || closing_) co_return;
  linger_ = CancelSource();
  (void)co_await world_.sleep_until(world_.mono_now() + (failing_ ? kPause : kLinger),
                                    linger_.token());
}

asio::awaitable<void> Committer::write(std::shared_ptr<Cycle> cycle) {
  kv::Database* database = &database_;
  const kv::Durability durability = cycle->synced ? kv::Durability::now : kv::Durability::later;
  auto work = [cycle, database, durability]() -> Result<void> {
    Transaction transaction(*database);
    for (Cycle::Entry& entry : cycle->entries) GODWIT_CHECK(entry.step.change(transaction));
    return database->write(transaction.take_batch(), durability);
  };
  cycle->result = co_await run_blocking(world_, std::move(work));
  cycle->finished = true;
  failing_.reset();
  if (cycle->result) {
    for (Cycle::Entry& entry : cycle->entries) {
      if (entry.step.then) entry.step.then();
    }
  } else {
    failing_ = cycle->result.error();
    // Who waits hears of it; the rest goes first into the next batch, in its order.
    std::erase_if(cycle->entries, [](const Cycle::Entry& entry) { return entry.awaited; });
    std::ranges::move(next_->entries, std::back_inserter(cycle->entries));
    next_->entries = std::move(cycle->entries);
    next_->synced = next_->synced || cycle->synced;
  }
  cycle->done.notify_all();
}

}  // namespace godwit::journal
