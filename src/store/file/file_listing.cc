#include "store/file/file_listing.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "store/file/file_key.h"

namespace godwit::file {
namespace {

/// Deeper than keys of 1024 bytes can reach.
constexpr std::size_t kDeepest = 512;

/// A directory's entries still to come, the next one last. Names of directories end in '/', so
/// that they sort as the keys below them do.
struct Level {
  std::string prefix;  // of keys: "" or "a/b/"
  std::vector<std::string> names;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
};

/// Files of one directory that are looked at together.
constexpr std::size_t kLargestBatch = 256;

/// The walk itself; blocking, resumable entry by entry.
class Walk {
 public:
  Walk(std::shared_ptr<const Tree> tree, ListOptions options)
      : tree_(std::move(tree)), options_(std::move(options)) {
    // Below the last '/' of the prefix nothing else can lie.
    const std::size_t slash = options_.prefix.find_last_of('/');
    root_ = slash == std::string::npos ? "" : options_.prefix.substr(0, slash + 1);
  }

  /// A step that fails can be made again: what it was to take is still to come. What was found
  /// before it would not come again, so it goes out first and the next call meets the failure.
  Result<std::vector<ListEntry>> next_page() {
    if (!started_) GODWIT_CHECK(begin());
    started_ = true;
    std::vector<ListEntry> page;
    while (!levels_.empty() && page.size() < options_.page_size) {
      const Result<void> stepped = step(page);
      if (stepped) continue;
      if (page.empty()) return fail(Error(stepped.error()));
      break;
    }
    return page;
  }

 private:
  /// A prefix that is not there holds nothing; a root that is not there is a mistake, unless the
  /// store was opened to be filled.
  Result<void> begin() {
    if (!root_.empty()) GODWIT_CHECK(check_key(root_.substr(0, root_.size() - 1)));
    const Result<void> entered = enter(root_);
    if (entered || entered.error().code() != Code::not_found) return entered;
    GODWIT_CHECK(tree_->check_root());
    if (tree_->options().missing == MissingRoot::empty) return {};
    const Result<FileStat> root = tree_->disk().stat(tree_->path_of(""));
    if (root) return {};
    return fail(Error(root.error())
                    .with_hint("check the path; an empty directory may be meant by missing=empty"));
  }

  /// Takes some of the deepest level's next entries.
  Result<void> step(std::vector<ListEntry>& page) {
    Level& level = levels_.back();
    if (level.names.empty()) {
      levels_.pop_back();
      return {};
    }
    if (!level.names.back().ends_with('/')) return take_files(level, page);
    const std::string name = std::move(level.names.back());
    level.names.pop_back();
    const std::string key = level.prefix + name;
    const Result<void> stepped = take_directory(key, page);
    if (stepped) return {};
    const bool gone = stepped.error().code() == Code::not_found;
    const Result<void> outcome = gone ? still_there(levels_.size()) : stepped;
    if (!outcome) levels_.back().names.push_back(name);
    return outcome;
  }

  [[nodiscard]] bool wanted(std::string_view key) const {
    if (!options_.end_before.empty() && key >= options_.end_before) return false;
    return key > options_.start_after && key.starts_with(options_.prefix);
  }

  /// Whether a directory, by its key with '/', can hold keys that are wanted.
  [[nodiscard]] bool may_hold(std::string_view key) const {
    const std::string_view prefix = options_.prefix;
    if (!key.starts_with(prefix) && !prefix.starts_with(key)) return false;
    if (!options_.end_before.empty() && key >= options_.end_before) return false;
    return key > options_.start_after || options_.start_after.starts_with(key);
  }

  /// Something was not found: it was removed, if the directories that held it are the ones that
  /// were entered. An unmounted or replaced tree must not pass for one without objects.
  Result<void> still_there(std::size_t levels) const {
    for (const Level& level : std::span(levels_).first(levels)) {
      const std::string path = tree_->path_of(level.prefix);
      const Result<FileStat> now = tree_->disk().stat(path);
      if (!now && now.error().code() != Code::not_found) return fail(Error(now.error()));
      if (!now || !is_same(level, *now)) return replaced(path);
    }
    return {};
  }

  static bool is_same(const Level& level, const FileStat& now) {
    return level.device == now.device && level.inode == now.inode;
  }

  static std::unexpected<Error> replaced(const std::string& path) {
    return fail(Error(Code::unavailable, path + " was replaced or unmounted during the listing")
                    .with(Retry::never));
  }

  Result<void> take_files(Level& level, std::vector<ListEntry>& page) {
    std::vector<std::string> names;
    const std::size_t room = std::min(kLargestBatch, options_.page_size - page.size());
    for (auto name = level.names.rbegin();
         name != level.names.rend() && names.size() < room && !name->ends_with('/'); ++name) {
      names.push_back(*name);
    }
    const std::string path = tree_->path_of(level.prefix);
    Result<Inspection> found = tree_->disk().inspect(path, names, kAttribute);
    if (!found && found.error().code() == Code::not_found) {
      GODWIT_CHECK(still_there(levels_.size() - 1));
      level.names.clear();
      return {};
    }
    if (!found) return fail(Error(found.error()));
    if (!is_same(level, found->directory)) return replaced(path);
    for (std::size_t i = 0; i < names.size(); ++i) {
      GODWIT_CHECK(take(level.prefix + names[i], found->entries[i], page));
      level.names.pop_back();
    }
    return {};
  }

