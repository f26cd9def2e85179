#include "sim/life.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "sim/audit.h"
#include "sim/history.h"
#include "sim/others.h"
#include "sim/source_writer.h"
#include "sim/witness.h"
#include "store/etag.h"
#include "store/file/file_store.h"
#include "store/layers/chaos.h"
#include "store/layers/retry.h"
#include "store/memory/memory_store.h"
#include "transfer/gc.h"
#include "transfer/sync.h"
#include "transfer/verify.h"
#include "world/signal.h"
#include "world/sim/sim_world.h"

namespace godwit::sim {
namespace {

using namespace std::chrono_literals;
using namespace transfer;

constexpr std::uint64_t kMostViolations = 5;
/// How often another process acts in the midst of a call: one in so many.
constexpr std::uint64_t kCallsPerHiddenChange = 60;

/// One process: what it is given, when it dies.
struct Process {
  bool dead = false;
  bool lost_power = false;
  std::uint64_t steps = 0;
  std::uint64_t dies_at = 0;  // step; 0: never
  Crash dies_by = Crash::process;
  CancelSource* stop = nullptr;
};

class Ear final : public Observer {
 public:
  Ear(const Process& process, Outcome& outcome) : process_(process), outcome_(outcome) {}
  void on_start(const Progress&) override {}
  void on_event(const Event& event) override {
    if (named != nullptr && is_class(event.kind)) named->emplace(event.key, event.kind);
    if (event.kind == EventKind::resumed && !process_.dead) ++outcome_.resumed;
  }

  std::multimap<std::string, EventKind>* named = nullptr;

 private:
  const Process& process_;
  Outcome& outcome_;
};

enum class Weather : std::uint8_t { quiet, rough };

/// One of the two stores: where it is and what goes wrong there.
struct Side {
  std::string name;
  Kind kind = Kind::memory;
  const Trouble* most = nullptr;
  Faults calls{};
};

class Life {
 public:
  Life(const Scenario& scenario, std::uint64_t seed)
      : scenario_(scenario),
        world_(seed),
        context_(world_),
        source_{"source", scenario.workload.source, &scenario.source},
        target_{"target", scenario.workload.target, &scenario.target},
        bare_source_(open_bare(source_)),
        bare_target_(open_bare(target_)),
        writer_(world_, scenario.workload,
                source_.kind == Kind::memory ? bare_source_.get() : nullptr, "/source", history_),
        others_(world_, target_.kind) {}

  Outcome run() {
    const MonoTime begun = world_.mono_now();
    if (!world_.run(live())) violation("the world stands still");
    outcome_.simulated = world_.mono_now() - begun;
    outcome_.trace = world_.trace();
    outcome_.marks = world_.marks();
    return std::move(outcome_);
  }

 private:
  void violation(std::string text) {
    if (outcome_.violations.size() < kMostViolations) {
      outcome_.violations.push_back(std::move(text));
    }
  }
  std::uint64_t below(std::uint64_t bound) { return world_.random() % bound; }
  bool strikes(double share) {
    return sim_storage::strikes([this] { return world_.random(); }, share);
  }
  bool decides(Often often) {
    return often == Often::always || (often == Often::sometimes && below(2) == 0);
  }

  // Stores.

  std::unique_ptr<Store> open_bare(const Side& side) {
    StoreSpec spec;
    spec.scheme = side.kind == Kind::memory ? "memory" : "file";
    if (side.kind == Kind::memory) {
      spec.name = side.name;
      return memory_.open(world_, spec).value();
    }
    spec.prefix = "/" + side.name;
    spec.options["fsync"] = scenario_.call.fsync;
    spec.options["missing"] = "empty";
    return file::file_scheme().open(world_, spec).value();
  }

  std::unique_ptr<Store> open(const Side& side) {
    Testimony testimony;
    testimony.step = [this] { step(); };
    testimony.dead = [this] { return process_.dead; };
    if (&side == &target_) {
      testimony.wrote = [this](const std::string& key) { written_.insert(key); };
      testimony.acknowledged = &acknowledged_;
      testimony.parts = &parts_;
    }
    std::unique_ptr<Store> store = with_witness(open_bare(side), std::move(testimony));
    return with_retries(with_chaos(std::move(store), &side.calls));
  }

  /// One call of the process, to the disk or a store.
  void step() {
    if (process_.dead || ++process_.steps != process_.dies_at) return;
    process_.dead = true;
    process_.lost_power = process_.dies_by == Crash::power;
    world_.disk().crash(process_.dies_by, scenario_.crash.losses);
    ++outcome_.crashes;
    process_.stop->cancel();
  }

