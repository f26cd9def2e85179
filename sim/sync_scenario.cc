#include "sim/sync_scenario.h"

#include <map>
#include <set>

#include "store/layers/chaos.h"
#include "store/layers/forwarding.h"
#include "store/layers/retry.h"
#include "store/memory/memory_store.h"
#include "transfer/sync.h"
#include "world/signal.h"
#include "world/sim/sim_world.h"

namespace godwit::sim {
namespace {

using namespace std::chrono_literals;
using namespace transfer;

constexpr int kRuns = 4;
constexpr std::size_t kKeys = 40;
constexpr Bytes kLargest = 40'000;

using Contents = std::map<std::string, std::string>;

class Silent final : public Observer {
 public:
  void on_start(const Progress&) override {}
  void on_event(const Event&) override {}
};

/// Lends a store that something else owns to a layer that wants to own one.
class Borrowed final : public ForwardingStore {
 public:
  explicit Borrowed(Store& store) : ForwardingStore(nullptr), store_(store) {}
  const StoreIdentity& identity() const override { return store_.identity(); }
  const Capabilities& capabilities() const override { return store_.capabilities(); }
  Task<ObjectInfo> head(const Context& c, const std::string& k) override {
    return store_.head(c, k);
  }
  Task<GetResult> get(const Context& c, const std::string& k, const GetOptions& o) override {
    return store_.get(c, k, o);
  }
  Task<PutResult> put(const Context& c, const std::string& k, Upload u,
                      const PutOptions& o) override {
    return store_.put(c, k, u, o);
  }
  Task<std::vector<Result<void>>> remove(const Context& c,
                                         std::span<const std::string> keys) override {
    return store_.remove(c, keys);
  }
  using ForwardingStore::list;
  std::unique_ptr<Listing> list(const ListOptions& o) override { return store_.list(o); }
  Multipart* multipart() override { return store_.multipart(); }
  Task<void> flush(const Context& c) override { return store_.flush(c); }
  Store& driver() override { return store_; }

 private:
  Store& store_;
};

class Scenario {
 public:
  explicit Scenario(std::uint64_t seed)
      : world_(seed),
        context_(world_),
        source_(make_memory_store(world_, "source")),
        target_(make_memory_store(world_, "target")) {}

  Outcome run() {
    if (!world_.run(live())) violation("the world stands still");
    outcome_.trace = world_.trace();
    return std::move(outcome_);
  }

 private:
  void violation(std::string text) { outcome_.violations.push_back(std::move(text)); }
  std::uint64_t below(std::uint64_t bound) { return world_.random() % bound; }
  double share(double most) { return most * static_cast<double>(below(1000)) / 1000.0; }

  asio::awaitable<void> put(Store& store, std::string key, std::string bytes) {
    MemoryBody body(bytes);
    const Upload upload{&body, bytes.size()};
    const PutOptions options;
    const Result<PutResult> stored = co_await store.put(context_, key, upload, options);
    if (!stored) violation("the bare store failed: " + stored.error().to_string());
  }

  asio::awaitable<void> change_source() {
    const std::string key = "k/" + std::to_string(below(kKeys));
    if (below(4) == 0) {
      const std::vector<std::string> keys = {key};
      (void)co_await source_->remove(context_, keys);
      co_return;
    }
    std::string bytes(below(kLargest), static_cast<char>('a' + below(26)));
    if (!bytes.empty()) bytes[below(bytes.size())] = '!';
    history_[key].insert(bytes);
    co_await put(*source_, key, std::move(bytes));
  }

  asio::awaitable<void> keep_writing(const bool& stop) {
    while (!stop) {
      (void)co_await world_.sleep_until(world_.mono_now() + 1ms * (1 + below(200)), {});
      if (!stop) co_await change_source();
    }
  }

  Task<Contents> read(Store& store) {
    Contents all;
    const std::unique_ptr<Listing> listing = store.list(ListOptions{});
    for (;;) {
      GODWIT_CO_TRY(const std::vector<ListEntry> page, co_await listing->next(context_));
      if (page.empty()) co_return all;
      for (const ListEntry& entry : page) {
        const GetOptions options;
        GODWIT_CO_TRY(GetResult got, co_await store.get(context_, entry.key, options));
        GODWIT_CO_TRY(all[entry.key], co_await read_all(*got.body, kGiB));
      }
    }
  }