  Result<void> take(const std::string& key, const Result<FileFacts>& facts,
                    std::vector<ListEntry>& page) const {
    // Removed since the directory was listed.
    if (!facts && facts.error().code() == Code::not_found) return {};
    if (!facts) return fail(Error(facts.error()));
    if (facts->stat.type != FileType::regular) return {};
    if (!is_utf8(key)) {
      return fail(Code::invalid_argument,
                  tree_->path_of(key) + ": the name is not UTF-8, so no key can say it");
    }
    ListEntry entry;
    entry.key = key;
    entry.size = facts->stat.size;
    entry.modified = facts->stat.modified;
    // A record that cannot be read is told when the object is: it does not end the listing.
    const auto record =
        tree_->records().read(key, facts->stat, facts->attribute).value_or(std::nullopt);
    GODWIT_TRY(const Trust trust, tree_->trust(facts->stat, record));
    entry.etag = etag_of(facts->stat, record ? &*record : nullptr, trust);
    page.push_back(std::move(entry));
    return {};
  }

  Result<void> take_directory(const std::string& key, std::vector<ListEntry>& page) {
    const bool whole = options_.depth == Depth::level && key.size() > root_.size() &&
                       key.starts_with(options_.prefix);
    if (!whole) return enter(key);
    if (key <= options_.start_after) return {};
    ListEntry prefix;
    prefix.key = key;
    prefix.is_prefix = true;
    page.push_back(std::move(prefix));
    return {};
  }

  Result<void> enter(const std::string& prefix) {
    const std::string path = tree_->path_of(prefix);
    if (levels_.size() >= kDeepest) {
      return fail(Code::limit_exceeded, path + ": deeper than 512 directories");
    }
    Level level;
    level.prefix = prefix;
    GODWIT_TRY(const FileStat stat, tree_->disk().stat(path));
    level.device = stat.device;
    level.inode = stat.inode;
    const bool loop =
        std::ranges::any_of(levels_, [&stat](const Level& above) { return is_same(above, stat); });
    if (loop) return fail(Code::invalid_argument, path + ": a symbolic link leads in a circle");
    GODWIT_TRY(const std::vector<DirectoryEntry> entries, tree_->disk().list(path));
    for (const DirectoryEntry& entry : entries) {
      if (prefix.empty() && entry.name == kOwnDirectory) continue;
      GODWIT_TRY(const FileType type, type_of(prefix, entry));
      const std::string key = prefix + entry.name;
      if (type == FileType::directory && may_hold(key + "/")) {
        level.names.push_back(entry.name + "/");
      }
      if (type == FileType::regular && wanted(key)) level.names.push_back(entry.name);
    }
    std::ranges::sort(level.names, std::greater<>());
    levels_.push_back(std::move(level));
    return {};
  }

  /// What the entry counts as. Sockets, devices and FIFOs are not objects and are never opened.
  Result<FileType> type_of(const std::string& prefix, const DirectoryEntry& entry) const {
    if (entry.type != FileType::symlink) return entry.type;
    const std::string path = tree_->path_of(prefix + entry.name);
    switch (tree_->options().symlinks) {
      case SymlinkPolicy::skip: return FileType::other;
      case SymlinkPolicy::error:
        return fail(Error(Code::invalid_argument, path + " is a symbolic link")
                        .with_hint("say symlinks=skip or symlinks=follow in the URL"));
      case SymlinkPolicy::follow: break;
    }
    const auto target = tree_->disk().stat(path);
    // A link to nowhere is no object.
    return target ? target->type : FileType::other;
  }

  std::shared_ptr<const Tree> tree_;
  ListOptions options_;
  std::string root_;
  bool started_ = false;
  std::vector<Level> levels_;
};

class FileListing final : public Listing {
 public:
  FileListing(World& world, std::shared_ptr<const Tree> tree, const ListOptions& options,
              Where place)
      : world_(world),
        walk_(std::make_shared<Walk>(std::move(tree), options)),
        place_(std::move(place)) {}

  Task<std::vector<ListEntry>> next(const Context& context) override {
    GODWIT_CO_CHECK(context.check());
    auto work = [walk = walk_] { return walk->next_page(); };
    Result<std::vector<ListEntry>> page = co_await run_blocking(world_, std::move(work));
    if (!page) co_return fail(std::move(page).error().at(place_));
    co_return page;
  }

 private:
  World& world_;
  std::shared_ptr<Walk> walk_;
  Where place_;
};

}  // namespace

std::unique_ptr<Listing> list_tree(World& world, std::shared_ptr<const Tree> tree,
                                   const ListOptions& options, Where place) {
  return std::make_unique<FileListing>(world, std::move(tree), options, std::move(place));
}

}  // namespace godwit::file
