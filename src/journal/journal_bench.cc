// The journal on RocksDB and the machine's disk, three targets or --targets:
// `journal_bench --directory DIR [--entries N] [--targets N] [--seconds S] [--drain S] [CASE]...`,
// of the cases floor, enqueue, steady and backlog; prints one line per case. A backlog is drained
// for `--drain` seconds (20) only. DIR must be empty, and is left with what was written; `reopen`,
// only when named, goes on with the backlog that is there, whose process may have been killed.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <thread>

#include "base/heaps.h"
#include "journal/journal.h"
#include "kv/rocks_engine.h"
#include "support/measure.h"
#include "world/real/real_world.h"

namespace godwit::journal {
namespace {

using Clock = std::chrono::steady_clock;
using test::cpu_seconds;
using test::Latencies;
using test::mebibytes_in;
using test::must;
using test::seconds_since;

constexpr Bytes kObject = 4096;
constexpr std::size_t kFewKeys = 10'000;
constexpr std::size_t kManyWriters = 1024;
constexpr std::size_t kConsumers = 16;  // of each target
constexpr std::size_t kBatch = 64;
constexpr std::uint64_t kNewKeys = std::uint64_t{1} << 40;  // no run gets so far
constexpr auto kStep = std::chrono::milliseconds(10);

struct Arguments {
  std::string directory;
  std::uint64_t entries = 1'000'000;
  std::size_t targets = 3;  // at most
  double seconds = 5;
  double drain = 20;  // seconds, at most
  std::set<std::string> cases;
};

/// Measures from here to `print`.
class Stretch {
 public:
  void print(const std::string& name, double count, const Latencies* latencies = nullptr) const {
    const double seconds = seconds_since(begin_);
    std::printf("%-34s %9.0f /s %7.2f s %6.2f cpu-us each %6.1f MiB resident, %.1f at most",
                name.c_str(), count / seconds, seconds, (cpu_seconds() - cpu_) / count * 1e6,
                test::resident_mib(), test::peak_resident_mib());
    if (latencies != nullptr) {
      std::printf("  p50 %.2f p99 %.2f max %.2f ms", latencies->milliseconds(0.5),
                  latencies->milliseconds(0.99), latencies->milliseconds(0.999999));
    }
    std::printf("\n");
    std::fflush(stdout);
  }

 private:
  Clock::time_point begin_ = Clock::now();
  double cpu_ = cpu_seconds();
};

/// The journal under measurement, and what its writers and consumers share.
struct Bench {
  World& world;
  kv::RocksEngine engine;
  Arguments arguments;
  JournalOptions options{.targets = {"first", "second", "third"}};
  std::unique_ptr<Journal> journal;

  std::uint64_t begun = 0;  // also the last key, where keys are distinct
  std::uint64_t until = 0;  // what `begun` may come to
  Clock::time_point end = Clock::time_point::max();
  std::size_t keys = 0;  // 0: each is new
  Latencies begins;
  std::uint64_t delivered = 0;
  CancelSource stop;
};

/// Spread evenly, as names of objects that many clients write.
std::string key_of(std::uint64_t number) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "bucket/%016llx.bin",
                static_cast<unsigned long long>(number * 0x9e3779b97f4a7c15ULL));
  return text.data();
}

Write write_of(std::uint64_t key, std::uint64_t number, Priority priority) {
  return {.key = key_of(key),
          .version = {.epoch = 1, .time = {number << HybridTime::kCounterBits}, .region = "here"},
          .priority = priority,
          .size = kObject};
}

asio::awaitable<void> write_many(Bench& bench) {
  while (bench.begun < bench.until && Clock::now() < bench.end) {
    const std::uint64_t number = ++bench.begun;
    const std::uint64_t key = bench.keys == 0 ? number : number * 7919 % bench.keys;
    Write write = write_of(key, number, Priority::normal);
    const auto before = Clock::now();
    auto intent = co_await bench.journal->begin(std::move(write));
    bench.begins.add(Clock::now() - before);
    bench.journal->commit(must(std::move(intent)), bench.world.wall_now());
  }
}

asio::awaitable<void> write_with(Bench& bench, std::size_t writers) {
  TaskGroup group(bench.world.executor());
  for (std::size_t i = 0; i < writers; ++i) group.spawn(write_many(bench));
  co_await group.join();
}

/// Lets all others have a turn, as a delivery would.
asio::awaitable<void> yield(World& world) {
  co_await asio::post(world.executor(), asio::use_awaitable);
}

asio::awaitable<void> consume(Bench& bench, std::string target) {
  const Context context = Context(bench.world).with_cancel(bench.stop.token());
  while (true) {
    auto task = co_await bench.journal->next(context, target);
    if (!task) co_return;
    co_await yield(bench.world);
    bench.journal->target(target)->done(task->write.key, task->write.version);
    ++bench.delivered;
  }
}

void spawn_consumers(Bench& bench, TaskGroup& group) {
  for (const std::string& target : bench.options.targets) {
    for (std::size_t i = 0; i < kConsumers; ++i) group.spawn(consume(bench, target));
  }
}

