#include "service/drill.h"

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <map>
#include <utility>

#include "base/duration.h"
#include "service/attention.h"
#include "service/line_log.h"
#include "world/disk.h"

namespace godwit::service {
namespace {

constexpr Bytes kSize = 64 * kKiB;
/// What tells a drill's object from one of somebody who likes its prefix.
constexpr const char* kMadeBy = "made-by";
constexpr const char* kDrill = "godwit drill";
constexpr std::size_t kMostLeftovers = 1000;
constexpr Bytes kMostRecord = kMiB;
/// How often is looked though nothing was heard: events may have been dropped.
constexpr Duration kLook = std::chrono::seconds(1);
/// Of a store that hangs, so that it does not hold up the others.
constexpr Duration kRead = std::chrono::seconds(10);

std::string bytes_of(std::uint64_t seed) {
  std::string bytes(kSize, '\0');
  for (char& each : bytes) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    each = static_cast<char>(seed >> 56U);
  }
  return bytes;
}

std::string key_of(WallTime at, std::uint64_t seed) {
  char tail[16];
  std::snprintf(tail, sizeof tail, "%08x", static_cast<unsigned>(seed & 0xFFFFFFFFU));
  return std::string(kDrillPrefix) + timestamp(at) + "-" + tail;
}

/// When the targets say that they have what was last done to a key.
/// Concurrency: any thread.
class Arrivals {
 public:
  explicit Arrivals(World& world) : world_(world) {}

  void hear(const Event& event) {
    const std::lock_guard lock(mutex_);
    if (event.type == EventType::write_replicated) {
      arrived_[event.target] = world_.mono_now();
    } else if (event.type == EventType::write_failed) {
      buried_[event.target] = event.message;
    } else {
      return;
    }
    ++count_;
    changed_.notify_all();
  }
  /// Of what is done next.
  void forget() {
    const std::lock_guard lock(mutex_);
    arrived_.clear();
    buried_.clear();
  }
  [[nodiscard]] std::uint64_t count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  /// Until more was heard than `known`.
  void wait(std::uint64_t known, Duration most, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, most, [&] { return count_ != known; });
  }
  [[nodiscard]] bool heard_of(const std::string& target) const {
    const std::lock_guard lock(mutex_);
    return arrived_.contains(target) || buried_.contains(target);
  }
  /// Now, where nothing was heard.
  [[nodiscard]] MonoTime when(const std::string& target) const {
    const std::lock_guard lock(mutex_);
    const auto found = arrived_.find(target);
    return found == arrived_.end() ? world_.mono_now() : found->second;
  }
  /// Why it will not get it.
  [[nodiscard]] std::optional<std::string> buried(const std::string& target) const {
    const std::lock_guard lock(mutex_);
    const auto found = buried_.find(target);
    return found == buried_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  World& world_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::uint64_t count_ = 0;
  std::map<std::string, MonoTime> arrived_;
  std::map<std::string, std::string> buried_;
};

class Drill {
 public:
  Drill(World& world, ReplicatedStore& store, const DrillOptions& options, std::stop_token stop)
      : world_(world),
        store_(store),
        options_(options),
        stop_(std::move(stop)),
        bytes_(bytes_of(options.seed)),
        arrivals_(world) {
    report_.began = world.wall_now();
    report_.key = key_of(report_.began, options.seed);
    report_.size = kSize;
  }

  Result<DrillReport> run() {
    const MonoTime begun = world_.mono_now();
    GODWIT_CHECK(look_around());
    remove_leftovers();
    GODWIT_TRY(const std::uint64_t handler, store_.on_event([this](const Event& event) {
      if (event.key == report_.key) arrivals_.hear(event);
    }));
    if (write()) follow_write();
    remove();
    store_.remove_handler(handler);
    report_.took = world_.mono_now() - begun;
    if (!stop_.stop_requested()) return std::move(report_);
    return fail(Code::cancelled, report_.cleaned
                                     ? "the drill was cancelled; its object is removed"
                                     : "the drill was cancelled; its object " + report_.key +
                                           " is removed by the next drill");
  }

 private:
  using Waiting = std::vector<StoreDrill*>;

  static void fail_store(StoreDrill& store, std::string why, std::string hint) {
    store.proof = Proof::failed;
    store.why = std::move(why);
    store.hint = std::move(hint);
  }

  StoreDrill& primary() { return report_.stores.front(); }
  void step() { options_.progress(++done_, 2 + 2 * tried_); }

  static std::string hint_of(const TargetStatus& target) {
    if (target.state == State::paused) return "godwit targets resume " + target.name;
    if (target.health == Health::unhealthy) return "is the store up, and can it be reached?";
    return "godwit status says how it stands";
  }

