// What trouble costs a group. PRIMARY and TARGET are URLs of empty places, DIR an empty directory.
//
// `trouble_bench outage PRIMARY TARGET DIR [MINUTES [RATE]]`: TARGET (an S3 service on this
// machine, by way of a relay) is gone for MINUTES (10) under RATE (100) puts of 16 KiB a second,
// one in ten of which overwrites another: what the primary's puts took before and during it, when
// the catch-up began after its return, and how much it moved. `trouble_bench poison DIR [OBJECTS
// [ROUNDS]]`: OBJECTS (20,000) of 4 KiB from a database to a directory, which refuses 1 % of them
// for good, beside as many of which it refuses none; medians. `trouble_bench failover PRIMARY DIR
// [ROUNDS]`: PRIMARY (as TARGET above, an existing bucket; each round has a folder of its own) is
// killed, or hangs; to the first write that is acknowledged again.
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <semaphore>
#include <thread>

#include "base/bytes.h"
#include "godwit/replicated_store.h"
#include "support/measure.h"
#include "support/relay.h"

namespace godwit {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using test::Latencies;
using test::must;
using test::seconds_since;

constexpr int kWriters = 16;
constexpr auto kLook = 10ms;

/// The way to an S3 service on this machine, which may be closed, or lose all that is sent.
class Way {
 public:
  /// Of "s3://BUCKET?endpoint=http://127.0.0.1:PORT...".
  explicit Way(const std::string& url) {
    const std::string local = "127.0.0.1:";
    const std::size_t at = url.find(local);
    if (at == std::string::npos) must<int>(fail(Code::invalid_argument, url + " is not local"));
    const std::size_t port = at + local.size();
    const std::size_t end = url.find_first_not_of("0123456789", port);
    options_.to_address = INADDR_LOOPBACK;
    options_.to_port = static_cast<std::uint16_t>(std::stoul(url.substr(port)));
    open();
    url_ = url.substr(0, port) + std::to_string(options_.listen_port) +
           (end == std::string::npos ? "" : url.substr(end));
  }
  Way(Way&&) = delete;
  ~Way() { close(); }

  [[nodiscard]] const std::string& url() const { return url_; }
  void open() {
    relay_ = std::make_unique<testkit::Relay>(options_);
    options_.listen_port = relay_->port();
    loop_ = std::thread([this] { relay_->run(); });
  }
  /// From now on connections are refused, and those that were there are gone.
  void close() {
    if (!relay_) return;
    relay_->stop();
    loop_.join();
    relay_.reset();
  }
  /// From now on nobody answers.
  void silence() { relay_->partition(); }

 private:
  testkit::RelayOptions options_;
  std::string url_;
  std::unique_ptr<testkit::Relay> relay_;
  std::thread loop_;
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.at(values.size() / 2);
}

TargetStatus target_of(ReplicatedStore& store) { return must(store.status()).targets.front(); }

template <class F>
void wait_until(F holds) {
  while (!holds()) std::this_thread::sleep_for(kLook);
}

/// Durable puts, so many at once.
class Window {
 public:
  explicit Window(ReplicatedStore& store) : store_(store) {}
  Window(Window&&) = delete;
  ~Window() { drain(); }

  void put(const std::string& key, const std::string& bytes) {
    free_.acquire();
    const auto begin = Clock::now();
    must(store_.put_async(key, bytes, {}, [this, begin](Result<Receipt> receipt) {
      must(std::move(receipt));
      const std::lock_guard lock(mutex_);
      latencies_.add(Clock::now() - begin);
      free_.release();
    }));
  }
  void drain() {
    for (int i = 0; i < kWriters; ++i) free_.acquire();
    free_.release(kWriters);
  }
  /// Of all puts since it was asked last.
  [[nodiscard]] Latencies take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(latencies_, {});
  }

 private:
  ReplicatedStore& store_;
  std::counting_semaphore<> free_{kWriters};
  std::mutex mutex_;
  Latencies latencies_;
};

// A target that is gone for a while.

constexpr std::size_t kObject = 16 * kKiB;

