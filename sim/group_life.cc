#include "sim/group_life.h"

#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "journal/journal.h"
#include "replication/group.h"
#include "replication/versioned.h"
#include "sim/group_history.h"
#include "sim/witness.h"
#include "store/layers/forwarding.h"
#include "store/memory/memory_store.h"
#include "world/sim/sim_world.h"

namespace godwit::sim {
namespace {

using namespace std::chrono_literals;
using namespace replication;

constexpr std::size_t kMostViolations = 5;
/// How long a healed world may take to settle everything.
constexpr Duration kPatience = 2h;

/// One process: when it dies.
struct Process {
  bool dead = false;
  std::uint64_t steps = 0;
  std::uint64_t dies_at = 0;  // step; 0: never
  Crash dies_by = Crash::process;
};

/// A store that can be out of reach, and sees what is put into it.
class Guarded final : public ForwardingStore {
 public:
  using OnPut = std::function<void(const std::string& key, const PutOptions& options)>;
  Guarded(std::unique_ptr<Store> inner, const bool* away, OnPut on_put)
      : ForwardingStore(std::move(inner)), away_(away), on_put_(std::move(on_put)) {}

  Task<ObjectInfo> head(const Context& context, const std::string& key) override {
    GODWIT_CO_CHECK(reach());
    co_return co_await inner().head(context, key);
  }
  Task<GetResult> get(const Context& context, const std::string& key,
                      const GetOptions& options) override {
    GODWIT_CO_CHECK(reach());
    co_return co_await inner().get(context, key, options);
  }
  Task<PutResult> put(const Context& context, const std::string& key, Upload upload,
                      const PutOptions& options) override {
    GODWIT_CO_CHECK(reach());
    on_put_(key, options);
    co_return co_await inner().put(context, key, upload, options);
  }
  Task<std::vector<Result<void>>> remove(const Context& context,
                                         std::span<const std::string> keys) override {
    GODWIT_CO_CHECK(reach());
    co_return co_await inner().remove(context, keys);
  }

 private:
  [[nodiscard]] Result<void> reach() const {
    if (*away_) return fail(Code::unavailable, "the region is gone");
    return {};
  }
  const bool* away_;
  OnPut on_put_;
};

class GroupLife {
 public:
  GroupLife(const GroupScenario& scenario, std::uint64_t seed)
      : scenario_(scenario),
        world_(seed),
        context_(world_),
        engine_([this] { return world_.random(); }),
        scheme_(memory_scheme()) {
    bare_["primary"] = open_bare("primary");
    for (std::uint64_t i = 0; i < scenario.targets; ++i) {
      const std::string name = "t" + std::to_string(i);
      names_.push_back(name);
      bare_[name] = open_bare(name);
      away_[name] = false;
    }
    away_["primary"] = false;
  }

  Outcome run() {
    if (!world_.run(all())) violate("the world stands still");
    outcome_.trace = world_.trace();
    return std::move(outcome_);
  }

 private:
  std::unique_ptr<Store> open_bare(const std::string& name) {
    return scheme_.open(world_, StoreSpec{.scheme = "memory", .name = name}).value();
  }
  [[nodiscard]] bool strikes(double share) {
    return sim_storage::strikes([this] { return world_.random(); }, share);
  }
  [[nodiscard]] std::uint64_t draw(std::uint64_t below) { return world_.random() % below; }
  void violate(std::string what) {
    if (outcome_.violations.size() < kMostViolations) {
      outcome_.violations.push_back(std::move(what));
    }
  }

  asio::awaitable<void> all() {
    for (std::uint64_t i = 0; i < scenario_.processes && outcome_.violations.empty(); ++i) {
      primary_faults_ = scenario_.primary;
      target_faults_ = scenario_.target;
      engine_.faults() = scenario_.journal;
      co_await live_once();
    }
    primary_faults_ = target_faults_ = {};
    engine_.faults() = {};
    for (auto& [name, away] : away_) away = false;
    if (outcome_.violations.empty()) co_await end_well();
  }

  // One process.

  asio::awaitable<void> live_once() {
    process_ = {};
    if (strikes(scenario_.crash.share)) {
      process_.dies_at = 1 + draw(scenario_.clients * scenario_.calls * 8);
      process_.dies_by =
          scenario_.crash.kind.value_or(draw(2) == 0 ? Crash::process : Crash::power);
    }
    engine_.restart();
    engine_.on_call([this] { step(); });
    if (co_await start()) {
      TaskGroup clients(world_.executor());
      for (std::uint64_t i = 0; i < scenario_.clients; ++i) clients.spawn(client());
      co_await clients.join();
      co_await stop();
    }
    engine_.on_call({});
    if (process_.dead) outcome_.crashes += 1;
  }