  Result<void> look_around() {
    GODWIT_TRY(const GroupStatus status, store_.status());
    report_.stores.push_back({.store = status.primary, .is_primary = true});
    for (const TargetStatus& target : status.targets) {
      StoreDrill store{.store = target.name, .region = target.region};
      const bool served = target.state == State::active || target.state == State::syncing;
      if (!served || target.health == Health::unhealthy) {
        store.why = note_of(target);
        store.hint = hint_of(target);
      } else {
        ++tried_;
      }
      report_.stores.push_back(std::move(store));
    }
    return {};
  }

  /// Of drills that were killed.
  void remove_leftovers() {
    std::vector<std::string> keys;
    const ListRange range{.prefix = std::string(kDrillPrefix)};
    (void)store_.list(range, [&keys](const ListEntry& entry) {
      keys.push_back(entry.key);
      return keys.size() < kMostLeftovers;
    });
    for (const std::string& key : keys) {
      const auto head = store_.head(key, {.preference = ReadPreference::primary});
      if (!head) continue;
      const auto& user = head->info.metadata.user;
      const auto maker = user.find(kMadeBy);
      if (maker != user.end() && maker->second == kDrill) (void)store_.remove(key);
    }
  }

  bool write() {
    const MonoTime begun = world_.mono_now();
    WriteOptions how{.mode = Mode::async, .timeout = options_.patience};
    how.metadata.user[kMadeBy] = kDrill;
    const auto written = store_.put(report_.key, bytes_, how);
    acknowledged_ = world_.mono_now();
    step();
    if (!written) {
      for (StoreDrill* target : targets_to_try()) {
        target->why = "nothing was written that it could get";
      }
      fail_store(primary(), "the write failed: " + written.error().to_string(),
                 "nothing can be written to the group: see godwit status");
      return false;
    }
    primary().written = acknowledged_ - begun;
    return true;
  }

  /// Calls `ended` for each of which something was heard, and now and then, until it says so of
  /// all. Yields those of which it never did.
  template <class Ended>
  Waiting await_all(Waiting waiting, Ended ended) {
    const MonoTime deadline = world_.mono_now() + options_.patience;
    MonoTime next_look = world_.mono_now() + kLook;
    for (;;) {
      const std::uint64_t count = arrivals_.count();
      const MonoTime now = world_.mono_now();
      const bool at_all = now >= std::min(next_look, deadline);
      if (at_all) next_look = now + kLook;
      std::erase_if(waiting, [&](StoreDrill* store) {
        const bool over = (at_all || arrivals_.heard_of(store->store)) && ended(*store);
        if (over) step();
        return over;
      });
      if (waiting.empty() || now >= deadline || stop_.stop_requested()) return waiting;
      arrivals_.wait(count, std::min(next_look, deadline) - now, stop_);
    }
  }

  /// Since the write or the removal was answered.
  [[nodiscard]] Duration taken_by(const StoreDrill& store) const {
    return std::max(arrivals_.when(store.store) - acknowledged_, Duration::zero());
  }

  void read_back(StoreDrill& store, const std::string& body) {
    store.verified = body == bytes_;
    if (store.verified) return;
    fail_store(store, "holds other bytes than were written",
               "godwit verify and godwit repair; what lies between damages objects");
  }

  /// It has what it will have of the write.
  bool has_answered(StoreDrill& store) {
    const auto found = store_.get(report_.key, {.from = store.store, .timeout = kRead});
    if (found) {
      if (!store.is_primary) store.written = taken_by(store);
      read_back(store, found->body);
      return true;
    }
    if (store.is_primary) {
      fail_store(store, "cannot be read: " + found.error().to_string(),
                 "it took the write; see godwit status");
      return true;
    }
    const auto buried = arrivals_.buried(store.store);
    if (!buried) return false;
    fail_store(store, "refused it: " + *buried, "godwit dead-letters list " + store.store);
    return true;
  }

  Waiting targets_to_try() {
    Waiting waiting;
    for (StoreDrill& store : report_.stores) {
      if (!store.is_primary && store.why.empty()) waiting.push_back(&store);
    }
    return waiting;
  }

  /// What kept it from having it in time, by what is known of it now.
  void blame(StoreDrill& store, const std::string& what) {
    const auto status = store_.status();
    const std::string late = what + " after " + format_duration(options_.patience);
    TargetStatus now{.name = store.store};
    if (status) {
      const auto found = std::ranges::find(status->targets, store.store, &TargetStatus::name);
      if (found != status->targets.end()) now = *found;
    }
    fail_store(store, late + ": " + note_of(now), hint_of(now));
    if (now.state == State::paused) store.proof = Proof::not_proven;
  }