  void roll_faults(Faults& faults) {
    faults.unavailable = share(0.2);
    faults.lost_answer = share(0.2);
    faults.throttled = share(0.1);
    // Some outages outlast every retry.
    faults.broken_listing = below(3) == 0 ? 0.7 : share(0.3);
    faults.cut_body = share(0.1);
    faults.flipped_bit = share(0.1);
    faults.longest_delay = 1ms * (1 + below(50));
  }

  asio::awaitable<void> live() {
    for (std::size_t i = 0; i < kKeys; ++i) co_await change_source();
    for (int i = 0; i < kRuns; ++i) {
      co_await plant_extras();
      roll_faults(source_faults_);
      roll_faults(target_faults_);
      co_await one_run();
      co_await check_target();
    }
    source_faults_ = {};
    target_faults_ = {};
    co_await heal();
  }

  asio::awaitable<void> cancel_later(CancelSource& cancel, const bool& stop) {
    const MonoTime when = world_.mono_now() + 1ms * (1 + below(3000));
    while (!stop && world_.mono_now() < when) {
      (void)co_await world_.sleep_until(world_.mono_now() + 20ms, {});
    }
    if (!stop) cancel.cancel();
  }

  Task<SyncSummary> sync_once(const Context& context, Extra extra) {
    const auto from =
        with_retries(with_chaos(std::make_unique<Borrowed>(*source_), &source_faults_));
    const auto to = with_retries(with_chaos(std::make_unique<Borrowed>(*target_), &target_faults_));
    SyncOptions options;
    options.extra = extra;
    options.transfer.listers = 1 + below(4);
    options.transfer.attempts = 8;
    Silent silent;
    co_return co_await sync(context, *from, *to, options, silent);
  }

  asio::awaitable<void> one_run() {
    bool stop = false;
    CancelSource cancel;
    TaskGroup others(world_.executor());
    others.spawn(keep_writing(stop));
    if (below(2) == 0) others.spawn(cancel_later(cancel, stop));
    const Context context = context_.with_cancel(cancel.token());
    const Extra extra = below(2) == 0 ? Extra::remove : Extra::keep;
    const Result<SyncSummary> summary = co_await sync_once(context, extra);
    stop = true;
    co_await others.join();
    if (!summary) {
      violation("the sync failed as a whole: " + summary.error().to_string());
      co_return;
    }
    judge(*summary, extra);
  }

  /// Things that only the target has, for a run with `delete` to find.
  asio::awaitable<void> plant_extras() {
    for (const char* key : {"a-extra", "k/5-extra", "z-extra"}) {
      history_[key].insert("extra");
      co_await put(*target_, key, "extra");
    }
  }

  void judge(const SyncSummary& summary, Extra extra) {
    const Progress& p = summary.progress;
    outcome_.copies += p.replicated;
    outcome_.failures += p.failed + p.retries + (summary.listing_error ? 1 : 0);
    const bool complete = !summary.interrupted && !summary.listing_error;
    if (complete && p.replicated + p.skipped + p.failed != p.total)
      violation("counts do not add up");
    if (p.deleted > 0 && (!complete || extra == Extra::keep || p.failed > 0)) {
      violation("deleted without having seen and copied all");
    }
  }

  asio::awaitable<void> check_target() {
    const Result<Contents> contents = co_await read(*target_);
    for (const auto& [key, bytes] : *contents) {
      if (!history_[key].contains(bytes)) violation(key + " is no version that there ever was");
    }
  }

  asio::awaitable<void> heal() {
    const Result<SyncSummary> summary = co_await sync_once(context_, Extra::remove);
    if (!summary || summary->progress.failed > 0) violation("a healed world still fails");
    const Result<Contents> from = co_await read(*source_);
    const Result<Contents> to = co_await read(*target_);
    if (*from != *to) violation("the target is not the source in the end");
  }

  SimWorld world_;
  Context context_;
  std::unique_ptr<Store> source_;
  std::unique_ptr<Store> target_;
  Faults source_faults_;
  Faults target_faults_;
  std::map<std::string, std::set<std::string>> history_;
  Outcome outcome_;
};

}  // namespace

Outcome run_sync_scenario(std::uint64_t seed) { return Scenario(seed).run(); }

}  // namespace godwit::sim
