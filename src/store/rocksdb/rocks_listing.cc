#include "store/rocksdb/rocks_listing.h"

#include <algorithm>
#include <utility>

namespace godwit::rocks {
namespace {

/// Rows read where the next jump over a prefix may be near.
constexpr std::size_t kFewRows = 16;
/// No UTF-8 has this byte, so that it sorts behind all that can follow a prefix.
constexpr char kBehindAll = '\xff';

/// The walk itself; blocking. All its keys are whole, with the store's root.
class Walk {
 public:
  Walk(const std::string& root, const ListOptions& options)
      : depth_(options.depth),
        page_size_(options.page_size),
        prefix_(root + options.prefix),
        after_(root + options.start_after),
        root_size_(root.size()) {
    range_.first = object_row(std::max(prefix_, after_));
    range_.end = behind(kObjects);
    if (!options.end_before.empty()) before_ = root + options.end_before;
  }

  /// Failure: leaves the position where it was.
  Result<std::vector<ListEntry>> next(const Objects& objects) {
    Walk moved = *this;
    GODWIT_TRY(std::vector<ListEntry> page, moved.fill(objects));
    *this = std::move(moved);
    return page;
  }

 private:
  Result<std::vector<ListEntry>> fill(const Objects& objects) {
    std::vector<ListEntry> page;
    while (!ended_ && page.size() < page_size_) {
      rows_ = depth_ == Depth::all ? page_size_ : std::min(page_size_, rows_ * 2);
      range_.most = std::min(rows_, page_size_ - page.size());
      GODWIT_TRY(const std::vector<kv::Row> rows, objects.scan(range_));
      if (rows.empty()) ended_ = true;
      GODWIT_CHECK(take(rows, page));
    }
    return page;
  }

  Result<void> take(const std::vector<kv::Row>& rows, std::vector<ListEntry>& page) {
    for (const kv::Row& row : rows) {
      if (row.key < range_.first) continue;  // below a prefix that we have
      GODWIT_TRY(ListEntry entry, entry_of(row));
      const bool past = !entry.key.starts_with(prefix_) && entry.key > prefix_;
      if (past || (!before_.empty() && entry.key >= before_)) {
        ended_ = true;
        return {};
      }
      range_.first = object_row(entry.key) + (entry.is_prefix ? kBehindAll : '\0');
      if (entry.is_prefix) rows_ = kFewRows;
      if (entry.key <= after_) continue;
      entry.key.erase(0, root_size_);
      page.push_back(std::move(entry));
    }
    return {};
  }

  /// What a listing of this depth says of an object: itself, or the prefix that it is below.
  [[nodiscard]] Result<ListEntry> entry_of(const kv::Row& row) const {
    const std::string key = row.key.substr(1);
    const std::size_t slash = depth_ == Depth::level && key.starts_with(prefix_)
                                  ? key.find('/', prefix_.size())
                                  : std::string::npos;
    if (slash != std::string::npos) {
      ListEntry entry;
      entry.key = key.substr(0, slash + 1);
      entry.is_prefix = true;
      return entry;
    }
    GODWIT_TRY(Header header, decode_header(row.value));
    return ListEntry{key, header.size, std::move(header.etag), header.modified, false};
  }

  Depth depth_;
  std::size_t page_size_;
  std::string prefix_;
  std::string after_;   // exclusive
  std::string before_;  // exclusive; empty: none
  std::size_t root_size_;
  kv::Range range_;  // what is still to come
  std::size_t rows_ = kFewRows;
  bool ended_ = false;
};

class RocksListing final : public Listing {
 public:
  RocksListing(const Calls& calls, const std::string& root, const ListOptions& options, Where place)
      : calls_(calls), walk_(std::make_shared<Walk>(root, options)), place_(std::move(place)) {}

  Task<std::vector<ListEntry>> next(const Context& context) override {
    GODWIT_CO_CHECK(context.check());
    auto work = [walk = walk_](const std::shared_ptr<Tables>& tables) {
      return walk->next(tables->objects);
    };
    Result<std::vector<ListEntry>> page = co_await calls_.run(std::move(work));
    if (!page) co_return fail(std::move(page).error().at(place_));
    co_return page;
  }

 private:
  const Calls& calls_;
  std::shared_ptr<Walk> walk_;
  Where place_;
};

}  // namespace

std::unique_ptr<Listing> list_objects(const Calls& calls, const std::string& root,
                                      const ListOptions& options, Where place) {
  return std::make_unique<RocksListing>(calls, root, options, std::move(place));
}

}  // namespace godwit::rocks