  void on_disk_call() {
    step();
    const bool hidden = scenario_.workload.writer == Writer::between_calls;
    if (hidden && !process_.dead && below(kCallsPerHiddenChange) == 0) writer_.change_file();
  }

  // What goes wrong.

  double roll(double most) {
    // Some troubles are as bad as they can be, to outlast every retry.
    if (most == 0 || below(4) == 0) return most;
    return most * static_cast<double>(below(1000)) / 1000.0;
  }

  void roll(Side& side) {
    for (const auto share : {&Faults::unavailable, &Faults::lost_answer, &Faults::throttled,
                             &Faults::broken_listing, &Faults::cut_body, &Faults::flipped_bit}) {
      side.calls.*share = roll(side.most->calls.*share);
    }
    side.calls.longest_delay = Duration(static_cast<Duration::rep>(
        roll(static_cast<double>(side.most->calls.longest_delay.count()))));
    roll_disk("/" + side.name, side.most->disk);
  }

  void roll_disk(const std::string& path, const DiskFaults& most) {
    DiskFaults& faults = world_.disk().faults(path);
    faults = most;
    // What a file system is; no fault that passes, but Tree takes another way.
    faults.no_unnamed = below(2) == 0;
    for (const auto share :
         {&DiskFaults::read_error, &DiskFaults::write_error, &DiskFaults::sync_error,
          &DiskFaults::list_error, &DiskFaults::attribute_error, &DiskFaults::no_descriptors,
          &DiskFaults::no_space}) {
      faults.*share = roll(most.*share);
    }
  }

  void heal_faults() {
    for (Side* side : {&source_, &target_}) {
      side->calls = {};
      DiskFaults& faults = world_.disk().faults("/" + side->name);
      faults = {};
      faults.attributes = side->most->disk.attributes;
    }
    world_.disk().faults("/state") = {};
  }

  // Reading back.

  Task<Contents> read(Store& store) {
    const SimDisk::Undisturbed looking(world_.disk());
    Contents all;
    const std::unique_ptr<Listing> listing = store.list(ListOptions{});
    for (;;) {
      GODWIT_CO_TRY(const std::vector<ListEntry> page, co_await listing->next(context_));
      if (page.empty()) co_return all;
      for (const ListEntry& entry : page) {
        const GetOptions options;
        GODWIT_CO_TRY(GetResult got, co_await store.get(context_, entry.key, options));
        Found& found = all[entry.key];
        found.metadata = got.info.metadata;
        found.modified = got.info.modified;
        found.doubtful = is_doubtful(entry.etag);
        GODWIT_CO_TRY(found.bytes, co_await read_all(*got.body, kGiB));
      }
    }
  }

  asio::awaitable<Contents> snapshot(const Side& side) {
    Store& store = &side == &source_ ? *bare_source_ : *bare_target_;
    const Result<Contents> contents = co_await read(store);
    if (contents) co_return *contents;
    violation("the " + side.name + " cannot be read: " + contents.error().to_string());
    co_return Contents();
  }

  // The life.

  asio::awaitable<void> live() {
    boot();
    for (std::uint64_t i = 0; i < scenario_.workload.keys; ++i) co_await writer_.change();
    // So many changes at once have times ahead of the clock.
    (void)co_await world_.sleep_until(world_.mono_now() + 1s, {});
    for (std::uint64_t i = 0; i < scenario_.workload.runs && outcome_.violations.empty(); ++i) {
      co_await plant_extras();
      roll(source_);
      roll(target_);
      roll_disk("/state", scenario_.state.disk);
      co_await one_run();
      co_await audits();
    }
    if (outcome_.violations.empty()) co_await heal();
  }

  /// Things that only the target has, for a run with `delete` to find.
  asio::awaitable<void> plant_extras() {
    heal_faults();
    for (const char* key : {"a-extra", "k/5-extra", "z-extra"}) {
      const Version version = history_.make_version(key, 100, world_.wall_now());
      MemoryBody body(body_of(version));
      const Upload upload{&body, version.size};
      PutOptions options;
      options.metadata = metadata_of(version);
      (void)co_await bare_target_->put(context_, key, upload, options);
      acknowledged_.forget(key);
    }
    (void)co_await bare_target_->flush(context_);
  }

  asio::awaitable<void> keep_writing(const bool& stop) {
    while (!stop) {
      (void)co_await world_.sleep_until(world_.mono_now() + 1ms * (1 + below(200)), {});
      if (!stop) co_await writer_.change();
    }
  }