asio::awaitable<void> until_caught_up(Bench& bench) {
  const auto behind = [&bench](const std::string& target) {
    return !bench.journal->target(target)->backlog().caught_up();
  };
  while (std::ranges::any_of(bench.options.targets, behind)) {
    (void)co_await bench.world.sleep_until(bench.world.mono_now() + kStep, {});
  }
}

asio::awaitable<void> open(Bench& bench, const std::string& name) {
  bench.options.directory = bench.arguments.directory + "/" + name;
  auto opened = co_await Journal::open(bench.world, bench.engine, bench.options);
  bench.journal = must(std::move(opened));
  for (const std::string& name_of_target : bench.options.targets) {
    TargetQueue& target = *bench.journal->target(name_of_target);
    target.resynced(target.collapses());
  }
}

asio::awaitable<void> close(Bench& bench) {
  auto closed = co_await bench.journal->close();
  must(closed);
  bench.journal.reset();
}

/// Writers for some seconds, or for `until` writes.
void prepare(Bench& bench, std::uint64_t until, std::size_t keys) {
  bench.begins = {};
  bench.delivered = 0;
  bench.until = until;
  bench.keys = keys;
  bench.begun = 0;
  bench.end = Clock::now() +
              std::chrono::milliseconds(static_cast<std::int64_t>(bench.arguments.seconds * 1000));
  bench.stop = CancelSource();
}

/// What the database does without a journal: rows as large as an intent, a sync for each batch.
void floor(Bench& bench) {
  const auto database = must(bench.engine.open(bench.arguments.directory + "/floor", {}));
  const Stretch stretch;
  Latencies latencies;
  std::uint64_t rows = 0;
  const std::string value(80, 'v');
  const auto begin = Clock::now();
  while (seconds_since(begin) < bench.arguments.seconds) {
    kv::Batch batch;
    for (std::size_t i = 0; i < kBatch; ++i) batch.put(intent_key(++rows), value);
    const auto before = Clock::now();
    must(database->write(batch, kv::Durability::now));
    latencies.add(Clock::now() - before);
  }
  stretch.print("floor: batches of 64 rows, rows", static_cast<double>(rows), &latencies);
}

/// Nobody takes anything.
asio::awaitable<void> enqueue(Bench& bench, std::size_t writers, std::size_t keys) {
  const std::string name = "enqueue, " + std::to_string(writers) + " writers, " +
                           (keys == 0 ? "new keys" : std::to_string(keys) + " keys");
  co_await open(bench, name);
  prepare(bench, ~std::uint64_t{0}, keys);
  const Stretch stretch;
  co_await write_with(bench, writers);
  stretch.print(name, static_cast<double>(bench.begun), &bench.begins);
  co_await close(bench);
}

/// All targets are delivered to at the same time.
asio::awaitable<void> steady(Bench& bench, std::size_t writers) {
  const std::string name = "steady, " + std::to_string(writers) + " writers, new keys";
  co_await open(bench, name);
  prepare(bench, ~std::uint64_t{0}, 0);
  TaskGroup consumers(bench.world.executor());
  const Stretch stretch;
  spawn_consumers(bench, consumers);
  co_await write_with(bench, writers);
  stretch.print(name, static_cast<double>(bench.begun), &bench.begins);
  const Stretch rest;
  const std::uint64_t before = bench.delivered;
  co_await until_caught_up(bench);
  rest.print("  tasks that were left", static_cast<double>(bench.delivered - before));
  bench.stop.cancel();
  co_await consumers.join();
  co_await close(bench);
}

/// Until it comes. Older urgent ones are delivered; what else is taken before it goes back.
asio::awaitable<void> take_urgent(Bench& bench, std::uint64_t number) {
  TargetQueue& target = *bench.journal->target("first");
  while (true) {
    const auto task = target.take();
    const bool urgent = task && task->write.priority == Priority::urgent;
    if (urgent) target.done(task->write.key, task->write.version);
    if (urgent && task->write.version.time.value >> HybridTime::kCounterBits == number) co_return;
    if (task && !urgent) target.put_back(task->write.key);
    co_await yield(bench.world);
  }
}

/// A write that must not wait behind the backlog: begin, commit, take, at one target.
asio::awaitable<void> urgent(Bench& bench) {
  constexpr int kTimes = 200;
  Latencies begins;
  Latencies pops;
  const Stretch stretch;
  for (int i = 0; i < kTimes; ++i) {
    const std::uint64_t number = ++bench.begun;
    const auto before = Clock::now();
    Write write = write_of(number, number, Priority::urgent);
    auto intent = co_await bench.journal->begin(std::move(write));
    const Sequence sequence = must(std::move(intent));
    begins.add(Clock::now() - before);
    const auto begun = Clock::now();
    bench.journal->commit(sequence, bench.world.wall_now());
    co_await take_urgent(bench, number);
    pops.add(Clock::now() - begun);
  }
  stretch.print("  urgent: begin", kTimes, &begins);
  stretch.print("  urgent: commit to take", kTimes, &pops);
}

