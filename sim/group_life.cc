#include "sim/group_life.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "coordination/local_coordinator.h"
#include "replication/group.h"
#include "replication/identity.h"
#include "replication/versioned.h"
#include "sim/group_history.h"
#include "sim/region.h"
#include "sim/rivals.h"
#include "sim/witness.h"
#include "store/coding/coded_store.h"
#include "store/coding/key_file.h"
#include "store/memory/memory_store.h"
#include "world/disk.h"
#include "world/sim/sim_world.h"

namespace godwit::sim {
namespace {

using namespace std::chrono_literals;
using namespace replication;

constexpr std::size_t kMostViolations = 5;
/// How long a healed world may take to settle everything.
constexpr Duration kPatience = 2h;
/// How long what was begun before a pause may still go on.
constexpr Duration kUnderWay = 3s;
const std::string kKeyFile = "/keys";

/// One process: when it dies.
struct Process {
  bool dead = false;
  std::uint64_t steps = 0;
  std::uint64_t dies_at = 0;  // step; 0: never
  Crash dies_by = Crash::process;
};

class GroupLife {
 public:
  GroupLife(const GroupScenario& scenario, std::uint64_t seed)
      : scenario_(scenario),
        world_(seed),
        context_(world_),
        engine_([this] { return world_.random(); }),
        scheme_(memory_scheme()),
        landings_(world_.executor()) {
    make_keys();
    make_region("primary");
    for (std::uint64_t i = 0; i < scenario.targets; ++i) {
      const std::string name = "t" + std::to_string(i);
      names_.push_back(name);
      make_region(name);
    }
  }

  Outcome run() {
    const MonoTime begun = world_.mono_now();
    if (!world_.run(all())) violate("the world stands still");
    outcome_.simulated = world_.mono_now() - begun;
    outcome_.trace = world_.trace();
    outcome_.marks = world_.marks();
    return std::move(outcome_);
  }

 private:
  std::unique_ptr<Store> open_bare(const std::string& name) {
    return scheme_.open(world_, StoreSpec{.scheme = "memory", .name = name}).value();
  }
  void make_region(const std::string& name) {
    regions_[name] = open_bare(name);
    plain_[name] = coded(name, open_bare(name));
    away_[name] = false;
  }
  void make_keys() {
    const std::string line = coding::new_key_line(world_, "k") + "\n";
    (void)replace_file(world_.disk(), kKeyFile, as_bytes(line)).value();
  }
  /// As a process sees it that has the keys.
  std::unique_ptr<Store> coded(const std::string& name, std::unique_ptr<Store> store) {
    using Coded = GroupScenario::Coded;
    const bool is_coded =
        scenario_.coded == Coded::all || (scenario_.coded == Coded::targets && name != "primary");
    if (!is_coded) return store;
    coding::CodingSpec spec{.compression = coding::Compression::zstd, .min_size = 0};
    spec.key_file = kKeyFile;
    auto made = coding::with_coding(world_, std::move(store), spec);
    // A process that has died cannot read its keys, and has no effect any more.
    return process_.dead ? make_memory_store(world_, name) : std::move(made).value();
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
      late_ = scenario_.late;
      engine_.faults() = scenario_.journal;
      world_.disk().faults("/").longest_delay = scenario_.journal_delay;
      healed_in_life_ = i + 1 == scenario_.processes && draw(2) == 0;
      co_await live_once();
    }
    heal();
    if (outcome_.violations.empty()) co_await end_well();
    co_await landings_.join();
  }

  void heal() {
    primary_faults_ = target_faults_ = {};
    late_ = {};
    engine_.faults() = {};
    world_.disk().faults("/") = {};
    for (auto& [name, away] : away_) away = false;
  }

  // One process.

