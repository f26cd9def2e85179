#include "world/sim/sim_disk.h"

#include <algorithm>
#include <cctype>
#include <deque>
#include <utility>

#include "world/sim/sim_errors.h"
#include "world/sim/sim_file.h"

namespace godwit {

using sim_storage::failed;
using sim_storage::full;
using sim_storage::Inode;
using sim_storage::InodePtr;
using sim_storage::io_error;
using sim_storage::not_there;
using sim_storage::stat_of;

namespace {

constexpr std::size_t kLongestName = 255;
constexpr std::size_t kMostLinks = 40;

void split(std::string_view path, std::deque<std::string>& before) {
  std::vector<std::string> names;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    if (slash != 0) names.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  before.insert(before.begin(), names.begin(), names.end());
}

bool lies_below(const std::string& path, const std::string& top) {
  return path.starts_with(top) &&
         (top.ends_with('/') || path.size() == top.size() || path[top.size()] == '/');
}

template <class Entries>
auto find_folded(Entries& entries, const std::string& name) {
  const auto same_letter = [](unsigned char a, unsigned char b) {
    return std::tolower(a) == std::tolower(b);
  };
  return std::ranges::find_if(entries, [&](const auto& entry) {
    return std::ranges::equal(entry.first, name, same_letter);
  });
}

Bytes bytes_in(const Inode& inode) {
  Bytes sum = inode.live.bytes.size();
  for (const auto& [name, entry] : inode.entries) sum += bytes_in(*entry);
  return sum;
}

}  // namespace

/// The disk as `Disk::without_links` promises it.
class SimDisk::WithoutLinks final : public Disk {
 public:
  explicit WithoutLinks(SimDisk& disk) : disk_(disk) {}

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    const Refusing refusing(disk_);
    return disk_.open(path, mode);
  }
  Result<std::unique_ptr<File>> open_unnamed(const std::string& directory) override {
    const Refusing refusing(disk_);
    return disk_.open_unnamed(directory);
  }
  Result<void> link(File& file, const std::string& path) override {
    const Refusing refusing(disk_);
    return disk_.link(file, path);
  }
  Result<FileStat> stat(const std::string& path) override {
    const Refusing refusing(disk_);
    return disk_.stat(path);
  }
  Result<std::vector<DirectoryEntry>> list(const std::string& directory) override {
    const Refusing refusing(disk_);
    return disk_.list(directory);
  }
  Result<Inspection> inspect(const std::string& directory, std::span<const std::string> names,
                             const std::string& attribute) override {
    const Refusing refusing(disk_);
    return disk_.inspect(directory, names, attribute);
  }
  Result<void> make_directory(const std::string& path, Access access) override {
    const Refusing refusing(disk_);
    return disk_.make_directory(path, access);
  }
  Result<void> rename(const std::string& from, const std::string& to,
                      OnExisting on_existing) override {
    const Refusing refusing(disk_);
    return disk_.rename(from, to, on_existing);
  }
  Result<void> remove_file(const std::string& path) override {
    const Refusing refusing(disk_);
    return disk_.remove_file(path);
  }
  Result<void> remove_directory(const std::string& path) override {
    const Refusing refusing(disk_);
    return disk_.remove_directory(path);
  }
  Result<void> sync_directory(const std::string& directory) override {
    const Refusing refusing(disk_);
    return disk_.sync_directory(directory);
  }
  Result<void> sync_all(const std::string& path) override {
    const Refusing refusing(disk_);
    return disk_.sync_all(path);
  }
  Result<std::shared_ptr<void>> lock(const std::string& path) override {
    const Refusing refusing(disk_);
    return disk_.lock(path);
  }

 private:
  class Refusing {
   public:
    explicit Refusing(SimDisk& disk) : disk_(disk) { disk_.links_ = Links::refuse; }
    Refusing(Refusing&&) = delete;
    ~Refusing() { disk_.links_ = Links::follow; }

   private:
    SimDisk& disk_;
  };

  SimDisk& disk_;
};

SimDisk::SimDisk(Random random, std::function<WallTime()> now)
    : without_links_(std::make_unique<WithoutLinks>(*this)),
      random_(std::move(random)),
      now_(std::move(now)),
      root_(make_inode(FileType::directory)) {}

Disk& SimDisk::without_links() { return *without_links_; }

SimDisk::~SimDisk() = default;

InodePtr SimDisk::make_inode(FileType type) {
  auto inode = std::make_shared<Inode>();
  inode->type = type;
  inode->number = ++last_inode_;
  inode->live.modified = inode->durable.modified = inode->changed = now_();
  return inode;
}

DiskFaults& SimDisk::faults(const std::string& path) { return faults_[path]; }