  asio::awaitable<bool> start() {
    journal::JournalOptions options{.directory = "/journal", .targets = names_};
    options.most_in_memory = static_cast<std::size_t>(scenario_.in_memory);
    auto opened = co_await journal::Journal::open(world_, engine_, std::move(options));
    if (!opened) {
      outcome_.failures += 1;
      co_return false;
    }
    journal_ = *std::move(opened);
    GroupStores stores{.primary = open("primary")};
    for (const std::string& name : names_) stores.targets[name] = open(name);
    auto made = Group::make(world_, config(), std::move(stores), *journal_);
    if (!made) {
      violate(made.error().to_string());
      (void)co_await journal_->close();
      co_return false;
    }
    group_ = *std::move(made);
    co_return true;
  }

  asio::awaitable<void> stop() {
    (void)co_await group_->close();
    (void)co_await journal_->close();
    group_.reset();
    journal_.reset();
  }

  [[nodiscard]] GroupConfig config() const {
    GroupConfig config{.name = "g", .primary = "primary", .primary_region = "p"};
    config.mode = scenario_.mode;
    config.min_sync_replicas = scenario_.min_sync_replicas;
    for (const std::string& name : names_) {
      TargetConfig target{.name = name, .region = name};
      target.workers = 3;
      target.max_attempts = 1000;  // chaos is no reason to give up
      config.targets.push_back(std::move(target));
    }
    return config;
  }

  /// As a process sees it: mortal, faulty, perhaps out of reach.
  std::unique_ptr<Store> open(const std::string& name) {
    const Faults* faults = name == "primary" ? &primary_faults_ : &target_faults_;
    auto guarded =
        std::make_unique<Guarded>(open_bare(name), &away_.at(name),
                                  [this, name](const std::string& key, const PutOptions& options) {
                                    check_order(name, key, options);
                                  });
    Testimony testimony{.step = [this] { step(); }, .dead = [this] { return process_.dead; }};
    return with_chaos(with_witness(std::move(guarded), std::move(testimony)), faults);
  }

  void step() {
    if (process_.dead || ++process_.steps != process_.dies_at) return;
    process_.dead = true;
    engine_.crash(process_.dies_by);
  }

  // Clients.

  asio::awaitable<void> client() {
    for (std::uint64_t i = 0; i < scenario_.calls && !process_.dead; ++i) {
      const std::string key = "k" + std::to_string(draw(scenario_.keys));
      co_await disturb();
      if (strikes(scenario_.reads)) {
        co_await read(key);
      } else {
        co_await write(key);
      }
      if (draw(4) == 0) co_await check_gauges();
      (void)co_await context_.sleep(Duration(draw(200'000'000)));
    }
  }

  asio::awaitable<void> disturb() {
    const std::string& name = names_[draw(names_.size())];
    if (strikes(scenario_.pauses) && !group_->resume(name)) (void)group_->pause(name);
    if (strikes(scenario_.outages)) away_[name] = !away_[name];
    if (strikes(scenario_.collapses)) journal_->target(name)->collapse();
    co_return;
  }

  asio::awaitable<void> write(std::string key) {
    const bool removes = strikes(scenario_.removals);
    ClientWrite& write = history_.begin(key, removes);
    Receipt receipt;
    const WriteOptions options{.receipt = &receipt};
    const Context context = context_.with_timeout(20s);
    Result<Receipt> done;
    if (removes) {
      done = co_await group_->remove(context, key, options);
    } else {
      const std::string bytes = GroupHistory::body_of(key, write.number);
      MemoryBody body(bytes);
      const Upload upload{.body = &body, .size = bytes.size()};
      done = co_await group_->put(context, key, upload, options);
    }
    history_.end(write);
    if (process_.dead) co_return;  // nobody heard the answer
    const bool applied = done || done.error().outcome() == godwit::Outcome::applied;
    if (applied) {
      write.acknowledged = receipt.version;
      outcome_.copies += 1;
      co_await check_receipt(key, write.number, receipt);
    } else {
      outcome_.failures += 1;
      write.failed = done.error().outcome() == godwit::Outcome::not_applied;
    }
  }