  asio::awaitable<void> live_once() {
    process_ = {};
    if (strikes(scenario_.crash.share)) {
      process_.dies_at = 1 + draw(scenario_.clients * scenario_.calls * 8);
      process_.dies_by =
          scenario_.crash.kind.value_or(draw(2) == 0 ? Crash::process : Crash::power);
    }
    if (strikes(scenario_.clock.share)) jump();
    engine_.restart();
    world_.disk().restart();
    engine_.on_call([this] { step(); });
    world_.disk().on_call([this] { step(); });
    if (co_await start()) {
      TaskGroup clients(world_.executor());
      for (std::uint64_t i = 0; i < scenario_.clients; ++i) clients.spawn(client());
      if (scenario_.outsiders > 0) clients.spawn(tell_of_outsiders());
      co_await clients.join();
      if (healed_in_life_ && !process_.dead) co_await settle_in_life();
      co_await stop();
    }
    engine_.on_call({});
    world_.disk().on_call({});
    if (process_.dead) outcome_.crashes += 1;
  }

  void jump() {
    const auto most = static_cast<std::uint64_t>(scenario_.clock.longest.count());
    world_.set_wall_clock(Duration(draw(2 * most)) - scenario_.clock.longest);
  }

  /// A world that heals needs no restart.
  asio::awaitable<void> settle_in_life() {
    process_.dies_at = 0;
    heal();
    for (const std::string& name : names_) (void)resume(name);
    co_await landings_.join();
    co_await tell_all();
    find_rivals();
    co_await wait_until_settled();
    co_await check_end();
  }

  asio::awaitable<bool> start() {
    paused_.clear();
    auto agreed = co_await LocalCoordinator::open(context_, "/agreed");
    if (!agreed) {
      outcome_.failures += 1;
      co_return false;
    }
    coordinator_ = *std::move(agreed);
    GroupStores stores;
    for (const auto& [name, store] : plain_) stores[name] = open(name);
    const GroupSupport support{.engine = engine_,
                               .coordinator = *coordinator_,
                               .journal_directory = "/journal",
                               .most_in_memory = static_cast<std::size_t>(scenario_.in_memory),
                               .state_directory = "/state",
                               .on_move = [this](const MoveReport& report) { moved(report); }};
    auto opened = co_await Group::open(context_, config(), std::move(stores), support);
    if (opened) {
      group_ = *std::move(opened);
      note_untold_move();
      co_return true;
    }
    outcome_.failures += 1;
    (void)co_await coordinator_->close();
    coordinator_.reset();
    co_return false;
  }

  asio::awaitable<void> stop() {
    (void)co_await group_->close();
    (void)co_await coordinator_->close();
    group_.reset();
    coordinator_.reset();
  }

  [[nodiscard]] GroupConfig config() const {
    GroupConfig config{.name = "g", .primary = "primary", .primary_region = "p"};
    config.mode = scenario_.mode;
    config.min_sync_replicas = scenario_.min_sync_replicas;
    config.failover.automatic = scenario_.primary_outages > 0;
    config.failover.cooldown = 30s;
    config.failover.most_per_day = 1000;
    if (scenario_.outsiders > 0) {
      config.detection = {
          .others_write = true, .propagate_removals = true, .most_removals = 1'000'000};
    }
    if (scenario_.part_size > 0) config.part_size = scenario_.part_size;
    config.payload.keep = scenario_.payload;
    for (const std::string& name : names_) config.targets.push_back(target(name));
    return config;
  }
  [[nodiscard]] TargetConfig target(const std::string& name) const {
    TargetConfig target{.name = name, .region = name};
    target.workers = 3;
    target.is_exclusive = scenario_.exclusive;
    target.max_attempts = static_cast<std::uint32_t>(scenario_.max_attempts);
    return target;
  }

  /// As a process sees it: mortal, faulty, perhaps out of reach.
  std::unique_ptr<Store> open(const std::string& name) {
    const Faults* faults = name == "primary" ? &primary_faults_ : &target_faults_;
    auto guarded = with_border(open_bare(name), border(name));
    Testimony testimony{.step = [this] { step(); }, .dead = [this] { return process_.dead; }};
    auto store = with_chaos(with_witness(std::move(guarded), std::move(testimony)), faults);
    return coded(name, std::move(store));
  }