/// So many puts a second for a while. One in ten overwrites the one before. Returns how many keys
/// were written.
int load(Window& window, const std::string& prefix, double rate,
         std::chrono::duration<double> time) {
  const std::string bytes(kObject, 'o');
  const auto begin = Clock::now();
  int keys = 0;
  for (int i = 0; std::chrono::duration<double>(i / rate) < time; ++i) {
    std::this_thread::sleep_until(begin + std::chrono::duration<double>(i / rate));
    if (i % 10 != 9) ++keys;
    window.put(prefix + std::to_string(keys), bytes);
  }
  window.drain();
  return keys;
}

void print(const char* what, const Latencies& latencies, const Latencies* before) {
  const double p99 = latencies.milliseconds(0.99);
  std::printf("%-26s p50 %6.2f  p99 %6.2f ms", what, latencies.milliseconds(0.5), p99);
  if (before != nullptr) std::printf("   %.2f x p99", p99 / before->milliseconds(0.99));
  std::printf("\n");
  std::fflush(stdout);
}

void measure_outage(const std::vector<std::string>& words) {
  const double minutes = words.size() > 3 ? std::stod(words[3]) : 10;
  const double rate = words.size() > 4 ? std::stod(words[4]) : 100;
  const std::chrono::duration<double> outage(minutes * 60);
  Way way(words.at(1));
  ReplicationConfig config;
  config.name = "bench";
  config.data_dir = words.at(2) + "/data";
  config.primary = {.name = "primary", .url = words.at(0), .region = "here"};
  config.targets = {{.name = "target", .url = way.url(), .region = "there"}};
  const auto store = must(ReplicatedStore::open(config));
  wait_until([&] { return target_of(*store).caught_up; });
  std::atomic<Clock::rep> first_arrival = 0;
  const auto handler = must(store->on_event([&](const Event& event) {
    if (event.type != EventType::write_replicated) return;
    Clock::rep none = 0;
    first_arrival.compare_exchange_strong(none, Clock::now().time_since_epoch().count());
  }));

  Window window(*store);
  (void)load(window, "warm/", rate, std::min(outage, std::chrono::duration<double>(10)));
  (void)window.take();
  (void)load(window, "before/", rate, std::min(outage, std::chrono::duration<double>(120)));
  const Latencies before = window.take();
  print("the target is there", before, nullptr);
  wait_until([&] { return target_of(*store).caught_up; });

  way.close();
  const int keys = load(window, "during/", rate, outage);
  print("the target is gone", window.take(), &before);
  const TargetStatus gone = target_of(*store);
  const Bytes moved_before = must(store->metrics()).bytes_replicated;
  first_arrival = 0;
  const auto back = Clock::now();
  way.open();
  wait_until([&] { return first_arrival != 0; });
  const auto arrived = Clock::time_point(Clock::duration(first_arrival.load()));
  wait_until([&] { return target_of(*store).caught_up; });
  const double caught_up = seconds_since(back);
  const Bytes moved = must(store->metrics()).bytes_replicated - moved_before;
  const Bytes changed = static_cast<Bytes>(keys) * kObject;
  std::printf(
      "%llu tasks waited; the first arrived %.2f s after the return, the last after %.2f s\n",
      static_cast<unsigned long long>(gone.tasks),
      std::chrono::duration<double>(arrived - back).count(), caught_up);
  std::printf("moved %.1f MiB of %.1f that had changed: %.4f x\n",
              static_cast<double>(moved) / kMiB, static_cast<double>(changed) / kMiB,
              static_cast<double>(moved) / static_cast<double>(changed));
  store->remove_handler(handler);
  must(store->close(0s));
}

// Objects that a target refuses for good.

/// Objects a second, from the first put until the target has, or refuses, all of them.
double replicate(const std::string& place, int objects, int refused_in_100) {
  std::filesystem::create_directories(place);
  ReplicationConfig config;
  config.name = "bench";
  config.data_dir = place + "/data";
  config.primary = {.name = "primary", .url = "rocksdb://" + place + "/p", .region = "here"};
  config.targets = {{.name = "target", .url = "file://" + place + "/t", .region = "there"}};
  const auto store = must(ReplicatedStore::open(config));
  wait_until([&] { return target_of(*store).caught_up; });
  const std::string bytes(4096, 'p');
  // No directory has a name of 300 bytes; a database has.
  const std::string refused(300, 'n');
  std::string taken(300, 'n');
  taken[150] = '/';
  const auto begin = Clock::now();
  {
    Window window(*store);
    for (int i = 0; i < objects; ++i) {
      const bool poison = i % 100 < refused_in_100;
      window.put((poison ? refused : taken) + std::to_string(i), bytes);
    }
  }
  const auto dead =
      static_cast<std::uint64_t>(objects) / 100 * static_cast<std::uint64_t>(refused_in_100);
  wait_until([&] {
    const TargetStatus now = target_of(*store);
    return now.tasks == 0 && now.dead_letters >= dead;
  });
  const double rate = objects / seconds_since(begin);
  must(store->close(0s));
  return rate;
}