  void follow_write() {
    (void)has_answered(primary());
    const Waiting late = await_all(targets_to_try(), [this](auto& s) { return has_answered(s); });
    if (stop_.stop_requested()) return;
    for (StoreDrill* store : late) blame(*store, "does not have it");
  }

  bool is_gone(StoreDrill& store) {
    const auto found = store_.head(report_.key, {.from = store.store, .timeout = kRead});
    if (found || found.error().code() != Code::not_found) return false;
    if (!store.is_primary) store.removed = taken_by(store);
    store.proof = Proof::proven;
    return true;
  }

  /// The object is not wanted any more, whatever has become of it.
  void remove() {
    arrivals_.forget();
    const MonoTime begun = world_.mono_now();
    const auto removed = store_.remove(report_.key, {.mode = Mode::async});
    acknowledged_ = world_.mono_now();
    step();
    report_.cleaned = removed.has_value();
    if (!removed) {
      if (primary().why.empty()) {
        fail_store(primary(), "the removal failed: " + removed.error().to_string(),
                   "the next drill removes " + report_.key);
      }
      return;
    }
    primary().removed = acknowledged_ - begun;
    if (primary().verified && !is_gone(primary())) {
      fail_store(primary(), "still has the object that was removed", "see godwit status");
    }
    Waiting waiting = targets_to_try();
    std::erase_if(waiting, [](const StoreDrill* store) { return !store->verified; });
    const Waiting late = await_all(waiting, [this](auto& s) { return is_gone(s); });
    if (stop_.stop_requested()) return;
    for (StoreDrill* store : late) blame(*store, "still has the removed object");
  }

  World& world_;
  ReplicatedStore& store_;
  const DrillOptions& options_;
  std::stop_token stop_;
  const std::string bytes_;
  Arrivals arrivals_;
  DrillReport report_;
  MonoTime acknowledged_{};
  std::uint64_t tried_ = 0;  // targets
  std::uint64_t done_ = 0;
};

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

Json shape(const StoreDrill& store) {
  Json json{{"store", store.store},
            {"region", store.region},
            {"role", store.is_primary ? "primary" : "target"},
            {"result", to_string(store.proof)}};
  if (store.written) json["written_ms"] = milliseconds(*store.written);
  json["verified"] = store.verified;
  if (store.removed) json["removed_ms"] = milliseconds(*store.removed);
  if (!store.why.empty()) json["why"] = store.why;
  if (!store.hint.empty()) json["hint"] = store.hint;
  return json;
}

}  // namespace

std::string_view to_string(Proof proof) {
  switch (proof) {
    case Proof::proven: return "proven";
    case Proof::not_proven: return "not_proven";
    case Proof::failed: return "failed";
  }
  return "";
}

Proof DrillReport::proof() const {
  Proof worst = Proof::proven;
  for (const StoreDrill& store : stores) worst = std::max(worst, store.proof);
  return worst;
}

Json shape(const DrillReport& report) {
  const auto at =
      std::chrono::duration_cast<std::chrono::milliseconds>(report.began.time_since_epoch());
  Json json{{"result", to_string(report.proof())},
            {"key", report.key},
            {"at", timestamp(report.began)},
            {"at_ms", at.count()},
            {"took_ms", milliseconds(report.took)},
            {"size", report.size},
            {"cleaned", report.cleaned},
            {"stores", Json::array()}};
  for (const StoreDrill& store : report.stores) json["stores"].push_back(shape(store));
  return json;
}

Result<DrillReport> run_drill(World& world, ReplicatedStore& store, const DrillOptions& options,
                              const std::stop_token& stop) {
  Drill drill(world, store, options, stop);
  return drill.run();
}

Result<void> DrillRecord::load() {
  GODWIT_TRY(const auto text, read_file_if_there(world_.disk(), path_, kMostRecord));
  if (!text) return {};
  Json json = Json::parse(*text, nullptr, false);
  const bool told = json.is_object() && json.contains("result") && json["result"].is_string() &&
                    json.contains("at_ms") && json["at_ms"].is_number();
  if (!told) {
    return fail(Error(Code::corrupted, path_ + " tells of no drill")
                    .with_hint("remove the file, or make a drill: it is written anew"));
  }
  const std::lock_guard lock(mutex_);
  last_ = std::move(json);
  return {};
}

Result<void> DrillRecord::save(const DrillReport& report) {
  const std::lock_guard lock(mutex_);
  last_ = shape(report);
  const std::string text = dump(last_) + "\n";
  GODWIT_CHECK(replace_file(world_.disk(), path_, as_bytes(text)));
  return {};
}

Json DrillRecord::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

}  // namespace godwit::service