  Border border(const std::string& name) {
    return {.away = &away_.at(name),
            .on_call = [this, name](const std::string& key) { check_pause(name, key); },
            .on_put =
                [this, name](const std::string& key, const PutOptions& options) {
                  rivals_.stored(key, group_ && group_->primary() == name, options.metadata);
                  check_order(name, key, options);
                },
            .lateness = [this, name] { return lateness(group_ && group_->primary() == name); },
            .land = [this](asio::awaitable<void> put) { landings_.spawn(std::move(put)); },
            .region = regions_.at(name).get()};
  }

  [[nodiscard]] std::optional<Duration> lateness(bool of_primary) {
    if (!strikes(of_primary ? late_.primary : late_.target)) return std::nullopt;
    return Duration(draw(static_cast<std::uint64_t>(late_.longest.count())));
  }

  void step() {
    if (process_.dead || ++process_.steps != process_.dies_at) return;
    process_.dead = true;
    engine_.crash(process_.dies_by);
    world_.disk().crash(process_.dies_by);
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
      const Duration idle(draw(static_cast<std::uint64_t>(scenario_.longest_idle.count())));
      (void)co_await context_.sleep(idle);
    }
  }

  /// What every target had acknowledged is not lost, though a failover may name it: after a crash
  /// nobody knows that it was delivered.
  asio::awaitable<void> check_suspects() {
    while (!suspects_.empty()) {
      const Suspect suspect = std::move(suspects_.back());
      suspects_.pop_back();
      const auto body = co_await held(suspect.primary, suspect.key);
      const auto wrong = history_.judge(suspect.key, body, suspect.number);
      if (wrong) violate("a failover has lost what every target had acknowledged: " + *wrong);
    }
  }

  asio::awaitable<void> disturb() {
    co_await check_suspects();
    const std::string name = names_[draw(names_.size())];
    if (strikes(scenario_.pauses) && !resume(name)) pause(name);
    if (strikes(scenario_.outages)) away_[name] = !away_[name];
    if (strikes(scenario_.primary_outages)) {
      bool& away = away_.at(group_->primary());
      away = !away;
    }
    if (strikes(scenario_.collapses)) (void)group_->compare_anew(name);
    if (strikes(scenario_.moves)) co_await move();
    if (strikes(scenario_.foreign)) co_await put_foreign(name);
    if (strikes(scenario_.outsiders)) co_await write_behind_our_back();
    if (strikes(scenario_.rivals)) co_await put_rival(name);
    if (strikes(scenario_.redrives)) co_await redrive(name);
  }

  void pause(const std::string& name) {
    if (group_->pause(name)) paused_[name] = world_.mono_now();
  }
  bool resume(const std::string& name) {
    paused_.erase(name);
    return group_->resume(name).has_value();
  }

  /// Somebody else has a key of his own there.
  asio::awaitable<void> put_foreign(std::string name) {
    const std::string key = "other" + std::to_string(draw(5));
    std::string& bytes = foreign_[name][key];
    bytes = "of others " + std::to_string(draw(1000));
    MemoryBody body(bytes);
    const Upload upload{.body = &body, .size = bytes.size()};
    const PutOptions options;
    (void)co_await regions_.at(name)->put(context_, key, upload, options);
  }

  /// Before, it may be full of what others have.
  asio::awaitable<bool> is_ours(std::string name) {
    const auto marker = co_await look(context_, *regions_.at(name), std::string(kMarkerKey));
    co_return marker && marker->has_value();
  }