  asio::awaitable<void> cancel_later(CancelSource& cancel, const bool& stop) {
    const MonoTime when = world_.mono_now() + 1ms * (1 + below(3000));
    while (!stop && world_.mono_now() < when) {
      (void)co_await world_.sleep_until(world_.mono_now() + 20ms, {});
    }
    if (!stop) cancel.cancel();
  }

  Task<SyncSummary> sync_once(const Context& context, Extra extra) {
    const auto from = open(source_);
    const auto to = open(target_);
    SyncOptions options;
    options.extra = extra;
    // In the end an empty source is what its writers left.
    if (healed_) options.empty_source = EmptySource::accept;
    options.transfer.listers = 1 + below(4);
    options.transfer.attempts = scenario_.call.attempts;
    options.transfer.multipart_threshold = scenario_.call.multipart_threshold;
    options.transfer.part_size = scenario_.call.part_size;
    if (scenario_.call.keeps_state) options.transfer.state_directory = "/state";
    Ear ear(process_, outcome_);
    co_return co_await sync(context, *from, *to, options, ear);
  }

  void begin_process(CancelSource& stop, Weather weather) {
    written_.clear();
    const std::uint64_t usual = std::max<std::uint64_t>(process_.steps, 100);
    process_ = Process{};
    process_.stop = &stop;
    const bool quiet = weather == Weather::quiet;
    if (!quiet && strikes(scenario_.crash.share)) process_.dies_at = 1 + below(usual);
    process_.dies_by = scenario_.crash.kind.value_or(below(2) == 0 ? Crash::power : Crash::process);
    parts_.next_run();
    if (!quiet) world_.disk().on_call([this] { on_disk_call(); });
  }

  asio::awaitable<void> end_process() {
    world_.disk().on_call({});
    world_.disk().restart();
    process_.stop = nullptr;
    if (!process_.lost_power) co_return;
    // To start a machine takes its time.
    (void)co_await world_.sleep_until(world_.mono_now() + 20s, {});
    boot();
  }

  /// The machine starts, as all processes on it can see.
  void boot() {
    const SimDisk::Undisturbed system(world_.disk());
    const std::string directory = "/proc/sys/kernel/random";
    const std::string id = "boot-" + std::to_string(++boots_) + "\n";
    (void)world_.disk().make_directory(directory, Access::shared);
    (void)replace_file(world_.disk(), directory + "/boot_id", as_bytes(id));
    bare_target_ = open_bare(target_);
  }

  asio::awaitable<void> one_run() {
    const Contents before = co_await snapshot(target_);
    const std::uint64_t began = history_.now();
    bool stop = false;
    CancelSource cancel;
    TaskGroup others(world_.executor());
    if (scenario_.workload.writer == Writer::beside) others.spawn(keep_writing(stop));
    if (strikes(scenario_.cancel_share)) others.spawn(cancel_later(cancel, stop));
    begin_process(cancel, Weather::rough);
    const Context context = context_.with_cancel(cancel.token());
    const Extra extra = decides(scenario_.call.removes_extras) ? Extra::remove : Extra::keep;
    const Result<SyncSummary> summary = co_await sync_once(context, extra);
    stop = true;
    co_await others.join();
    co_await end_process();
    const Contents after = co_await snapshot(target_);
    check_target(before, after, began);
    check_parts();
    if (process_.dead) co_return;
    if (!summary) {
      ++outcome_.failures;
      co_return;
    }
    judge_counts(*summary, extra);
    if (!is_done(*summary)) co_return;
    const Contents source = co_await snapshot(source_);
    check_done(source, after, {extra, began});
  }

  // Between two syncs.

  asio::awaitable<void> audits() {
    const Audits& often = scenario_.audits;
    const auto due = [this](double share) {
      return share > 0 && outcome_.violations.empty() && strikes(share);
    };
    if (due(often.damage)) co_await damage();
    if (due(often.verify)) co_await one_audit(draw_audit(), draw_weather());
    if (due(often.repair)) {
      Audit repair = draw_audit();
      repair.mends = true;
      co_await one_audit(std::move(repair), draw_weather());
    }
    if (due(often.gc)) co_await one_sweep(draw_weather());
    if (often.longest_pause == Duration{}) co_return;
    const auto most = static_cast<std::uint64_t>(often.longest_pause.count());
    const auto pause = Duration(static_cast<Duration::rep>(below(most)));
    (void)co_await world_.sleep_until(world_.mono_now() + pause, {});
  }