  asio::awaitable<void> read(std::string key) {
    const std::uint64_t since = history_.acknowledged(key);
    ReadOptions options;
    options.preference = static_cast<ReadPreference>(draw(4));
    options.region = names_[draw(names_.size())];
    auto got = co_await group_->get(context_.with_timeout(20s), key, options);
    if (process_.dead) co_return;
    std::optional<std::string> body;
    if (got) {
      auto bytes = co_await read_all(*got->object.body, kMiB);
      if (!bytes || process_.dead) co_return;
      body = *std::move(bytes);
    } else if (got.error().code() != Code::not_found) {
      outcome_.failures += 1;
      co_return;
    }
    if (auto wrong = history_.judge(key, body, since)) violate("a read: " + *wrong);
  }

  // Oracles.

  asio::awaitable<std::optional<std::string>> held(std::string name, std::string key) {
    const GetOptions options;
    auto got = co_await bare_.at(name)->get(context_, key, options);
    if (!got) co_return std::nullopt;
    auto bytes = co_await read_all(*got->body, kMiB);
    co_return bytes ? std::optional(*std::move(bytes)) : std::nullopt;
  }

  asio::awaitable<void> check_receipt(std::string key, std::uint64_t number, Receipt receipt) {
    for (const TargetAck& target : receipt.targets) {
      if (target.ack != Ack::acknowledged) continue;
      const auto body = co_await held(target.target, key);
      const auto wrong = history_.judge(key, body, number);
      if (wrong) violate(target.target + " has acknowledged, but " + *wrong);
    }
  }

  /// A target that says that it lacks nothing must not lack anything.
  asio::awaitable<void> check_gauges() {
    if (process_.dead) co_return;
    for (const TargetStatus& status : group_->status()) {
      if (!status.caught_up) continue;
      for (const std::string& key : history_.keys()) {
        const std::uint64_t since = history_.acknowledged(key);
        const auto body = co_await held(status.name, key);
        const auto wrong = history_.judge(key, body, since);
        if (wrong) violate(status.name + " is said to have caught up, but " + *wrong);
      }
    }
  }

  void check_order(const std::string& name, const std::string& key, const PutOptions& options) {
    const auto text = options.metadata.user.find(kVersionMetadata);
    if (name == "primary" || text == options.metadata.user.end()) return;
    const godwit::Version version = godwit::Version::parse(text->second).value();
    godwit::Version& newest = newest_[name + "/" + key];
    if (version < newest) violate(name + " is given an older version of " + key);
    newest = std::max(newest, version);
  }

  // The end.

  asio::awaitable<void> end_well() {
    process_ = {};
    engine_.restart();
    if (!co_await start()) {
      violate("it does not start in a healed world");
      co_return;
    }
    const MonoTime latest = world_.mono_now() + kPatience;
    while (!settled() && world_.mono_now() < latest) (void)co_await context_.sleep(1s);
    if (!settled()) violate("not settled after hours");
    for (const std::string& key : history_.keys()) co_await check_end(key);
    co_await stop();
  }

  [[nodiscard]] bool settled() const {
    bool settled = journal_->unsettled().empty();
    for (const TargetStatus& status : group_->status()) {
      // What the operator paused stays paused over a restart only if he says so again.
      settled = settled && status.caught_up && status.lag == Duration::zero();
    }
    return settled;
  }

  asio::awaitable<void> check_end(std::string key) {
    const auto at_primary = co_await look(context_, *bare_.at("primary"), key);
    const auto body = co_await held("primary", key);
    if (auto wrong = history_.judge(key, body, history_.acknowledged(key))) {
      violate("in the end " + *wrong);
    }
    for (const std::string& name : names_) {
      const auto there = co_await look(context_, *bare_.at(name), key);
      const auto copy = co_await held(name, key);
      const bool same = copy == body && (!body || version_of(**there) == version_of(**at_primary));
      if (!same) {
        violate("in the end " + key + " is " + copy.value_or("absent") + " at " + name + " and " +
                body.value_or("absent") + " at the primary");
      }
    }
  }

  const GroupScenario& scenario_;
  SimWorld world_;
  Context context_;
  kv::SimEngine engine_;
  SchemeInfo scheme_;
  std::map<std::string, std::unique_ptr<Store>> bare_;
  std::map<std::string, bool> away_;
  std::vector<std::string> names_;
  std::map<std::string, godwit::Version> newest_;
  Faults primary_faults_;
  Faults target_faults_;
  Process process_;
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<Group> group_;
  GroupHistory history_;
  Outcome outcome_;
};

}  // namespace

Outcome live(const GroupScenario& scenario, std::uint64_t seed) {
  return GroupLife(scenario, seed).run();
}

}  // namespace godwit::sim
