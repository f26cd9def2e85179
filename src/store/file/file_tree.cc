#include "store/file/file_tree.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "store/file/file_key.h"

namespace godwit::file {
namespace {

/// Directories that are remembered as sure; beyond that they are synced again.
constexpr std::size_t kMostSure = 10'000;

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

std::unexpected<Error> no_file() {
  return fail(Code::not_found, "there is no such object: what has its name is no regular file");
}

/// `path`, its last element with each letter in the other case.
std::string with_other_case(std::string path) {
  for (std::size_t i = path.find_last_of('/') + 1; i < path.size(); ++i) {
    const bool letter = (path[i] >= 'a' && path[i] <= 'z') || (path[i] >= 'A' && path[i] <= 'Z');
    if (letter) path[i] = static_cast<char>(path[i] ^ 0x20);
  }
  return path;
}

Disk& disk_for(Disk& disk, SymlinkPolicy symlinks) {
  return symlinks == SymlinkPolicy::follow ? disk : disk.without_links();
}

}  // namespace

Draft::Draft(Draft&& other) noexcept
    : path(std::exchange(other.path, {})),
      file(std::move(other.file)),
      disk(other.disk),
      spare_path(std::move(other.spare_path)),
      described(other.described),
      synced(other.synced) {}

Draft& Draft::operator=(Draft&& other) noexcept {
  std::swap(path, other.path);
  std::swap(file, other.file);
  std::swap(disk, other.disk);
  std::swap(spare_path, other.spare_path);
  std::swap(described, other.described);
  std::swap(synced, other.synced);
  return *this;
}

Draft::~Draft() {
  if (!path.empty()) (void)disk->remove_file(path);
}

ObjectInfo OpenedFile::info(const std::string& key) const {
  ObjectInfo info;
  info.key = key;
  info.size = stat.size;
  info.modified = stat.modified;
  info.etag = etag();
  if (record) info.metadata = record->metadata;
  return info;
}

Tree::Tree(Disk& disk, const TreeOptions& options)
    : disk_(disk_for(disk, options.symlinks)),
      options_(options),
      records_(disk_, own_path("meta")),
      unflushed_(disk_, own_path("unflushed"),
                 [this] { return sync_names(own_path("unflushed")); }) {}

std::string Tree::own_path(const std::string& name) const {
  return options_.root + "/" + std::string(kOwnDirectory) + "/" + name;
}

Result<void> Tree::check_root() const {
  if (options_.root.empty()) return {};
  const Result<FileStat> root = disk_.stat(options_.root);
  if (!root || root->type == FileType::directory) return {};
  return fail(Error(Code::unavailable, options_.root + " is no directory (any more)")
                  .with_hint("put back what was there"));
}

/// What was not found, or not made, because the root is lost is unavailable.
template <class T>
Result<T> Tree::unless_lost(Result<T> result) const {
  if (result) return result;
  const Code code = result.error().code();
  if (code == Code::not_found || code == Code::precondition_failed) GODWIT_CHECK(check_root());
  return result;
}

Result<FileStat> Tree::stat(const std::string& key) const {
  GODWIT_TRY(const FileStat found, unless_lost(disk_.stat(path_of(key))));
  if (found.type != FileType::regular) return no_file();
  return found;
}

Result<ObjectInfo> Tree::info(const std::string& key) const { return unless_lost(look(key)); }

Result<ObjectInfo> Tree::look(const std::string& key) const {
  const std::string path = path_of(key);
  const std::array<std::string, 1> name = {path.substr(path.find_last_of('/') + 1)};
  GODWIT_TRY(Inspection found, disk_.inspect(parent_of(path), name, kAttribute));
  GODWIT_TRY(const FileFacts facts, std::move(found.entries.front()));
  if (facts.stat.type != FileType::regular) return no_file();
  OpenedFile file;
  file.stat = facts.stat;
  GODWIT_TRY(file.record, records_.read(key, facts.stat, facts.attribute));
  GODWIT_TRY(file.trust, trust(facts.stat, file.record));
  return file.info(key);
}

Result<OpenedFile> Tree::open(const std::string& key) const {
  // A device must not be opened to find out that it is one.
  GODWIT_CHECK(stat(key));
  OpenedFile opened;
  GODWIT_TRY(opened.file, disk_.open(path_of(key), OpenMode::read));
  GODWIT_TRY(opened.stat, opened.file->stat());
  if (opened.stat.type != FileType::regular) return no_file();
  auto attribute = opened.file->attribute(kAttribute);
  if (!attribute && attribute.error().code() != Code::unsupported) {
    return fail(std::move(attribute).error());
  }
  GODWIT_TRY(opened.record, records_.read(key, opened.stat, attribute.value_or(std::nullopt)));
  GODWIT_TRY(opened.trust, trust(opened.stat, opened.record));
  return opened;
}

Result<Trust> Tree::trust(const FileStat& file, const std::optional<Record>& record) const {
  const bool synced =
      record && record->synced && record->size == file.size && record->modified == file.modified;
  if (synced) return Trust::sound;
  GODWIT_TRY(const bool in_doubt, unflushed_.in_doubt(file));
  return in_doubt ? Trust::in_doubt : Trust::sound;
}

Result<void> Tree::flush() const {
  if (options_.fsync != Fsync::batch) return {};
  return unflushed_.flush(options_.root);
}

Result<Draft> Tree::draft(const std::string& key, std::uint64_t random) const {
  std::array<char, 32> name{};
  std::snprintf(name.data(), name.size(), "tmp/%016llx", static_cast<unsigned long long>(random));
  Draft draft;
  draft.disk = &disk_;
  draft.spare_path = own_path(name.data());
  auto file = unnamed(key);
  if (!file && file.error().code() == Code::unsupported) {
    file = disk_.open(draft.spare_path, OpenMode::write_new);
    if (!file && file.error().code() == Code::not_found) {
      GODWIT_CHECK(unless_lost(make_drafts_directory()));
      file = disk_.open(draft.spare_path, OpenMode::write_new);
    }
    if (file) draft.path = draft.spare_path;
  }
  file = unless_lost(std::move(file));
  if (!file) return fail(Error(file.error()));
  draft.file = *std::move(file);
  return draft;
}

/// Beside where it will be, for file systems keep together what was made in one directory; in the
/// root while there is no such directory, since a put that fails must not leave one.
Result<std::unique_ptr<File>> Tree::unnamed(const std::string& key) const {
  if (!has_unnamed_) return fail(Code::unsupported, "");
  auto file = disk_.open_unnamed(parent_of(path_of(key)));
  if (!file && file.error().code() == Code::not_found) {
    file = disk_.open_unnamed(path_of(""));
  }
  if (!file && file.error().code() == Code::not_found) {
    GODWIT_CHECK(disk_.make_directory(path_of(""), Access::shared));
    file = disk_.open_unnamed(path_of(""));
  }
  if (!file && file.error().code() == Code::unsupported) has_unnamed_ = false;
  return file;
}

Result<void> Tree::make_drafts_directory() const {
  // Bytes that are not an object yet are for nobody's eyes.
  GODWIT_CHECK(disk_.make_directory(own_path("tmp"), Access::owner_only));
  learn_case(own_path("tmp"));
  return {};
}

void Tree::learn_case(const std::string& path) const {
  if (case_ != Case::not_looked) return;
  const std::string other = with_other_case(path);
  if (path.compare(other) == 0) return;  // no letters, so no answer
  const Result<FileStat> here = disk_.stat(path);
  if (!here) return;
  const Result<FileStat> there = disk_.stat(other);
  case_ = there && there->inode == here->inode ? Case::folded : Case::kept;
}

Result<void> Tree::check_exact(const std::string& key) const {
  if (case_ != Case::folded) return {};
  for (std::size_t end = key.find('/');; end = key.find('/', end + 1)) {
    const std::string path = path_of(key.substr(0, end));
    if (!disk_.stat(path)) return {};
    GODWIT_TRY(const std::vector<DirectoryEntry> entries, disk_.list(parent_of(path)));
    const std::string name = path.substr(path.find_last_of('/') + 1);
    if (std::ranges::find(entries, name, &DirectoryEntry::name) == entries.end()) {
      return fail(Code::invalid_argument,
                  "this file system folds case: '" + key + "' has the place of another key");
    }
    if (end == std::string::npos) return {};
  }
}

/// A name on the way into place, which only the owner sees.
Result<void> Tree::give_name(Draft& draft) const {
  Result<void> linked = disk_.link(*draft.file, draft.spare_path);
  if (!linked && linked.error().code() == Code::not_found) {
    GODWIT_CHECK(make_drafts_directory());
    linked = disk_.link(*draft.file, draft.spare_path);
  }
  if (linked) draft.path = draft.spare_path;
  return linked;
}

/// A file without a name can take one that is free; to replace another it needs one first.
Result<void> Tree::move(Draft& draft, const std::string& to, OnExisting on_existing) const {
  if (draft.path.empty()) {
    Result<void> linked = disk_.link(*draft.file, to);
    const bool there = !linked && linked.error().code() == Code::precondition_failed;
    if (!there || on_existing == OnExisting::fail) return linked;
    GODWIT_CHECK(give_name(draft));
  }
  // What is there must not give way to bytes that a power loss before the flush would take.
  const bool replaces = on_existing == OnExisting::replace && disk_.stat(to).has_value();
  if (replaces && options_.fsync == Fsync::batch) GODWIT_CHECK(draft.file->sync());
  return disk_.rename(draft.path, to, on_existing);
}

Result<void> Tree::move_into_place(Draft& draft, const std::string& to,
                                   OnExisting on_existing) const {
  Result<void> moved = move(draft, to, on_existing);
  if (moved || moved.error().code() != Code::not_found) return moved;
  GODWIT_CHECK(disk_.make_directory(parent_of(to), Access::shared));
  return move(draft, to, on_existing);
}

/// What is flushed is the file system of the root; no object may be on another one.
Result<void> Tree::check_device(const FileStat& draft) const {
  if (device_ == 0) {
    GODWIT_TRY(const FileStat root, disk_.stat(path_of("")));
    device_ = root.device;
  }
  if (draft.device == device_) return {};
  return fail(Error(Code::unsupported, "another file system is mounted here, below the root")
                  .with_hint("make it a store of its own, with its own file:// URL"));
}

// A name is as sure as the names of the directories above it. Those may have been made just now: by
// this put, by another one that has not synced them yet, by a process that died before it could.
Result<void> Tree::sync_names(std::string directory) const {
  std::vector<std::string> synced;
  for (;;) {
    const Result<void> done = disk_.sync_directory(directory);
    // What holds the root need not be readable to us.
    if (!done && directory.size() >= options_.root.size()) return done;
    const std::lock_guard lock(mutex_);
    if (sure_.contains(directory)) break;
    synced.push_back(directory);
    if (directory == "/") break;
    directory = parent_of(directory);
  }
  const std::lock_guard lock(mutex_);
  if (sure_.size() > kMostSure) sure_.clear();
  sure_.insert(synced.begin(), synced.end());
  return {};
}

Result<void> Tree::place(Draft& draft, const std::string& key, OnExisting on_existing) const {
  const std::string to = path_of(key);
  learn_case(to);
  if (key.find('/') != std::string::npos) learn_case(parent_of(to));
  GODWIT_CHECK(check_exact(key));
  Result<void> moved = move_into_place(draft, to, on_existing);
  if (!moved) {
    const Code code = moved.error().code();
    const auto there = disk_.stat(to);
    if (there && there->type == FileType::directory) {
      return fail(Code::invalid_argument,
                  "a directory has this name: '" + key + "' cannot be both a file and a prefix");
    }
    // Never not_found: to a copier that says that the source has gone.
    if (code == Code::not_found) {
      return fail(Code::unavailable, parent_of(to) + " was removed meanwhile");
    }
    return moved;
  }
  draft.path.clear();
  if (options_.fsync == Fsync::always) return sync_names(parent_of(to));
  return {};
}

Result<void> Tree::describe(Draft& draft, const PutOptions& options, Bytes size) const {
  if (!options.modified) return {};
  const Record record{.metadata = options.metadata,
                      .content_etag = options.content_etag,
                      .size = size,
                      .modified = *options.modified,
                      .synced = draft.synced};
  if (!worth_keeping(record)) return {};
  // Where there are no attributes, or no room, `commit` finds another place.
  draft.described = draft.file->set_attribute(kAttribute, encode(record)).has_value();
  return draft.file->set_modified(*options.modified);
}

Result<PutResult> Tree::commit(Draft& draft, const std::string& key,
                               const PutOptions& options) const {
  if (options.condition == Condition::matches) {
    return fail(Code::unsupported, "a file system cannot replace a file by its version");
  }
  const bool durable = options_.fsync == Fsync::always;
  GODWIT_TRY(FileStat stat, draft.file->stat());
  GODWIT_CHECK(check_device(stat));
  using Synced = Unflushed::Synced;
  const bool at_the_end = options_.fsync == Fsync::batch;
  GODWIT_TRY(const Unflushed::Writing writing,
             unflushed_.begin(at_the_end ? Synced::by_flush : Synced::by_its_writer, stat.changed));
  stat.modified = options.modified.value_or(stat.modified);
  const Record record{.metadata = options.metadata,
                      .content_etag = options.content_etag,
                      .size = stat.size,
                      .modified = stat.modified,
                      .synced = draft.synced};
  if (worth_keeping(record) && !draft.described) {
    GODWIT_CHECK(records_.write(*draft.file, key, stat, record, durable));
    if (durable && records_.has_sidecars()) GODWIT_CHECK(sync_names(own_path("meta")));
  }
  // Last: a file that has its time after a power loss has what was written before it, where the
  // file system keeps the order of changes.
  if (options.modified) GODWIT_CHECK(draft.file->set_modified(*options.modified));
  if (durable) GODWIT_CHECK(draft.file->sync());
  const Result<FileStat> replaced =
      records_.has_sidecars() ? disk_.stat(path_of(key)) : fail(Code::not_found, "");
  const bool exclusive = options.condition == Condition::absent;
  const auto placed = place(draft, key, exclusive ? OnExisting::fail : OnExisting::replace);
  if (!placed) records_.forget(key, stat.inode);
  GODWIT_CHECK(placed);
  if (replaced) records_.forget(key, replaced->inode);
  return PutResult{etag_of(stat, &record)};
}

void Tree::forget_sure(const std::string& directory) const {
  const std::lock_guard lock(mutex_);
  sure_.erase(directory);
}

Result<void> Tree::remove(const std::string& key) const {
  const Result<FileStat> there = stat(key);
  if (!there && there.error().code() == Code::not_found) return {};
  if (!there) return fail(Error(there.error()));
  const std::string path = path_of(key);
  learn_case(path);
  GODWIT_CHECK(check_exact(key));
  const Result<void> removed = disk_.remove_file(path);
  if (!removed && removed.error().code() != Code::not_found) return removed;
  std::string directory = parent_of(path);
  if (options_.fsync == Fsync::always) (void)disk_.sync_directory(directory);
  // Last: a power loss that brings the file back must not find it without its record.
  records_.forget(key, there->inode);
  while (directory.size() > options_.root.size()) {
    forget_sure(directory);
    if (!disk_.remove_directory(directory)) break;
    directory = parent_of(directory);
  }
  return {};
}

}  // namespace godwit::file