Duration SimDisk::longest_delay() const {
  Duration longest{};
  for (const auto& [path, faults] : faults_) longest = std::max(longest, faults.longest_delay);
  return longest;
}

void SimDisk::crash(Crash kind, sim_storage::Losses losses) {
  ++life_;
  down_ = true;
  locks_.clear();
  if (kind == Crash::process) return;
  // How much the system had written back by itself differs from crash to crash.
  const double survival = 0.1 * static_cast<double>(random_() % 11);
  names_.lose_power(random_, survival);
  root_->lose_power(random_, losses, survival);
}

Result<void> SimDisk::plant_link(const std::string& path, const std::string& leads_to) {
  GODWIT_TRY(const Place place, find(path, Last::stays));
  InodePtr inode = make_inode(FileType::symlink);
  inode->link = leads_to;
  names_.apply({{{place.directory, place.name, std::move(inode)}}, nullptr});
  return {};
}

// Faults.

Result<void> SimDisk::begin(const std::string& path) {
  if (undisturbed_ == 0 && on_call_) {
    const Undisturbed others(*this);
    on_call_();
  }
  if (undisturbed_ > 0 || !down_) return {};
  return fail(Error(Code::unavailable, path + ": the process has ended").with(Retry::never));
}

Result<void> SimDisk::begin(const std::string& path, double DiskFaults::* fault,
                            std::string_view what) {
  GODWIT_CHECK(begin(path));
  if (!strikes(path, fault)) return {};
  if (fault != &DiskFaults::no_descriptors) return io_error(what, path);
  return fail(Error(Code::unavailable, std::string(what) + " " + path + ": Too many open files")
                  .with_hint("raise the limit of open files (ulimit -n)"));
}

const DiskFaults& SimDisk::faults_of(const std::string& path) const {
  static const DiskFaults none;
  const DiskFaults* nearest = &none;
  std::size_t longest = 0;
  for (const auto& [top, faults] : faults_) {
    if (top.size() < longest || !lies_below(path, top)) continue;
    longest = top.size();
    nearest = &faults;
  }
  return *nearest;
}

bool SimDisk::strikes(const std::string& path, double DiskFaults::* fault) {
  const double share = faults_of(path).*fault;
  return undisturbed_ == 0 && share > 0 && sim_storage::strikes(random_, share);
}

bool SimDisk::has_room(const std::string& path, Bytes more) const {
  for (const auto& [top, faults] : faults_) {
    if (undisturbed_ > 0 || !lies_below(path, top)) continue;
    if (faults.capacity == std::numeric_limits<Bytes>::max()) continue;
    const Result<Place> place = find(top, Last::leads_on);
    if (place && place->inode && bytes_in(*place->inode) + more > faults.capacity) return false;
  }
  return true;
}

// Paths.

Result<SimDisk::Place> SimDisk::find(const std::string& path, Last last) const {
  std::deque<std::string> rest;
  split(path, rest);
  std::vector<InodePtr> above = {root_};
  std::size_t links = 0;
  Place place{root_, "", root_};
  while (!rest.empty()) {
    if (place.inode == nullptr || place.inode->type != FileType::directory) return not_there(path);
    const std::string name = std::move(rest.front());
    rest.pop_front();
    if (name.size() > kLongestName) {
      return failed(Code::invalid_argument, "find", path, "File name too long");
    }
    if (name == ".") continue;
    if (name == "..") {
      if (above.size() > 1) above.pop_back();
      place = {above.back(), "", above.back()};
      continue;
    }
    const auto entry =
        folds_case_ ? find_folded(above.back()->entries, name) : above.back()->entries.find(name);
    const bool there = entry != above.back()->entries.end();
    place = {above.back(), there ? entry->first : name, there ? entry->second : nullptr};
    if (!there) continue;
    const bool stays = rest.empty() && last == Last::stays;
    if (place.inode->type == FileType::symlink && !stays) {
      if (links_ == Links::refuse || ++links > kMostLinks) {
        return failed(Code::not_found, "find", path, "Too many levels of symbolic links");
      }
      if (place.inode->link.starts_with('/')) above = {root_};
      split(place.inode->link, rest);
      place = {above.back(), "", above.back()};
      continue;
    }
    if (place.inode->type == FileType::directory) above.push_back(place.inode);
  }
  return place;
}

Result<InodePtr> SimDisk::existing(const std::string& path, Last last) const {
  GODWIT_TRY(const Place place, find(path, last));
  if (!place.inode) return not_there(path);
  return place.inode;
}

Result<InodePtr> SimDisk::directory_at(const std::string& path) const {
  GODWIT_TRY(InodePtr inode, existing(path, Last::leads_on));
  if (inode->type != FileType::directory) return not_there(path);
  return inode;
}

// Calls.