  /// Somebody else writes to the primary, or removes there. It is there at once, and told later.
  asio::awaitable<void> write_behind_our_back() {
    if (!co_await is_ours(group_->primary())) co_return;
    const std::string key = "k" + std::to_string(draw(scenario_.keys));
    const bool removes = strikes(scenario_.removals);
    ClientWrite& write = history_.begin(key, removes);
    Store& primary = *regions_.at(group_->primary());
    newest_.erase(group_->primary() + "/" + key);
    if (removes) {
      (void)co_await primary.remove(context_, std::span(&key, 1));
    } else {
      const std::string bytes = GroupHistory::body_of(key, write.number);
      MemoryBody body(bytes);
      const Upload upload{.body = &body, .size = bytes.size()};
      const PutOptions options;
      (void)co_await primary.put(context_, key, upload, options);
    }
    history_.end(write);
    for (std::uint64_t i = 0; i <= draw(2); ++i) untold_.push_back(key);
  }

  /// Nobody tells of it: it is found when the target is delivered to, or compared.
  asio::awaitable<void> put_rival(std::string name) {
    if (!co_await is_ours(name)) co_return;
    const std::string key = "k" + std::to_string(draw(scenario_.keys));
    ClientWrite& write = history_.begin(key, false);
    const std::string bytes = GroupHistory::body_of(key, write.number);
    co_await rivals_.put(context_, *regions_.at(name), key, bytes, write.number);
    history_.end(write);
  }

  /// What rivals have put is found at the latest by a comparison.
  void find_rivals() {
    if (scenario_.rivals == 0) return;
    for (const std::string& name : names_) (void)group_->compare_anew(name);
  }

  /// Tells again what was not taken, until all is told and nobody writes any more.
  asio::awaitable<void> tell_of_outsiders() {
    for (std::uint64_t i = 0; i < scenario_.calls && !process_.dead; ++i) {
      const Duration pause(draw(2 * static_cast<std::uint64_t>(scenario_.longest_idle.count())));
      (void)co_await context_.sleep(pause);
      if (!process_.dead) co_await tell_one();
    }
  }

  asio::awaitable<void> tell_one() {
    if (untold_.empty()) co_return;
    std::swap(untold_[draw(untold_.size())], untold_.back());
    const std::string key = untold_.back();
    untold_.pop_back();
    const auto noticed = co_await group_->notice(context_.with_timeout(20s), key);
    // Who was told nothing tells again; so does he whose answer was lost with the process.
    if (!noticed || process_.dead) untold_.push_back(key);
  }

  asio::awaitable<void> tell_all() {
    const MonoTime latest = world_.mono_now() + kPatience;
    while (!untold_.empty() && world_.mono_now() < latest) {
      co_await tell_one();
      (void)co_await context_.sleep(100ms);
    }
    if (!untold_.empty()) violate("what others wrote is not taken after hours");
  }

  asio::awaitable<void> redrive(std::string name) {
    const std::string from;
    const auto letters = co_await group_->dead_letters(name, from, 1000);
    if (!letters) co_return;
    for (const journal::DeadLetter& letter : *letters) {
      (void)group_->redrive(name, letter.task.write.key);
    }
  }

  /// Another primary, by plan or because this one is lost.
  asio::awaitable<void> move() {
    MoveOptions options{.patience = 10s};
    if (draw(2) == 0) {
      options.kind = MoveKind::failover;
      away_[group_->primary()] = draw(2) == 0;
    }
    ++moving_;
    const auto report = co_await group_->move_primary(context_.with_timeout(60s), options);
    --moving_;
    if (!process_.dead && !report) outcome_.failures += 1;
  }

  void risk_all() {
    for (const std::string& key : history_.keys()) {
      at_risk_.insert(key);
      forgiven_.insert(key);
    }
  }

  /// The process before died when the coordinator knew of its move, and nobody else did.
  void note_untold_move() {
    if (group_->epoch() <= std::max(epoch_, 1U)) return;
    epoch_ = group_->epoch();
    ++moves_;
    risk_all();
  }