asio::awaitable<void> open_backlog(Bench& bench) {
  const Stretch opening;
  bench.options.directory = bench.arguments.directory + "/backlog";
  auto opened = co_await Journal::open(bench.world, bench.engine, bench.options);
  bench.journal = must(std::move(opened));
  const Context context(bench.world);
  auto task = co_await bench.journal->next(context, "first");
  const TargetTask taken = must(std::move(task));
  opening.print("  reopen, to the first take", 1);
  bench.journal->target("first")->put_back(taken.write.key);
}

asio::awaitable<void> reopen(Bench& bench) {
  const Stretch closing;
  co_await close(bench);
  closing.print("  close", 1);
  co_await open_backlog(bench);
}

/// What is delivered in so many seconds, or until nothing is left.
asio::awaitable<void> drain(Bench& bench) {
  TaskGroup consumers(bench.world.executor());
  const TargetQueue& first = *bench.journal->target("first");
  const Stretch draining;
  const auto begin = Clock::now();
  spawn_consumers(bench, consumers);
  while (seconds_since(begin) < bench.arguments.drain && first.backlog().tasks > 0) {
    (void)co_await bench.world.sleep_until(bench.world.mono_now() + kStep, {});
  }
  draining.print("  drain, tasks of all targets", static_cast<double>(bench.delivered));
  std::printf("  %llu tasks of the first target are left\n",
              static_cast<unsigned long long>(first.backlog().tasks));
  bench.stop.cancel();
  co_await consumers.join();
}

asio::awaitable<void> backlog(Bench& bench) {
  co_await open(bench, "backlog");
  prepare(bench, bench.arguments.entries, 0);
  bench.end = Clock::time_point::max();
  const Stretch filling;
  co_await write_with(bench, kManyWriters);
  filling.print("backlog of " + std::to_string(bench.begun), static_cast<double>(bench.begun),
                &bench.begins);
  std::printf("  %.0f MiB on disk\n", mebibytes_in(bench.options.directory));
  co_await urgent(bench);
  co_await reopen(bench);
  co_await urgent(bench);
  if (bench.arguments.drain > 0) co_await drain(bench);
  if (bench.journal->target("first")->backlog().tasks > 0) co_await reopen(bench);
  std::printf("  %.0f MiB on disk\n", mebibytes_in(bench.options.directory));
  co_await close(bench);
}

/// The backlog that a run before has left.
asio::awaitable<void> go_on(Bench& bench) {
  co_await open_backlog(bench);
  std::printf("  %llu tasks are there, %.0f MiB on disk\n",
              static_cast<unsigned long long>(bench.journal->target("first")->backlog().tasks),
              mebibytes_in(bench.options.directory));
  bench.begun = kNewKeys;
  co_await urgent(bench);
  if (bench.arguments.drain > 0) co_await drain(bench);
  co_await close(bench);
}

asio::awaitable<void> run(World& world, Arguments arguments) {
  Bench bench{.world = world, .engine = {}, .arguments = std::move(arguments)};
  bench.options.targets.resize(std::min(bench.options.targets.size(), bench.arguments.targets));
  const auto wanted = [&bench](const char* name) {
    return bench.arguments.cases.empty() || bench.arguments.cases.contains(name);
  };
  if (wanted("floor")) floor(bench);
  for (const std::size_t writers : {std::size_t{256}, kManyWriters}) {
    if (!wanted("enqueue")) continue;
    co_await enqueue(bench, writers, 0);
    co_await enqueue(bench, writers, kFewKeys);
  }
  for (const std::size_t writers : {std::size_t{256}, kManyWriters}) {
    if (wanted("steady")) co_await steady(bench, writers);
  }
  if (wanted("backlog")) co_await backlog(bench);
  if (bench.arguments.cases.contains("reopen")) co_await go_on(bench);
}

bool parse(std::vector<std::string> words, Arguments& arguments) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (!word.starts_with("--")) {
      arguments.cases.insert(word);
      continue;
    }
    if (++i == words.size()) return false;
    if (word == "--directory") arguments.directory = words[i];
    if (word == "--entries") arguments.entries = std::strtoull(words[i].c_str(), nullptr, 10);
    if (word == "--targets") arguments.targets = std::strtoull(words[i].c_str(), nullptr, 10);
    if (word == "--drain") arguments.drain = std::atof(words[i].c_str());
    if (word == "--seconds") arguments.seconds = std::atof(words[i].c_str());
  }
  return !arguments.directory.empty();
}

}  // namespace
}  // namespace godwit::journal

int main(int count, char** words) {
  godwit::journal::Arguments arguments;
  if (!godwit::journal::parse({words + 1, words + count}, arguments)) {
    std::fprintf(stderr,
                 "usage: journal_bench --directory DIR [--entries N] [--targets N] [--seconds S] "
                 "[--drain S] [floor] [enqueue] [steady] [backlog] [reopen]\n");
    return 2;
  }
  godwit::limit_heaps();  // as `godwit` does
  godwit::RealWorld world;
  world.run(godwit::journal::run(world, std::move(arguments)));
}
