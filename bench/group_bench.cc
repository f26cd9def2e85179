// What a group adds to a store: `group_bench put PRIMARY TARGET DIR` and
// `group_bench lag PRIMARY TARGET DIR [RATE [exclusive]]`. PRIMARY and TARGET are URLs of empty
// places, DIR an empty directory.
//
// put: durable puts of 4 KiB to PRIMARY alone, then through a group that has TARGET, which gets
// them at the same time, then through one whose target is paused; the same number of writers each
// time. lag: RATE (150) puts of 64 KiB a second, and a tenth as many removals; from the
// acknowledgement of each to its arrival at TARGET, to which nobody else writes if it is exclusive.
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <semaphore>
#include <thread>
#include <unordered_map>

#include "godwit/replicated_store.h"
#include "http/client.h"
#include "kv/rocks_engine.h"
#include "store/file/file_store.h"
#include "store/layers/layers.h"
#include "store/registry.h"
#include "store/rocksdb/rocks_store.h"
#include "store/s3/s3_store.h"
#include "support/measure.h"
#include "world/real/real_world.h"
#include "world/signal.h"

namespace godwit {
namespace {

using Clock = std::chrono::steady_clock;
using test::cpu_seconds;
using test::Latencies;
using test::must;
using test::seconds_since;

constexpr int kWriters = 16;
constexpr int kPuts = 4000;
constexpr std::size_t kSmall = 4096;
constexpr std::size_t kLarge = 65536;

std::string key_of(int number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%02d/%08d", number % 64, number);
  return text.data();
}

struct Measured {
  double per_second = 0;
  double p50 = 0;
  double p99 = 0;
  double cpu = 0;
};

Measured print(const char* what, Clock::time_point begin, double cpu, const Latencies& latencies,
               const Measured* bare) {
  Measured now{.per_second = kPuts / seconds_since(begin),
               .p50 = latencies.milliseconds(0.5),
               .p99 = latencies.milliseconds(0.99),
               .cpu = (cpu_seconds() - cpu) / kPuts * 1e3};
  std::printf("%-26s %8.0f puts/s  p50 %6.2f  p99 %6.2f ms  %.3f cpu-ms each", what, now.per_second,
              now.p50, now.p99, now.cpu);
  if (bare != nullptr) {
    std::printf("   %.2f x the rate, %.2f x p50, %.2f x p99", now.per_second / bare->per_second,
                now.p50 / bare->p50, now.p99 / bare->p99);
  }
  std::printf("\n");
  std::fflush(stdout);
  return now;
}

// The store alone.

struct Bare {
  World& world;
  Store& store;
  int next = 0;
  Latencies latencies;
};

asio::awaitable<void> put_bare(Bare& bare) {
  const std::string bytes(kSmall, 'b');
  const Context context(bare.world);
  while (bare.next < kPuts) {
    const std::string key = "bare/" + key_of(bare.next++);
    ViewBody body(as_bytes(bytes));
    const Upload upload{.body = &body, .size = bytes.size()};
    const PutOptions options;
    const auto begin = Clock::now();
    must(co_await bare.store.put(context, key, upload, options));
    bare.latencies.add(Clock::now() - begin);
  }
}

asio::awaitable<void> put_all_bare(World& world, std::string url, Measured& measured) {
  auto client = http::make_client(world, {});
  kv::RocksEngine engine;
  StoreRegistry registry;
  registry.add(s3::s3_scheme(*client));
  registry.add(file::file_scheme());
  registry.add(rocks::rocksdb_scheme(engine));
  StoreSpec spec = must(parse_store_url(url, std::filesystem::current_path().string()));
  if (spec.scheme != "s3") spec.options["missing"] = "empty";
  const LayerOptions layers;
  const auto store = with_layers(must(registry.open(world, spec)), layers);
  Bare bare{.world = world, .store = *store};
  const auto begin = Clock::now();
  const double cpu = cpu_seconds();
  {
    TaskGroup group(world.executor());
    for (int i = 0; i < kWriters; ++i) group.spawn(put_bare(bare));
    co_await group.join();
  }
  measured = print("the store alone", begin, cpu, bare.latencies, nullptr);
  must(co_await store->close());
  must(co_await client->close());
}

// Through a group.

std::unique_ptr<ReplicatedStore> open_group(const std::array<std::string, 3>& places,
                                            bool exclusive = false) {
  ReplicationConfig config;
  config.name = "bench";
  config.data_dir = places[2] + "/data";
  config.primary = {.name = "primary", .url = places[0], .region = "here"};
  config.targets = {{.name = "target", .url = places[1], .region = "there", .workers = 64}};
  config.targets.front().is_exclusive = exclusive;
  return must(ReplicatedStore::open(config));
}

void wait_until_caught_up(ReplicatedStore& store) {
  while (!must(store.status()).targets.front().caught_up) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

/// Writers that put one object after the other, each from the callback of the one before.
class Chains {
 public:
  Chains(ReplicatedStore& store, std::string prefix) : store_(store), prefix_(std::move(prefix)) {}

  /// Returns when all is put.
  void run() {
    for (int i = 0; i < kWriters; ++i) put_next();
    for (int i = 0; i < kWriters; ++i) ended_.acquire();
  }
  [[nodiscard]] const Latencies& latencies() const { return latencies_; }

 private:
  void put_next() {
    const int number = next_++;
    if (number >= kPuts) {
      ended_.release();
      return;
    }
    const auto begin = Clock::now();
    must(store_.put_async(prefix_ + key_of(number), bytes_, {},
                          [this, begin](Result<Receipt> receipt) {
                            must(std::move(receipt));
                            latencies_.add(Clock::now() - begin);
                            put_next();
                          }));
  }

  ReplicatedStore& store_;
  const std::string prefix_;
  const std::string bytes_ = std::string(kSmall, 'g');
  std::atomic<int> next_ = 0;
  Latencies latencies_;  // of the engine's thread
  std::counting_semaphore<> ended_{0};
};

void put_through(ReplicatedStore& store, const char* what, const std::string& prefix,
                 const Measured& bare) {
  Chains chains(store, prefix);
  const auto begin = Clock::now();
  const double cpu = cpu_seconds();
  chains.run();
  print(what, begin, cpu, chains.latencies(), &bare);
}

void measure_puts(const std::array<std::string, 3>& places) {
  Measured bare;
  {
    RealWorld world;
    world.run(put_all_bare(world, places[0], bare));
  }
  const auto store = open_group(places);
  wait_until_caught_up(*store);
  put_through(*store, "a group, its target live", "live/", bare);
  wait_until_caught_up(*store);
  must(store->pause("target"));
  put_through(*store, "a group, its target paused", "paused/", bare);
  must(store->close(std::chrono::seconds(0)));
}

/// When writes were acknowledged, and how long each took from then.
class Arrivals {
 public:
  void acknowledged(const std::string& key) {
    const std::lock_guard lock(mutex_);
    written_[key] = Clock::now();
  }
  void arrived(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto found = written_.find(key);
    if (found == written_.end()) return;
    latencies_.add(Clock::now() - found->second);
    written_.erase(found);
    ++count_;
  }
  void print(const char* what) const {
    std::printf("%-26s %d arrived, lag p50 %.1f  p99 %.1f  max %.1f ms\n", what, count_,
                latencies_.milliseconds(0.5), latencies_.milliseconds(0.99),
                latencies_.milliseconds(0.999999));
  }

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, Clock::time_point> written_;
  Latencies latencies_;
  int count_ = 0;
};

void measure_lag(const std::array<std::string, 3>& places, double rate, bool exclusive) {
  constexpr double kSeconds = 20;
  const auto store = open_group(places, exclusive);
  wait_until_caught_up(*store);
  Arrivals puts;
  Arrivals removals;
  const auto handler = must(store->on_event([&](const Event& event) {
    if (event.type != EventType::write_replicated) return;
    (event.key.starts_with("gone/") ? removals : puts).arrived(event.key);
  }));
  const std::string bytes(kLarge, 'l');
  constexpr int kBefore = 200;
  for (int i = 0; i < kBefore; ++i) must(store->put("gone/" + key_of(i), "x"));
  wait_until_caught_up(*store);
  const auto begin = Clock::now();
  const int count = static_cast<int>(rate * kSeconds);
  for (int i = 0; i < count; ++i) {
    std::this_thread::sleep_until(begin + std::chrono::duration<double>(i / rate));
    const std::string key = "put/" + key_of(i);
    must(store->put_async(key, bytes, {}, [&puts, key](Result<Receipt> receipt) {
      must(std::move(receipt));
      puts.acknowledged(key);
    }));
    if (i % 10 != 0 || i / 10 >= kBefore) continue;
    const std::string old = "gone/" + key_of(i / 10);
    must(store->remove_async(old, {}, [&removals, old](Result<Receipt> receipt) {
      must(std::move(receipt));
      removals.acknowledged(old);
    }));
  }
  wait_until_caught_up(*store);
  store->remove_handler(handler);
  puts.print("puts of 64 KiB");
  removals.print("removals");
  must(store->close(std::chrono::seconds(0)));
}

}  // namespace
}  // namespace godwit

int main(int count, char** words) {
  const std::vector<std::string> arguments(words + 1, words + count);
  if (arguments.size() < 4) {
    std::fprintf(stderr, "usage: group_bench put|lag PRIMARY TARGET DIR [RATE [exclusive]]\n");
    return 2;
  }
  const std::array<std::string, 3> places{arguments[1], arguments[2], arguments[3]};
  if (arguments[0] == "put") godwit::measure_puts(places);
  const double rate = arguments.size() > 4 ? std::atof(arguments[4].c_str()) : 150;
  const bool exclusive = arguments.size() > 5 && arguments[5] == "exclusive";
  if (arguments[0] == "lag") godwit::measure_lag(places, rate, exclusive);
}
