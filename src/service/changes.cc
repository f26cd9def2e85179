#include "service/changes.h"

#include <algorithm>
#include <utility>

namespace godwit::service {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// Looks at once.
constexpr std::size_t kWorkers = 4;
/// Before a key is looked at again that could not be.
constexpr Duration kOnceMore = seconds(2);
/// Between looks whether the watch is to end, or another directory is the primary.
constexpr Duration kBreath = milliseconds(500);
/// Scans where nothing else tells of changes.
constexpr Duration kUsual = minutes(15);
constexpr Duration kWhenBlind = minutes(1);
/// After a scan that could not look at everything; doubles.
constexpr Duration kFirstRetry = seconds(1);

}  // namespace

Changes::Changes(World& world, ReplicatedStore& store, const DetectConfig& config,
                 std::shared_ptr<LogSink> log, const LookTimes& times)
    : store_(store),
      config_(config),
      times_(times),
      log_(std::move(log)),
      queue_(world),
      places_(config.places) {
  auto listening = store_.on_event([this](const Event& event) {
    if (event.type != EventType::primary_moved) return;
    moved_ = true;
    ask_for_scan();
  });
  if (listening) handler_ = *listening;
  for (std::size_t i = 0; i < kWorkers; ++i) threads_.emplace_back([this] { notice_all(); });
  threads_.emplace_back([this] { scan_all(); });
  if (config_.inotify) threads_.emplace_back([this] { watch_all(); });
}

Changes::~Changes() {
  stop();
  store_.remove_handler(handler_);
}

void Changes::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
  queue_.stop();
}

Result<void> Changes::offer(std::span<const std::string> keys) {
  return queue_.offer(keys, times_.first, Look::once_more);
}

bool Changes::pause(Duration duration) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, duration, [this] { return stopped_; });
  return !stopped_;
}

void Changes::notice_all() {
  while (auto change = queue_.take()) notice(*std::move(change));
}

void Changes::notice(Change change) {
  const std::string key = change.key;
  const auto noticed = store_.notice(key);
  if (!noticed && noticed.error().retry() == Retry::later) {
    queue_.put_back(std::move(change), kOnceMore);
    return;
  }
  const bool nothing_new = noticed && (*noticed == Notice::known || *noticed == Notice::kept);
  if (nothing_new && change.look == Look::once_more && queue_.size() < ChangeQueue::kFlood) {
    queue_.put_back({.key = key, .look = Look::last}, times_.once_more);
  }
  const LogLevel level = noticed ? LogLevel::debug : LogLevel::warning;
  if (!log_->wants(level)) return;
  if (noticed) {
    log_->write(level, "looked at", {{"key", key}, {"notice", std::string(to_string(*noticed))}});
  } else {
    log_->write(level, "cannot look at", {{"key", key}, {"error", noticed.error().to_string()}});
  }
}

// Scans.

void Changes::ask_for_scan() {
  const std::lock_guard lock(mutex_);
  scan_wanted_ = true;
  changed_.notify_all();
}

void Changes::scan_all() {
  Duration pause = Duration::zero();
  while (true) {
    {
      std::unique_lock lock(mutex_);
      const auto due = [this] { return stopped_ || scan_wanted_; };
      if (pause > Duration::zero()) {
        changed_.wait_for(lock, pause, due);
      } else {
        changed_.wait(lock, due);
      }
      if (stopped_) return;
      scan_wanted_ = false;
    }
    const auto report = store_.scan();
    tell(report);
    pause = until_next(report);
  }
}

Duration Changes::interval() const {
  if (config_.scan_interval > Duration::zero()) return config_.scan_interval;
  if (blind_) return kWhenBlind;
  return config_.scan ? kUsual : Duration::zero();
}

Duration Changes::until_next(const Result<ScanReport>& report) {
  const bool whole = report && !report->error && report->failed == 0 && report->skipped.empty();
  if (whole) {
    after_failure_ = Duration::zero();
    return interval();
  }
  const Duration most = std::max(interval(), kUsual);
  after_failure_ = std::clamp(2 * after_failure_, kFirstRetry, most);
  const Duration usual = interval();
  return usual > Duration::zero() ? std::min(usual, after_failure_) : after_failure_;
}

void Changes::tell(const Result<ScanReport>& report) const {
  if (!report || report->error) {
    const Error& error = report ? *report->error : report.error();
    if (error.code() == Code::cancelled || !log_->wants(LogLevel::warning)) return;
    log_->write(LogLevel::warning, "a scan of the primary broke off",
                {{"error", error.to_string()}});
    return;
  }
  const bool news = report->written + report->removed + report->held > 0;
  const LogLevel level = news ? LogLevel::info : LogLevel::debug;
  if (!log_->wants(level)) return;
  log_->write(level, "the primary was scanned",
              {{"keys", std::to_string(report->total)},
               {"written", std::to_string(report->written)},
               {"removed", std::to_string(report->removed)},
               {"kept", std::to_string(report->kept)},
               {"held", std::to_string(report->held)}});
}

// The kernel.

void Changes::watch_all() {
  do {
    watch_once();
  } while (pause(watch_ ? Duration::zero() : kOnceMore));
}

void Changes::watch_once() {
  if (moved_.exchange(false)) watch_.reset();
  if (!watch_ && !open_watch()) return;
  const auto seen = watch_->wait(kBreath);
  if (seen) heed(*seen);
  if (!seen || seen->gone) watch_.reset();
  // What happened before there is a new one is found by a scan.
  if (!watch_) ask_for_scan();
}

void Changes::add_place(const std::string& name, const StoreSpec& place) {
  const std::lock_guard lock(mutex_);
  places_[name] = place;
}

std::optional<StoreSpec> Changes::place_of(const std::string& store) {
  const std::lock_guard lock(mutex_);
  const auto found = places_.find(store);
  return found == places_.end() ? std::nullopt : std::optional(found->second);
}

bool Changes::open_watch() {
  const auto status = store_.status();
  if (!status) return false;
  const auto place = place_of(status->primary);
  // A primary of another kind tells by itself, or is scanned.
  if (!place || place->scheme != "file") return false;
  auto watch = DirectoryWatch::open(place->prefix, ".godwit");
  if (!watch) {
    if (watch.error().code() == Code::unavailable && !blind_.exchange(true)) {
      log_->write(LogLevel::warning,
                  "no inotify watches are left: scans find changes instead; raise "
                  "fs.inotify.max_user_watches or max_user_instances",
                  {{"error", watch.error().to_string()}});
      ask_for_scan();
    }
    return false;
  }
  watch_ = *std::move(watch);
  blind_ = false;
  ask_for_scan();
  return true;
}

void Changes::heed(const DirectoryWatch::Changes& seen) {
  const auto taken = queue_.offer(seen.paths, config_.settle, Look::last);
  if (seen.rescan || !taken) ask_for_scan();
  if (watch_->sees_all() || blind_.exchange(true)) return;
  log_->write(LogLevel::warning,
              "too few inotify watches for all directories: scans find the rest; raise "
              "fs.inotify.max_user_watches",
              {});
  ask_for_scan();
}

}  // namespace godwit::service