Result<std::unique_ptr<File>> SimDisk::open(const std::string& path, OpenMode mode) {
  GODWIT_CHECK(begin(path, &DiskFaults::no_descriptors, "open"));
  // O_EXCL does not follow a link.
  const bool makes = mode == OpenMode::write_new;
  GODWIT_TRY(Place place, find(path, makes ? Last::stays : Last::leads_on));
  if (makes && place.inode) return failed(Code::precondition_failed, "open", path, "File exists");
  if (makes) {
    if (strikes(path, &DiskFaults::no_space)) return full(path);
    place.inode = make_inode(FileType::regular);
    names_.apply({{{place.directory, place.name, place.inode}}, nullptr});
  }
  if (!place.inode) return not_there(path);
  if (mode == OpenMode::write_existing && place.inode->type == FileType::directory) {
    return failed(Code::precondition_failed, "open", path, "Is a directory");
  }
  return std::make_unique<SimFile>(*this, place.inode, path);
}

Result<std::unique_ptr<File>> SimDisk::open_unnamed(const std::string& directory) {
  GODWIT_CHECK(begin(directory, &DiskFaults::no_descriptors, "open a file in"));
  GODWIT_CHECK(directory_at(directory));
  if (faults_of(directory).no_unnamed) {
    return failed(Code::unsupported, "open a file in", directory, "Operation not supported");
  }
  if (strikes(directory, &DiskFaults::no_space)) return full(directory);
  return std::make_unique<SimFile>(*this, make_inode(FileType::regular), directory + "/(unnamed)");
}

Result<void> SimDisk::link(File& file, const std::string& path) {
  GODWIT_CHECK(begin(path));
  GODWIT_TRY(const Place place, find(path, Last::stays));
  if (place.inode) return failed(Code::precondition_failed, "link", path, "File exists");
  if (strikes(path, &DiskFaults::no_space)) return full(path);
  const InodePtr inode = dynamic_cast<SimFile&>(file).inode();
  inode->changed = now_();
  names_.apply({{{place.directory, place.name, inode}}, nullptr});
  return {};
}

Result<FileStat> SimDisk::stat(const std::string& path) {
  GODWIT_CHECK(begin(path));
  const Last last = links_ == Links::follow ? Last::leads_on : Last::stays;
  GODWIT_TRY(const InodePtr inode, existing(path, last));
  return stat_of(*inode);
}

Result<std::vector<DirectoryEntry>> SimDisk::list(const std::string& directory) {
  GODWIT_CHECK(begin(directory, &DiskFaults::no_descriptors, "list"));
  if (strikes(directory, &DiskFaults::list_error)) return io_error("list", directory);
  GODWIT_TRY(const InodePtr inode, directory_at(directory));
  std::vector<DirectoryEntry> entries;
  for (const auto& [name, entry] : inode->entries) entries.push_back({name, entry->type});
  for (std::size_t left = entries.size(); left > 1; --left) {
    std::swap(entries[left - 1], entries[random_() % left]);
  }
  return entries;
}

Result<Inspection> SimDisk::inspect(const std::string& directory,
                                    std::span<const std::string> names,
                                    const std::string& attribute) {
  GODWIT_CHECK(begin(directory, &DiskFaults::no_descriptors, "look into"));
  GODWIT_TRY(const InodePtr inode, directory_at(directory));
  Inspection found{.directory = stat_of(*inode), .entries = {}};
  const auto facts_of = [&](const std::string& name) -> Result<FileFacts> {
    const std::string path = directory + "/" + name;
    GODWIT_TRY(const FileStat seen, stat(path));
    FileFacts facts{.stat = seen, .attribute = {}};
    if (seen.type != FileType::regular) return facts;
    if (strikes(path, &DiskFaults::attribute_error)) return io_error("read attribute of", path);
    GODWIT_TRY(const InodePtr file, existing(path, Last::leads_on));
    if (!faults_of(path).attributes) return facts;
    const auto kept = file->live.attributes.find(attribute);
    if (kept != file->live.attributes.end()) facts.attribute = kept->second;
    return facts;
  };
  for (const std::string& name : names) found.entries.push_back(facts_of(name));
  return found;
}

// Who may look in makes no difference: nobody else is here.
Result<void> SimDisk::make_directory(const std::string& path, Access access) {
  GODWIT_CHECK(begin(path));
  Result<Place> found = find(path, Last::leads_on);
  const std::size_t slash = path.find_last_of('/');
  if (!found && found.error().code() == Code::not_found && slash != 0) {
    GODWIT_CHECK(make_directory(path.substr(0, slash), access));
    found = find(path, Last::leads_on);
  }
  if (!found && found.error().code() == Code::not_found) {
    return failed(Code::precondition_failed, "make directory", path, "something is in its place");
  }
  GODWIT_TRY(const Place place, std::move(found));
  if (place.inode && place.inode->type == FileType::directory) return {};
  if (place.inode) {
    return failed(Code::precondition_failed, "make directory", path, "something is in its place");
  }
  if (strikes(path, &DiskFaults::no_space)) return full(path);
  names_.apply({{{place.directory, place.name, make_inode(FileType::directory)}}, nullptr});
  return {};
}