  Weather draw_weather() { return below(2) == 0 ? Weather::quiet : Weather::rough; }

  Audit draw_audit() {
    Audit audit;
    constexpr std::array kLevels = {VerifyLevel::listing, VerifyLevel::checksum,
                                    VerifyLevel::content};
    audit.level = kLevels.at(below(kLevels.size()));
    audit.extra = below(2) == 0 ? Extra::keep : Extra::remove;
    return audit;
  }

  asio::awaitable<void> damage() {
    const Contents there = co_await snapshot(target_);
    const Result<std::set<std::string>> keys = co_await others_.damage(*bare_target_, there);
    if (!keys) {
      violation("others cannot change the target: " + keys.error().to_string());
      co_return;
    }
    for (const std::string& key : *keys) acknowledged_.forget(key);
    others_.remember(*keys, co_await snapshot(target_));
  }

  Task<RepairSummary> audit_once(const Context& context, Audit& audit) {
    const auto from = open(source_);
    const auto to = open(target_);
    RepairOptions options;
    options.extra = audit.extra;
    options.verify.level = audit.level;
    options.verify.transfer.listers = 1 + below(4);
    options.verify.transfer.attempts = 1 + below(scenario_.call.attempts);
    options.verify.transfer.multipart_threshold = scenario_.call.multipart_threshold;
    options.verify.transfer.part_size = scenario_.call.part_size;
    if (scenario_.call.keeps_state) options.verify.transfer.state_directory = "/state";
    Ear ear(process_, outcome_);
    ear.named = &audit.named;
    if (audit.mends) co_return co_await repair(context, *from, *to, options, ear);
    RepairSummary summary;
    GODWIT_CO_TRY(summary.found, co_await verify(context, *from, *to, options.verify, ear));
    co_return summary;
  }

  /// A verify or a repair, in a process of its own.
  asio::awaitable<void> one_audit(Audit audit, Weather weather) {
    if (weather == Weather::quiet) heal_faults();
    const Contents source = co_await snapshot(source_);
    const Contents target = co_await snapshot(target_);
    const std::uint64_t began = history_.now();
    bool stop = false;
    CancelSource cancel;
    TaskGroup others(world_.executor());
    const bool rough = weather == Weather::rough;
    if (rough && scenario_.workload.writer == Writer::beside) others.spawn(keep_writing(stop));
    if (rough && strikes(scenario_.cancel_share)) others.spawn(cancel_later(cancel, stop));
    begin_process(cancel, weather);
    const Context context = context_.with_cancel(cancel.token());
    Result<RepairSummary> summary = co_await audit_once(context, audit);
    stop = true;
    co_await others.join();
    co_await end_process();
    const Contents after = co_await snapshot(target_);
    check_target(target, after, began);
    if (process_.lost_power) co_return;
    audit.quiet = !rough;
    audit.flips = source_.calls.flipped_bit + target_.calls.flipped_bit > 0;
    audit.written = written_;
    if (!summary) ++outcome_.failures;
    if (summary && !process_.dead) audit.summary = *std::move(summary);
    if (audit.quiet && !audit.summary) violation("a quiet world, and an audit failed");
    ++outcome_.audits;
    check_audit(audit, {source, target, after}, began);
  }

  void check_audit(const Audit& audit, const Sides& sides, std::uint64_t began) {
    Known known;
    known.unchanged = [this, began](const std::string& key) {
      return history_.source_is_unchanged(key, began);
    };
    known.rotten = [this, &sides](const std::string& key) {
      const auto found = sides.target.find(key);
      return found != sides.target.end() && others_.have_hidden(key, found->second);
    };
    known.tokens = source_.kind == Kind::memory && target_.kind == Kind::memory &&
                   scenario_.workload.in_parts == 0;
    const std::string name = audit.mends ? "repair: " : "verify: ";
    for (const std::string& what : judge(audit, sides, known)) violation(name + what);
  }

  // Uploads that nobody finishes.

  asio::awaitable<std::vector<UploadId>> uploads() {
    co_return (co_await others_.uploads(*bare_target_)).value_or(std::vector<UploadId>());
  }

  asio::awaitable<void> sync_beside(const Context& context, std::optional<SyncSummary>& summary) {
    Result<SyncSummary> done = co_await sync_once(context, Extra::keep);
    if (done) summary = *std::move(done);
  }