void measure_poison(const std::vector<std::string>& words) {
  const int objects = (words.size() > 1 ? std::stoi(words[1]) : 20'000) / 100 * 100;
  const int rounds = words.size() > 2 ? std::stoi(words[2]) : 5;
  std::vector<double> clean;
  std::vector<double> poisoned;
  for (int i = 0; i < rounds; ++i) {
    const std::string place = words.at(0) + "/" + std::to_string(i);
    // Who is first changes: a disk is not the same after the other.
    for (const int share : {i % 2, 1 - i % 2}) {
      (share == 0 ? clean : poisoned)
          .push_back(replicate(place + "-" + std::to_string(share), objects, share));
    }
  }
  std::printf("%d objects: none refused %.0f /s, 1 %% refused for good %.0f /s: %.3f x\n", objects,
              median(clean), median(poisoned), median(poisoned) / median(clean));
}

// A primary that is lost.

/// Seconds from the loss to the first write that is acknowledged again.
double fail_over(const std::string& url, const std::string& place, bool refuses) {
  Way way(url);
  ReplicationConfig config;
  config.name = "bench";
  config.data_dir = place + "/data";
  config.primary = {.name = "primary", .url = way.url(), .region = "here"};
  config.targets = {{.name = "one", .url = "file://" + place + "/one", .region = "there"},
                    {.name = "two", .url = "rocksdb://" + place + "/two", .region = "far"}};
  const auto store = must(ReplicatedStore::open(config));
  const auto all_there = [&] {
    const GroupStatus status = must(store->status());
    return std::ranges::all_of(status.targets, &TargetStatus::caught_up);
  };
  wait_until(all_there);
  for (int i = 0; i < 100; ++i) must(store->put("k" + std::to_string(i), "1"));
  wait_until(all_there);
  const auto lost = Clock::now();
  if (refuses) {
    way.close();
  } else {
    way.silence();
  }
  const WriteOptions impatient{.timeout = 1s};
  while (!store->put("first", "1", impatient)) std::this_thread::sleep_for(kLook);
  const double seconds = seconds_since(lost);
  must(store->close(0s));
  return seconds;
}

void measure_failovers(const std::vector<std::string>& words) {
  const int rounds = words.size() > 2 ? std::stoi(words[2]) : 5;
  const std::size_t query = words.at(0).find('?');
  for (const bool refuses : {true, false}) {
    std::vector<double> all;
    for (int i = 0; i < rounds; ++i) {
      const std::string round = (refuses ? "refuses-" : "hangs-") + std::to_string(i);
      std::string url = words[0];
      url.insert(query, "/" + round);
      const std::string place = words.at(1) + "/" + round;
      std::filesystem::create_directories(place);
      all.push_back(fail_over(url, place, refuses));
    }
    std::printf("the primary %-8s %.2f s to the first write at the median of %d, %.2f at most\n",
                refuses ? "refuses:" : "hangs:", median(all), rounds, std::ranges::max(all));
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace godwit

int main(int count, char** words) {
  const std::vector<std::string> arguments(words + std::min(count, 2), words + count);
  const std::string what = count > 1 ? words[1] : "";
  if (what == "outage" && arguments.size() >= 3) {
    godwit::measure_outage(arguments);
  } else if (what == "poison" && !arguments.empty()) {
    godwit::measure_poison(arguments);
  } else if (what == "failover" && arguments.size() >= 2) {
    godwit::measure_failovers(arguments);
  } else {
    std::fprintf(stderr,
                 "usage: trouble_bench outage PRIMARY TARGET DIR [MINUTES [RATE]]\n"
                 "       trouble_bench poison DIR [OBJECTS [ROUNDS]]\n"
                 "       trouble_bench failover PRIMARY DIR [ROUNDS]\n");
    return 2;
  }
}
