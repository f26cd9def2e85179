#include "store/file/file_unflushed.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

namespace godwit::file {
namespace {

using namespace std::chrono_literals;

constexpr const char* kBootId = "/proc/sys/kernel/random/boot_id";
constexpr int kFormat = 1;
constexpr Bytes kLargestNote = 1 * kKiB;
/// Notes of runs that the power ended; more are merged into one.
constexpr std::size_t kMostDoubts = 8;
/// Names that others may have taken in the same moment.
constexpr int kMostTries = 20;
/// File systems date changes by the tick, and clocks are set.
constexpr Duration kMargin = 2s;
/// Where the clock was set back over the power loss, it does not tell when the run ended.
constexpr Duration kLongestRun = 24h * 7;

struct Text {
  std::string boot;
  WallTime since{};
  std::optional<WallTime> until;
};

std::string encode(const Text& note) {
  nlohmann::json json = {
      {"format", kFormat}, {"boot", note.boot}, {"since", note.since.time_since_epoch().count()}};
  if (note.until) json["until"] = note.until->time_since_epoch().count();
  return json.dump() + "\n";
}

/// What cannot be read speaks of everything: a note has its name when it is whole.
Text decode(const std::string& text) {
  Text all{.boot = {}, .since = WallTime::min(), .until = {}};
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return all;
  try {
    if (json.value("format", 0) != kFormat) return all;
    Text note;
    note.boot = json.value("boot", "");
    note.since = WallTime(Duration(json.at("since").get<Duration::rep>()));
    if (json.contains("until")) note.until = WallTime(Duration(json["until"].get<Duration::rep>()));
    return note;
  } catch (const nlohmann::json::exception&) {
    return all;
  }
}

/// Empty where the system does not tell.
std::string boot_of(Disk& disk) {
  const auto file = disk.open(kBootId, OpenMode::read);
  if (!file) return {};
  std::array<char, 64> text{};
  const auto count = (*file)->read_at(0, std::as_writable_bytes(std::span(text)));
  std::string boot(text.data(), count.value_or(0));
  while (boot.ends_with('\n')) boot.pop_back();
  return boot;
}

/// Ends the name of a note whose flush failed: what it speaks of is in doubt in this boot already.
constexpr std::string_view kLost = ".lost";

bool is_name(std::string_view name) {
  if (name.ends_with(kLost)) name.remove_suffix(kLost.size());
  return name.size() == 16 && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

Unflushed::Unflushed(Disk& disk, std::string directory, std::function<Result<void>()> sync_names)
    : disk_(disk), directory_(std::move(directory)), sync_names_(std::move(sync_names)) {}

Result<bool> Unflushed::in_doubt(const FileStat& file) const {
  if (no_doubts_) return false;
  const std::lock_guard lock(mutex_);
  GODWIT_CHECK(load());
  const auto speaks_of_it = [&file](const Doubt& doubt) {
    return doubt.since <= file.changed && (!doubt.until || file.changed < *doubt.until);
  };
  const auto doubt = std::ranges::find_if(doubts_, speaks_of_it);
  if (doubt == doubts_.end()) return false;
  if (doubt->until || file.changed <= open_at_) return true;
  // Another process may have closed it meanwhile, and written this file after.
  loaded_ = false;
  GODWIT_CHECK(load());
  if (std::ranges::none_of(doubts_, speaks_of_it)) return false;
  open_at_ = file.changed;
  return true;
}

Result<Unflushed::Writing> Unflushed::begin(Synced synced, WallTime changed) const {
  Writing writing(gate_);
  const std::lock_guard lock(mutex_);
  GODWIT_CHECK(load());
  if (!closed_) GODWIT_CHECK(close_doubts(changed));
  if (synced == Synced::by_its_writer) return writing;
  const bool noted =
      std::ranges::any_of(notes_, [changed](const Note& note) { return note.since <= changed; });
  if (!noted) GODWIT_CHECK(make_note(changed - kMargin));
  return writing;
}

Result<void> Unflushed::flush(const std::string& root) const {
  std::vector<Note> notes;
  {
    const std::lock_guard all_placed(gate_);
    const std::lock_guard lock(mutex_);
    if (lost_) return fail(Error(*lost_));
    GODWIT_CHECK(load());
    GODWIT_CHECK(take_over_dead(notes));
    std::ranges::move(notes_, std::back_inserter(notes));
    notes_.clear();
  }
  if (notes.empty()) return {};
  const Result<void> synced = disk_.sync_all(root);
  if (synced) return remove(notes);
  const std::lock_guard lock(mutex_);
  lost_ = Error(synced.error())
              .with(Retry::never)
              .with_hint("what this run wrote is in doubt; run again to have it copied again");
  condemn(notes);
  return fail(Error(*lost_));
}

// Notes of others.

Result<std::vector<std::string>> Unflushed::paths() const {
  const auto entries = disk_.list(directory_);
  if (!entries && entries.error().code() == Code::not_found) return std::vector<std::string>();
  if (!entries) return fail(Error(entries.error()));
  std::vector<std::string> found;
  for (const DirectoryEntry& entry : *entries) {
    if (is_name(entry.name)) found.push_back(directory_ + "/" + entry.name);
  }
  std::ranges::sort(found);
  return found;
}

Result<void> Unflushed::load() const {
  if (loaded_) return {};
  const std::string boot = boot_of(disk_);
  std::vector<Doubt> doubts;
  GODWIT_TRY(const std::vector<std::string> found, paths());
  for (const std::string& path : found) {
    GODWIT_TRY(const auto text, read_file_if_there(disk_, path, kLargestNote));
    if (!text) continue;
    const Text note = decode(*text);
    if (note.boot == boot && !boot.empty() && !path.ends_with(kLost)) continue;
    doubts.push_back({path, note.since, note.until});
  }
  boot_ = boot;
  doubts_ = std::move(doubts);
  no_doubts_ = doubts_.empty();
  closed_ =
      std::ranges::all_of(doubts_, [](const Doubt& doubt) { return doubt.until.has_value(); });
  loaded_ = true;
  return {};
}

Result<void> Unflushed::close_doubts(WallTime now) const {
  for (Doubt& doubt : doubts_) {
    if (doubt.until) continue;
    const WallTime until = doubt.since < now ? now : doubt.since + kLongestRun;
    const std::string text = encode({.boot = {}, .since = doubt.since, .until = until});
    GODWIT_CHECK(replace_file(disk_, doubt.path, as_bytes(text)));
    doubt.until = until;
  }
  if (doubts_.size() > kMostDoubts) GODWIT_CHECK(merge_doubts());
  closed_ = true;
  return {};
}

Result<void> Unflushed::merge_doubts() const {
  Doubt all = doubts_.front();
  for (const Doubt& doubt : doubts_) {
    all.since = std::min(all.since, doubt.since);
    all.until = std::max(*all.until, *doubt.until);
  }
  const std::string text = encode({.boot = {}, .since = all.since, .until = all.until});
  GODWIT_CHECK(replace_file(disk_, all.path, as_bytes(text)));
  for (const Doubt& doubt : doubts_) {
    if (doubt.path != all.path) (void)disk_.remove_file(doubt.path);
  }
  doubts_ = {std::move(all)};
  return {};
}

/// Of processes of this boot that ended before they could flush: what they wrote is in the
/// system's cache.
Result<void> Unflushed::take_over_dead(std::vector<Note>& notes) const {
  if (boot_.empty()) return {};
  GODWIT_TRY(const std::vector<std::string> found, paths());
  for (const std::string& path : found) {
    if (path.ends_with(kLost)) continue;
    if (std::ranges::find(notes_, path, &Note::path) != notes_.end()) continue;
    GODWIT_TRY(const auto text, read_file_if_there(disk_, path, kLargestNote));
    const Text note = text ? decode(*text) : Text();
    if (note.boot != boot_) continue;
    auto lock = disk_.lock(path);
    if (lock) notes.push_back({path, note.since, *std::move(lock)});
  }
  return {};
}

// Notes of this process.

Result<void> Unflushed::make_note(WallTime since) const {
  GODWIT_CHECK(disk_.make_directory(directory_, Access::shared));
  const std::string text = encode({.boot = boot_, .since = since, .until = {}});
  auto number = static_cast<unsigned long long>(since.time_since_epoch().count());
  for (int tries = 0; tries < kMostTries; ++tries, ++number) {
    std::array<char, 24> name{};
    std::snprintf(name.data(), name.size(), "/%016llx", number);
    const std::string path = directory_ + name.data();
    if (disk_.stat(path)) continue;
    GODWIT_CHECK(replace_file(disk_, path, as_bytes(text)));
    GODWIT_TRY(std::shared_ptr<void> lock, hold(path, text));
    if (!lock) continue;
    GODWIT_CHECK(sync_names_());
    notes_.push_back({path, since, std::move(lock)});
    return {};
  }
  return fail(Code::unavailable, directory_ + ": others write notes here at the same time");
}

/// Nothing when somebody took it for that of a dead process before it was locked.
Result<std::shared_ptr<void>> Unflushed::hold(const std::string& path,
                                              const std::string& text) const {
  auto lock = disk_.lock(path);
  if (!lock && lock.error().code() == Code::precondition_failed) return nullptr;
  if (!lock) return fail(std::move(lock).error());
  GODWIT_TRY(const auto now, read_file_if_there(disk_, path, kLargestNote));
  if (now == text) return lock;
  // The lock made it anew.
  (void)disk_.remove_file(path);
  return nullptr;
}

Result<void> Unflushed::remove(const std::vector<Note>& notes) const {
  for (const Note& note : notes) {
    const Result<void> removed = disk_.remove_file(note.path);
    if (!removed && removed.error().code() != Code::not_found) return removed;
  }
  // One that came back with the next power loss would put in doubt what is sound.
  return disk_.sync_directory(directory_);
}

/// By a name alone, for a disk that does not sync takes nothing more: if the power takes that name
/// back, the note is of another boot.
void Unflushed::condemn(const std::vector<Note>& notes) const {
  for (const Note& note : notes) {
    (void)disk_.rename(note.path, note.path + std::string(kLost), OnExisting::replace);
  }
}

}  // namespace godwit::file