  Task<GcSummary> sweep_once(const Context& context, const Sweep& sweep, Duration age) {
    const auto store = open(target_);
    Ear ear(process_, outcome_);
    const std::string all;
    co_return co_await gc(context, *store, all, age, sweep.run, ear);
  }

  /// A gc, in a process of its own or beside a sync.
  asio::awaitable<void> one_sweep(Weather weather) {
    const bool quiet = weather == Weather::quiet;
    if (quiet) heal_faults();
    if (const auto begun = co_await others_.begin_upload(*bare_target_); !begun) {
      violation("others cannot begin an upload: " + begun.error().to_string());
    }
    const Contents before = co_await snapshot(target_);
    const std::uint64_t began = history_.now();
    const Duration age = 1h + 1min * below(1200);
    Sweep sweep;
    sweep.run = below(4) == 0 ? Run::dry : Run::real;
    sweep.before = co_await uploads();
    sweep.surely_old = world_.wall_now() - age;
    CancelSource cancel;
    begin_process(cancel, weather);
    const Context context = context_.with_cancel(cancel.token());
    TaskGroup syncs(world_.executor());
    std::optional<SyncSummary> synced;
    const bool beside = below(2) == 0;
    if (beside) syncs.spawn(sync_beside(context, synced));
    Result<GcSummary> summary = co_await sweep_once(context, sweep, age);
    co_await syncs.join();
    sweep.surely_young = world_.wall_now() - age;
    co_await end_process();
    sweep.after = co_await uploads();
    const Contents after = co_await snapshot(target_);
    check_target(before, after, began);
    ++outcome_.audits;
    if (process_.lost_power) co_return;
    if (summary && !process_.dead) sweep.summary = *std::move(summary);
    if (quiet && (!sweep.summary || sweep.summary->failed > 0)) violation("gc fails");
    if (quiet && beside && (!synced || !is_done(*synced))) violation("a sync beside gc fails");
    if (!beside && !same_objects(before, after)) violation("gc changed an object");
    const auto ended = [this, beside](const UploadId& upload) {
      return beside && !others_.have_begun(upload);
    };
    for (const std::string& what : judge(sweep, ended)) violation("gc: " + what);
  }

  static bool same_objects(const Contents& a, const Contents& b) {
    return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
      return x.first == y.first && x.second.bytes == y.second.bytes &&
             x.second.metadata == y.second.metadata;
    });
  }

  // Oracles.

  [[nodiscard]] bool may_have_lost() const {
    return process_.lost_power && target_.kind == Kind::file && scenario_.call.fsync != "always";
  }

  void check_target(const Contents& before, const Contents& after, std::uint64_t began) {
    const bool lost = may_have_lost();
    if (lost) acknowledged_ = {};
    if (lost && scenario_.call.fsync == "never") {
      history_.forgive();
      return;
    }
    const Times times = target_.kind == Kind::file ? Times::kept : Times::ignored;
    for (const auto& [key, found] : after) {
      if (others_.have_damaged(key, found)) continue;
      if (found.doubtful) {
        ++outcome_.doubts;
        const auto earlier = before.find(key);
        const bool was = earlier != before.end() && earlier->second.doubtful;
        if (!lost && !was) violation(key + " is in doubt, and no power was lost");
        continue;
      }
      if (const auto wrong = history_.judge(key, found, times)) {
        violation("the target's " + *wrong);
      }
    }
    if (lost) return;
    // What was visible and not acknowledged yet may go with the power.
    const bool only_acknowledged = process_.lost_power && target_.kind == Kind::file;
    for (const auto& [key, found] : before) {
      if (only_acknowledged || after.contains(key)) continue;
      if (history_.source_had_all_along(key, began)) {
        violation(key + " was deleted, and the source has it");
      }
    }
    for (const std::string& missing : acknowledged_.missing_in(after)) violation(missing);
  }

  void check_parts() {
    if (!scenario_.expect.resume) return;
    for (const std::string& object : parts_.sent_too_often()) violation(object);
  }

  void judge_counts(const SyncSummary& summary, Extra extra) {
    const Progress& p = summary.progress;
    outcome_.copies += p.replicated;
    outcome_.failures += p.failed + p.retries + (summary.listing_error ? 1 : 0);
    const bool complete = !summary.interrupted && !summary.listing_error;
    if (complete && p.replicated + p.skipped + p.failed != p.total) {
      violation("counts do not add up");
    }
    if (p.deleted > 0 && (!complete || extra == Extra::keep || p.failed > 0)) {
      violation("deleted without having seen and copied all");
    }
  }