  /// Another store is the primary, and has not taken a write yet.
  void moved(const MoveReport& report) {
    ++moves_;
    outcome_.moves += 1;
    paused_.erase(report.to);
    if (report.epoch <= epoch_) violate("the epoch does not grow");
    epoch_ = report.epoch;
    if (report.kind == MoveKind::switchover && !report.at_risk.empty()) {
      violate("a switchover puts writes at risk");
    }
    if (!report.exact) risk_all();
    for (const WriteAtRisk& write : report.at_risk) {
      check_payload(report, write);
      at_risk_.insert(write.key);
      if (write.removal) forgiven_.insert(write.key);
      const bool every_target_had_it = scenario_.mode == Mode::sync && scenario_.pauses == 0;
      const std::uint64_t number = history_.in_full(write.key, write.version);
      if (every_target_had_it && number > 0) {
        suspects_.push_back({.key = write.key, .number = number, .primary = report.to});
      }
    }
  }

  void check_payload(const MoveReport& report, const WriteAtRisk& write) {
    const bool kept = scenario_.payload == JournalPayload::inlined && report.exact &&
                      !write.removal && history_.in_full(write.key, write.version) > 0;
    if (kept) violate("a failover puts at risk what the journal keeps: " + write.key);
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
      done = co_await put(context, key, write.number, options);
    }
    history_.end(write);
    if (process_.dead) co_return;  // nobody heard the answer
    const bool applied = done || done.error().outcome() == godwit::Outcome::applied;
    if (applied) {
      write.acknowledged = receipt.version;
      write.in_full = done.has_value();
      outcome_.copies += 1;
      if (done) check_acks(receipt);
      co_await check_receipt(key, write.number, receipt);
    } else {
      outcome_.failures += 1;
      write.failed = done.error().outcome() == godwit::Outcome::not_applied;
    }
  }

  Task<Receipt> put(const Context& context, const std::string& key, std::uint64_t number,
                    const WriteOptions& options) {
    const std::string bytes = GroupHistory::body_of(key, number);
    std::unique_ptr<Body> body = std::make_unique<MemoryBody>(bytes);
    Incoming incoming{.body = nullptr, .size = bytes.size()};
    if (strikes(scenario_.slow_bodies)) {
      if (draw(2) == 0) incoming.size.reset();
      body = slow_body(context_, bytes, 2 * scenario_.longest_idle, draw(8) == 0);
    }
    incoming.body = body.get();
    co_return co_await group_->put(context, key, incoming, options);
  }

  asio::awaitable<void> read(std::string key) {
    std::uint64_t since = owed(key);
    const std::uint64_t moves = moves_;
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
    // A failover in the midst of it may have put at risk what was owed when it began.
    if (moves_ != moves) since = std::min(since, owed(key));
    if (auto wrong = history_.judge(key, body, since)) violate("a read: " + *wrong);
  }

  // Oracles.

  /// The write that a read must not miss: none, where a failover has said that it may.
  [[nodiscard]] std::uint64_t owed(const std::string& key) const {
    return at_risk_.contains(key) ? 0 : history_.acknowledged(key);
  }

  asio::awaitable<std::optional<std::string>> held(std::string name, std::string key) {
    const GetOptions options;
    auto got = co_await plain_.at(name)->get(context_, key, options);
    if (!got) co_return std::nullopt;
    auto bytes = co_await read_all(*got->body, kMiB);
    co_return bytes ? std::optional(*std::move(bytes)) : std::nullopt;
  }

  void check_acks(const Receipt& receipt) {
    std::uint64_t acked = 0;
    std::uint64_t pending = 0;
    for (const TargetAck& target : receipt.targets) {
      if (target.ack == Ack::acknowledged) ++acked;
      if (target.ack == Ack::pending) ++pending;
    }
    const bool few = scenario_.mode == Mode::semi_sync && acked < scenario_.min_sync_replicas;
    const bool some = scenario_.mode == Mode::sync && pending > 0 && scenario_.pauses == 0;
    if (few || some) violate("a write is a success with too few acks");
  }

  /// The version that the primary shows is the one that its writer was told.
  asio::awaitable<void> check_version(std::string key) {
    const auto body = co_await held("primary", key);
    const auto there = co_await look(context_, *plain_.at("primary"), key);
    // One that was a target's copy of what others had put back has the version of that.
    if (!body || !there || !*there || !source_of(**there).empty()) co_return;
    const ClientWrite* write = history_.acknowledged_with(key, *body);
    if (write == nullptr || *write->acknowledged == version_of(**there)) co_return;
    violate(key + " has another version at the primary than in its receipt");
  }

  /// An older write may land there yet, or has, over what was acknowledged: that is delivered
  /// again, or the key's newer write if it is `overtaken`, and not read until then.
  [[nodiscard]] bool is_in_doubt(const std::string& target, bool overtaken) const {
    const bool late = overtaken && scenario_.late.target > 0;
    const auto all = group_->status();
    return std::ranges::any_of(all, [&](const TargetStatus& each) {
      return each.name == target && (each.in_doubt > 0 || (late && each.tasks > 0));
    });
  }

  asio::awaitable<void> check_receipt(std::string key, std::uint64_t number, Receipt receipt) {
    co_await check_version(key);
    const bool overtaken = history_.newest(key) > number;
    for (const TargetAck& target : receipt.targets) {
      if (target.ack != Ack::acknowledged || is_in_doubt(target.target, overtaken)) continue;
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
        const std::uint64_t since = owed(key);
        const auto body = co_await held(status.name, key);
        const auto wrong = history_.judge(key, body, since);
        if (wrong) violate(status.name + " is said to have caught up, but " + *wrong);
      }
    }
  }

  void check_pause(const std::string& name, const std::string& key) {
    const auto paused = paused_.find(name);
    if (paused == paused_.end() || moving_ + moves_ > 0 || key.starts_with(kOwnKeys)) return;
    if (world_.mono_now() - paused->second > kUnderWay) violate(name + " is paused, but is asked");
  }

  void check_order(const std::string& name, const std::string& key, const PutOptions& options) {
    const auto text = options.metadata.user.find(kVersionMetadata);
    if (key.starts_with(kOwnKeys) || text == options.metadata.user.end()) return;
    if (at_risk_.contains(key)) return;  // until the old primary is back, its past is the present
    const godwit::Version version = godwit::Version::parse(text->second).value();
    godwit::Version& newest = newest_[name + "/" + key];
    if (version < newest) violate(name + " is given an older version of " + key);
    newest = std::max(newest, version);
  }

  // The end.

  asio::awaitable<void> end_well() {
    process_ = {};
    engine_.restart();
    world_.disk().restart();
    const bool started = co_await start();
    if (!started) {
      violate("it does not start in a healed world");
      co_return;
    }
    co_await landings_.join();
    co_await tell_all();
    find_rivals();
    co_await wait_until_settled();
    co_await check_end();
    co_await stop();
  }

  asio::awaitable<void> wait_until_settled() {
    const MonoTime latest = world_.mono_now() + kPatience;
    while (!settled() && world_.mono_now() < latest) {
      for (const std::string& name : names_) {
        co_await check_letters(name);
        co_await redrive(name);
      }
      for (const TargetStatus& status : group_->status()) {
        if (status.why_failed.contains("fill it anew")) co_await fill_anew(status.name);
      }
      (void)co_await context_.sleep(1s);
    }
    if (!settled()) violate("not settled after hours");
  }

  /// Where nothing waits, a dead letter is of the newest write of its key: an older one has left
  /// its grave for that.
  asio::awaitable<void> check_letters(std::string name) {
    const auto all = group_->status();
    const auto target = std::ranges::find(all, name, &TargetStatus::name);
    if (target == all.end() || target->tasks > 0 || target->lag > Duration::zero()) co_return;
    const std::string from;
    const auto letters = co_await group_->dead_letters(name, from, 1000);
    if (!letters) co_return;
    for (const journal::DeadLetter& letter : *letters) {
      const journal::Write& write = letter.task.write;
      const auto newest = history_.newest_acknowledged(write.key);
      const bool older = newest && write.version < *newest && !at_risk_.contains(write.key);
      if (older && write.change != journal::Change::compare) {
        violate("a dead letter of " + name + " is older than the newest write of " + write.key);
      }
    }
  }

  /// A primary that was lost before it got its marker: the operator does as he is told.
  asio::awaitable<void> fill_anew(std::string name) {
    (void)co_await group_->remove_target(name);
    (void)co_await group_->add_target(context_.with_timeout(20s), target(name), open(name));
  }

  [[nodiscard]] bool settled() const {
    bool settled = group_->unsettled() == 0;
    for (const TargetStatus& status : group_->status()) {
      // What the operator paused stays paused over a restart only if he says so again.
      settled = settled && status.caught_up && status.lag == Duration::zero();
    }
    return settled;
  }

  asio::awaitable<void> check_end() {
    for (const std::string& what : rivals_.lost()) {
      violate("what others had put to a target is lost without a trace: " + what);
    }
    for (const std::string& key : history_.keys()) co_await check_end_of(key);
    for (const auto& [name, objects] : foreign_) {
      for (const auto& [key, bytes] : objects) {
        const auto there = co_await held(name, key);
        if (there != bytes)
          violate("in the end " + key + " of others is not as it was, at " + name);
      }
    }
  }

  /// What others wrote to the primary has a version in its copies only.
  static bool says_the_same(const ObjectInfo& one, const ObjectInfo& other) {
    const bool ours = source_of(one).empty() && source_of(other).empty();
    if (!ours || !carries_version(one) || !carries_version(other)) return true;
    return version_of(one) == version_of(other);
  }

  asio::awaitable<void> check_end_of(std::string key) {
    co_await check_version(key);
    const std::string primary = group_->primary();
    const auto at_primary = co_await look(context_, *plain_.at(primary), key);
    const auto body = co_await held(primary, key);
    const std::uint64_t since = forgiven_.contains(key) ? 0 : history_.acknowledged(key);
    if (auto wrong = history_.judge(key, body, since)) {
      violate("in the end " + *wrong);
    }
    for (const auto& [name, store] : plain_) {
      const auto there = co_await look(context_, *store, key);
      const auto copy = co_await held(name, key);
      const bool same = copy == body && (!body || says_the_same(**there, **at_primary));
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
  std::map<std::string, std::unique_ptr<Store>> regions_;
  /// What the regions hold, as whoever has the keys reads it.
  std::map<std::string, std::unique_ptr<Store>> plain_;
  std::map<std::string, bool> away_;
  std::vector<std::string> names_;
  std::vector<std::string> untold_;  // keys that others have changed at the primary
  std::map<std::string, godwit::Version> newest_;
  std::uint64_t moves_ = 0;
  std::uint32_t epoch_ = 0;
  struct Suspect {
    std::string key;
    std::uint64_t number = 0;
    std::string primary;
  };
  std::vector<Suspect> suspects_;
  std::set<std::string> at_risk_;   // keys that a failover has named
  std::set<std::string> forgiven_;  // those of removals that no store keeps a trace of
  Faults primary_faults_;
  Faults target_faults_;
  LateWrites late_;
  bool healed_in_life_ = false;
  std::map<std::string, MonoTime> paused_;
  std::size_t moving_ = 0;
  std::map<std::string, std::map<std::string, std::string>> foreign_;
  Process process_;
  std::unique_ptr<LocalCoordinator> coordinator_;
  std::unique_ptr<Group> group_;
  GroupHistory history_;
  Rivals rivals_;
  Outcome outcome_;
  TaskGroup landings_;  // late writes; they end before all else does
};

}  // namespace

Outcome live(const GroupScenario& scenario, std::uint64_t seed) {
  return GroupLife(scenario, seed).run();
}

}  // namespace godwit::sim
