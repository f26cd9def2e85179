#include "world/sim/sim_storage.h"

#include <algorithm>
#include <limits>
#include <ranges>
#include <set>
#include <utility>

namespace godwit::sim_storage {
namespace {

constexpr Bytes kSector = 512;
constexpr std::uint64_t kDevice = 1;

void write(std::string& bytes, Bytes offset, std::string_view text) {
  if (bytes.size() < offset + text.size()) bytes.resize(offset + text.size(), '\0');
  bytes.replace(offset, text.size(), text);
}

void apply(Contents& contents, const FileChange& change) {
  switch (change.kind) {
    case FileChange::Kind::write: write(contents.bytes, change.offset, change.bytes); break;
    case FileChange::Kind::truncate: contents.bytes.resize(change.offset, '\0'); break;
    case FileChange::Kind::attribute: contents.attributes[change.name] = change.bytes; return;
    case FileChange::Kind::time: break;
  }
  contents.modified = change.modified;
}

/// A write reaches the platter sector by sector.
void apply_torn(Contents& contents, const FileChange& change, const Random& random,
                double survival) {
  const std::string_view text = change.bytes;
  for (Bytes at = 0; at < text.size();) {
    const Bytes place = change.offset + at;
    const Bytes length = std::min<Bytes>(kSector - place % kSector, text.size() - at);
    if (strikes(random, survival)) write(contents.bytes, place, text.substr(at, length));
    at += length;
  }
}

/// Whole sectors from its beginning.
void apply_beginning(Contents& contents, const FileChange& change, const Random& random) {
  if (change.kind != FileChange::Kind::write || change.bytes.empty()) return;
  const Bytes end = change.offset + random() % change.bytes.size();
  const Bytes whole = end - end % kSector;
  if (whole <= change.offset) return;
  write(contents.bytes, change.offset,
        std::string_view(change.bytes).substr(0, whole - change.offset));
}

void apply(const NameChange& change, std::map<std::string, InodePtr> Inode::* entries) {
  for (const NameChange::Step& step : change.steps) {
    auto& names = (*step.directory).*entries;
    if (step.inode) {
      names[step.name] = step.inode;
    } else {
      names.erase(step.name);
    }
  }
}

/// The names that some changes touch, to find which others these build on.
class Touched {
 public:
  void add(const NameChange& change) {
    for (const auto& step : change.steps) {
      names_.emplace(step.directory.get(), step.name);
      directories_.insert(step.directory.get());
    }
    if (change.emptied) emptied_.insert(change.emptied.get());
  }
  [[nodiscard]] bool shares_name_with(const NameChange& change) const {
    return std::ranges::any_of(change.steps, [this](const auto& step) {
      return names_.contains({step.directory.get(), step.name});
    });
  }
  [[nodiscard]] bool empties_directory_of(const NameChange& change) const {
    return std::ranges::any_of(
        change.steps, [this](const auto& step) { return emptied_.contains(step.directory.get()); });
  }
  [[nodiscard]] bool touches(const InodePtr& directory) const {
    return directory && directories_.contains(directory.get());
  }

 private:
  std::set<std::pair<const Inode*, std::string>> names_;
  std::set<const Inode*> directories_;
  std::set<const Inode*> emptied_;
};

}  // namespace

bool strikes(const Random& random, double share) {
  const auto drawn = static_cast<double>(random());
  return drawn < share * static_cast<double>(std::numeric_limits<std::uint64_t>::max());
}

FileStat stat_of(const Inode& inode) {
  const bool directory = inode.type == FileType::directory;
  return {.type = inode.type,
          .size = inode.live.bytes.size(),
          .modified = inode.live.modified,
          .changed = inode.changed,
          .device = kDevice,
          .inode = inode.number,
          .mode = directory ? 0700U : 0600U};
}

void Inode::change(FileChange change) {
  apply(live, change);
  unsynced.push_back(std::move(change));
}

void Inode::sync() {
  for (const FileChange& change : unsynced) apply(durable, change);
  unsynced.clear();
}

void Inode::lose_power(const Random& random, Losses losses, double survival) {
  for (const FileChange& change : std::exchange(unsynced, {})) {
    const bool survives = strikes(random, survival);
    if (!survives && losses == Losses::in_order) {
      apply_beginning(durable, change, random);
      break;
    }
    if (change.kind == FileChange::Kind::write && losses == Losses::any_subset) {
      apply_torn(durable, change, random, survival);
      if (survives) durable.modified = change.modified;
    } else if (survives) {
      apply(durable, change);
    }
  }
  live = durable;
  for (const auto& [name, inode] : durable_entries) inode->lose_power(random, losses, survival);
  entries = durable_entries;
}

void NameLog::apply(NameChange change) {
  sim_storage::apply(change, &Inode::entries);
  unsynced_.push_back(std::move(change));
}

// From the newest back, so that each change knows who builds on it.
void NameLog::sync(const InodePtr& directory) {
  Touched needed;
  std::vector<NameChange> later;
  std::vector<NameChange> now;
  while (!unsynced_.empty()) {
    NameChange change = std::move(unsynced_.back());
    unsynced_.pop_back();
    const bool concerns = std::ranges::any_of(
        change.steps, [&](const auto& step) { return step.directory == directory; });
    if (concerns || needed.shares_name_with(change) || needed.empties_directory_of(change)) {
      needed.add(change);
      now.push_back(std::move(change));
    } else {
      later.push_back(std::move(change));
    }
  }
  for (const NameChange& change : std::views::reverse(now)) {
    sim_storage::apply(change, &Inode::durable_entries);
  }
  std::ranges::reverse(later);
  unsynced_ = std::move(later);
}

void NameLog::sync_all() {
  for (const NameChange& change : std::exchange(unsynced_, {})) {
    sim_storage::apply(change, &Inode::durable_entries);
  }
}

void NameLog::lose_power(const Random& random, double survival) {
  Touched lost;
  for (const NameChange& change : std::exchange(unsynced_, {})) {
    const bool hangs = lost.shares_name_with(change) || lost.touches(change.emptied);
    if (!hangs && strikes(random, survival)) {
      sim_storage::apply(change, &Inode::durable_entries);
    } else {
      lost.add(change);
    }
  }
}

}  // namespace godwit::sim_storage