  static bool is_done(const SyncSummary& summary) {
    return !summary.interrupted && !summary.listing_error && !summary.delete_refused &&
           summary.progress.failed == 0 && summary.progress.delete_failed == 0;
  }

  struct Done {
    Extra extra;
    std::uint64_t began;
  };
  void check_done(const Contents& source, const Contents& target, Done done) {
    for (const auto& [key, found] : source) {
      if (!history_.source_is_unchanged(key, done.began)) continue;
      const auto copy = target.find(key);
      if (copy == target.end()) {
        violation("all is done, they say, and the target lacks " + key);
      } else if (!(copy->second == found) && !others_.have_damaged(key, copy->second)) {
        violation("all is done, they say, and the target's " + key + " is another version");
      }
    }
    if (done.extra == Extra::keep) return;
    for (const auto& [key, found] : target) {
      if (!source.contains(key) && history_.source_is_unchanged(key, done.began)) {
        violation("all is done, they say, and the target still has " + key);
      }
    }
  }

  asio::awaitable<void> heal() {
    heal_faults();
    healed_ = true;
    process_ = Process{};
    // Changes between two calls take no time, so the last ones are ahead of the clock.
    (void)co_await world_.sleep_until(world_.mono_now() + 1h, {});
    parts_.next_run();
    if (scenario_.audits.damage > 0) {
      Audit mending;
      mending.level = VerifyLevel::content;
      mending.mends = true;
      co_await one_audit(std::move(mending), Weather::quiet);
      others_.forget();
    }
    const Result<SyncSummary> summary = co_await sync_once(context_, Extra::remove);
    if (!summary) {
      violation("a healed world still fails: " + summary.error().to_string());
      co_return;
    }
    if (!is_done(*summary)) violation("a healed world still fails");
    outcome_.copies += summary->progress.replicated;
    const Contents from = co_await snapshot(source_);
    const Contents to = co_await snapshot(target_);
    check_done(from, to, {Extra::remove, history_.now()});
    check_target(to, to, history_.now());
    check_parts();
    const Result<SyncSummary> again = co_await sync_once(context_, Extra::remove);
    if (!again || again->progress.replicated + again->progress.deleted > 0) {
      violation("a second sync finds something to do");
    }
    co_await verify_all();
    co_await check_drafts();
  }

  /// A put that failed or was given up has left nothing; only a process that died may, or others.
  /// What it left is found, all of it.
  asio::awaitable<void> check_drafts() {
    if (target_.kind != Kind::file) co_return;
    const SimDisk::Undisturbed looking(world_.disk());
    const bool clean = outcome_.crashes == 0 && !others_.have_begun_any();
    if (clean && !is_empty("tmp")) violation("a draft was left behind");
    Sweep sweep;
    const Result<GcSummary> summary = co_await sweep_once(context_, sweep, Duration{});
    if (!summary || summary->failed > 0) violation("gc fails in a healed world");
    if (!is_empty("tmp")) violation("gc left a draft behind");
    if (!is_empty("uploads")) violation("gc left something of an upload behind");
  }

  bool is_empty(const std::string& directory) {
    const auto entries = world_.disk().list("/target/.godwit/" + directory);
    return !entries || entries->empty();
  }

  asio::awaitable<void> verify_all() {
    VerifyOptions options;
    options.level = VerifyLevel::content;
    Ear ear(process_, outcome_);
    const Result<VerifySummary> verified =
        co_await verify(context_, *bare_source_, *bare_target_, options, ear);
    if (!verified) {
      violation("verify failed: " + verified.error().to_string());
      co_return;
    }
    // Empty objects may keep the metadata of an older version.
    const std::uint64_t found =
        verified->missing + verified->extra + verified->different + verified->unreadable;
    if (found > 0 || verified->listing_error) violation("verify finds a difference");
  }

  const Scenario& scenario_;
  SimWorld world_;
  Context context_;
  SchemeInfo memory_ = memory_scheme();
  Side source_;
  Side target_;
  std::unique_ptr<Store> bare_source_;
  std::unique_ptr<Store> bare_target_;
  History history_;
  SourceWriter writer_;
  Acknowledged acknowledged_;
  Parts parts_;
  Process process_;
  std::multiset<std::string> written_;  // by the process
  Others others_;
  std::uint64_t boots_ = 0;
  bool healed_ = false;
  Outcome outcome_;
};

}  // namespace

Outcome live(const Scenario& scenario, std::uint64_t seed) { return Life(scenario, seed).run(); }

}  // namespace godwit::sim