Result<void> SimDisk::check_rename(const Place& from, const Place& to, OnExisting on_existing,
                                   const std::string& name) const {
  if (!from.inode || from.name.empty() || to.name.empty()) return not_there(name);
  if (!to.inode) return {};
  const auto refused = [&](Code code, std::string_view why) {
    return failed(code, "rename to", name, why);
  };
  if (on_existing == OnExisting::fail) return refused(Code::precondition_failed, "File exists");
  const bool to_directory = to.inode->type == FileType::directory;
  if (from.inode->type != FileType::directory) {
    if (to_directory) return refused(Code::precondition_failed, "Is a directory");
    return {};
  }
  if (!to_directory) return refused(Code::not_found, "Not a directory");
  if (!to.inode->entries.empty()) {
    return refused(Code::precondition_failed, "Directory not empty");
  }
  return {};
}

Result<void> SimDisk::rename(const std::string& from, const std::string& to,
                             OnExisting on_existing) {
  GODWIT_CHECK(begin(to));
  if (lies_below(to, from) && to != from) {
    return failed(Code::invalid_argument, "rename to", to, "it lies inside");
  }
  GODWIT_TRY(const Place source, find(from, Last::stays));
  GODWIT_TRY(const Place target, find(to, Last::stays));
  GODWIT_CHECK(check_rename(source, target, on_existing, to));
  if (source.inode == target.inode) return {};
  if (strikes(to, &DiskFaults::no_space)) return full(to);
  source.inode->changed = now_();
  const bool replaces_directory = target.inode && target.inode->type == FileType::directory;
  names_.apply(
      {{{source.directory, source.name, nullptr}, {target.directory, target.name, source.inode}},
       replaces_directory ? target.inode : nullptr});
  return {};
}

Result<void> SimDisk::remove_file(const std::string& path) {
  GODWIT_CHECK(begin(path));
  GODWIT_TRY(const Place place, find(path, Last::stays));
  if (!place.inode) return not_there(path);
  if (place.inode->type == FileType::directory) {
    return failed(Code::precondition_failed, "remove", path, "Is a directory");
  }
  names_.apply({{{place.directory, place.name, nullptr}}, nullptr});
  return {};
}

Result<void> SimDisk::remove_directory(const std::string& path) {
  GODWIT_CHECK(begin(path));
  GODWIT_TRY(const Place place, find(path, Last::stays));
  if (!place.inode || place.inode->type != FileType::directory || place.name.empty()) {
    return not_there(path);
  }
  if (!place.inode->entries.empty()) {
    return failed(Code::precondition_failed, "remove", path, "Directory not empty");
  }
  names_.apply({{{place.directory, place.name, nullptr}}, place.inode});
  return {};
}

Result<void> SimDisk::sync_directory(const std::string& directory) {
  GODWIT_CHECK(begin(directory, &DiskFaults::sync_error, "sync"));
  GODWIT_TRY(const InodePtr inode, directory_at(directory));
  names_.sync(inode);
  return {};
}

Result<void> SimDisk::sync_all(const std::string& path) {
  GODWIT_CHECK(begin(path));
  GODWIT_TRY(const InodePtr top, existing(path, Last::leads_on));
  const bool error = strikes(path, &DiskFaults::sync_error);
  const auto sync_below = [error](const auto& self, const InodePtr& inode) -> void {
    error ? inode->drop_unsynced() : inode->sync();
    for (const auto& [name, entry] : inode->entries) self(self, entry);
  };
  sync_below(sync_below, error ? top : root_);
  if (error) return io_error("sync", path);
  names_.sync_all();
  return {};
}

Result<std::shared_ptr<void>> SimDisk::lock(const std::string& path) {
  GODWIT_CHECK(begin(path, &DiskFaults::no_descriptors, "open"));
  GODWIT_TRY(Place place, find(path, Last::leads_on));
  if (!place.inode) {
    place.inode = make_inode(FileType::regular);
    names_.apply({{{place.directory, place.name, place.inode}}, nullptr});
  }
  std::weak_ptr<void>& held = locks_[place.inode.get()];
  if (!held.expired()) {
    return fail(Code::precondition_failed, path + " is locked by another process");
  }
  std::shared_ptr<void> lock = std::make_shared<InodePtr>(place.inode);
  held = lock;
  return lock;
}

}  // namespace godwit
