#include "store/file/file_listing.h"

#include <algorithm>
#include <utility>
#include <vector>

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

/// The walk itself; blocking, resumable entry by entry.
class Walk {
 public:
  Walk(std::shared_ptr<const Tree> tree, ListOptions options)
      : tree_(std::move(tree)), options_(std::move(options)) {
    // Below the last '/' of the prefix nothing else can lie.
    const std::size_t slash = options_.prefix.find_last_of('/');
    root_ = slash == std::string::npos ? "" : options_.prefix.substr(0, slash + 1);
  }

  Result<std::vector<ListEntry>> next_page() {
    if (!std::exchange(started_, true)) {
      const Result<void> begun = begin();
      if (!begun) {
        started_ = false;
        return fail(Error(begun.error()));
      }
    }
    std::vector<ListEntry> page;
    while (!levels_.empty() && page.size() < options_.page_size) {
      if (levels_.back().names.empty()) {
        levels_.pop_back();
        continue;
      }
      std::string name = std::move(levels_.back().names.back());
      levels_.back().names.pop_back();
      const std::string key = levels_.back().prefix + name;
      const Result<void> stepped = name.ends_with('/') ? step_into(key, page) : take(key, page);
      if (!stepped) {
        // The call can be made again: the entry that failed is still to come.
        levels_.back().names.push_back(std::move(name));
        return fail(Error(stepped.error()));
      }
    }
    return page;
  }

 private:
  /// A prefix that is not there holds nothing; a root that is not there is a mistake, unless the
  /// store was opened to be filled.
  Result<void> begin() {
    Result<void> entered = enter(root_);
    if (entered || entered.error().code() != Code::not_found) return entered;
    if (tree_->options().missing == MissingRoot::empty) return {};
    GODWIT_CHECK(tree_->disk().stat(tree_->path_of(""), Symlinks::follow));
    return {};
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

  Result<void> take(const std::string& key, std::vector<ListEntry>& page) {
    if (!wanted(key)) return {};
    const Result<FileStat> stat = tree_->stat(key);
    // Removed between the directory's listing and now, or a link that is skipped.
    if (!stat && stat.error().code() == Code::not_found) return {};
    if (!stat) return fail(Error(stat.error()));
    if (!is_utf8(key)) {
      return fail(Code::invalid_argument,
                  tree_->path_of(key) + ": the name is not UTF-8, so no key can say it");
    }
    ListEntry entry;
    entry.key = key;
    entry.size = stat->size;
    entry.modified = stat->modified;
    const std::optional<Record> record = tree_->record(key);
    entry.etag = etag_of(*stat, record ? &*record : nullptr);
    page.push_back(std::move(entry));
    return {};
  }

  Result<void> step_into(const std::string& key, std::vector<ListEntry>& page) {
    if (!may_hold(key)) return {};
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
    GODWIT_TRY(const FileStat stat, tree_->disk().stat(path, Symlinks::follow));
    level.device = stat.device;
    level.inode = stat.inode;
    const bool loop = std::ranges::any_of(levels_, [&stat](const Level& above) {
      return above.device == stat.device && above.inode == stat.inode;
    });
    if (loop) return fail(Code::invalid_argument, path + ": a symbolic link leads in a circle");
    GODWIT_TRY(const std::vector<DirectoryEntry> entries, tree_->disk().list(path));
    level.names.reserve(entries.size());
    for (const DirectoryEntry& entry : entries) {
      GODWIT_TRY(const FileType type, type_of(prefix, entry));
      if (prefix.empty() && entry.name == kOwnDirectory) continue;
      if (type == FileType::directory) level.names.push_back(entry.name + "/");
      if (type == FileType::regular) level.names.push_back(entry.name);
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
    const auto target = tree_->disk().stat(path, Symlinks::follow);
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
