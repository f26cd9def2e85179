#include "transfer/list_diff.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "transfer/key_range.h"
#include "world/signal.h"

namespace godwit::transfer {
namespace {

/// A walk shorter than this is not worth a probe.
constexpr std::size_t kPagesBeforeSplit = 4;
/// One-key listings spent on one attempt to cut a range; what they teach is kept for the next.
constexpr std::size_t kProbesPerSplit = 12;

/// The first key after all that begin so; empty: the end.
std::string after_all_of(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(prefix.back() + 1);
  return prefix;
}

/// A stretch of the key space: keys in (after, before), an empty `before` being the end.
struct Range {
  std::string after;
  std::string before;
  std::string handed;      // the last key that went to the sink
  std::string empty_from;  // where a probe found no more source keys; empty: not known
  std::size_t pages = 0;
  std::size_t pages_at_probe = 0;
};

/// One store's listing within a range.
class Side {
 public:
  Side(Store& store, const Range& range, const DiffOptions& diff)
      : store_(store), last_(range.after) {
    ListOptions options;
    options.prefix = diff.prefix;
    options.start_after = range.after;
    options.end_before = range.before;
    options.page_size = diff.page_size;
    listing_ = store.list(options);
  }

  [[nodiscard]] bool needs_page() const { return at_ == page_.size() && !ended_; }

  [[nodiscard]] Task<void> fill(const Context& context) {
    if (!needs_page()) co_return Result<void>();
    GODWIT_CO_TRY(page_, co_await listing_->next(context));
    at_ = 0;
    ended_ = page_.empty();
    for (const ListEntry& entry : page_) {
      if (entry.key <= last_) co_return out_of_order(entry.key);
      last_ = entry.key;
    }
    co_return Result<void>();
  }

  /// The next row before `before`, or null when there is none in the pages that are here.
  [[nodiscard]] ListEntry* front(const std::string& before) {
    if (at_ == page_.size()) return nullptr;
    ListEntry* entry = &page_[at_];
    return before.empty() || entry->key < before ? entry : nullptr;
  }
  void pop() { ++at_; }

 private:
  [[nodiscard]] std::unexpected<Error> out_of_order(const std::string& key) const {
    return fail(
        Error(Code::corrupted,
              "the listing is not in key order: '" + key + "' came after '" + last_ + "'")
            .at({.region = {}, .store = store_.identity().url, .operation = "list", .key = {}}));
  }

  Store& store_;
  std::unique_ptr<Listing> listing_;
  std::vector<ListEntry> page_;
  std::size_t at_ = 0;
  bool ended_ = false;
  std::string last_;
};

asio::awaitable<void> fill_into(const Context& context, Side& side, Result<void>& result) {
  result = co_await side.fill(context);
}

class Diff {
 public:
  Diff(const Context& context, Store& source, Store& target, const DiffOptions& options,
       DiffSink& sink)
      : context_(context),
        source_(source),
        target_(target),
        options_(options),
        sink_(sink),
        changed_(context.world().executor()),
        walks_(context.world().executor()) {}

  Task<void> run() {
    auto all = std::make_unique<Range>();
    // Where there are no keys it is not worth to cut.
    all->handed = options_.prefix;
    all->before = after_all_of(options_.prefix);
    start(std::move(all));
    const bool anywhere =
        source_.capabilities().list_from_anywhere && target_.capabilities().list_from_anywhere;
    if (anywhere && options_.listers > 1) co_await split_while_walking();
    co_await walks_.join();
    if (error_) co_return fail(*std::move(error_));
    co_return Result<void>();
  }

 private:
  void start(std::unique_ptr<Range> range) {
    Range& started = *range;
    ranges_.push_back(std::move(range));
    walks_.spawn(walk(started));
  }

  asio::awaitable<void> walk(Range& range) {
    const Result<void> walked = co_await walk_to_end(range);
    if (!walked && !error_) error_ = walked.error();
    std::erase_if(ranges_, [&range](const auto& other) { return other.get() == &range; });
    changed_.notify_all();
  }

  Task<void> walk_to_end(Range& range) {
    Side source(source_, range, options_);
    Side target(target_, range, options_);
    while (!error_) {
      GODWIT_CO_CHECK(co_await fill(source, target));
      const bool ended = merge(range, source, target);
      ++range.pages;
      changed_.notify_all();
      GODWIT_CO_CHECK(co_await sink_.room());
      if (ended) break;
    }
    co_return Result<void>();
  }

  /// Asks for both pages at once where both are due.
  Task<void> fill(Side& source, Side& target) {
    if (source.needs_page() && target.needs_page()) {
      TaskGroup other(context_.world().executor());
      Result<void> filled;
      other.spawn(fill_into(context_, target, filled));
      const Result<void> mine = co_await source.fill(context_);
      co_await other.join();
      if (!mine) co_return mine;
      co_return filled;
    }
    GODWIT_CO_CHECK(co_await source.fill(context_));
    co_return co_await target.fill(context_);
  }

  /// Hands over what both sides' pages decide; true when the range has come to its end.
  bool merge(Range& range, Side& source, Side& target) {
    while (!source.needs_page() && !target.needs_page()) {
      ListEntry* s = source.front(range.before);
      ListEntry* t = target.front(range.before);
      if (s == nullptr && t == nullptr) return true;
      const int order = s == nullptr ? 1 : t == nullptr ? -1 : s->key.compare(t->key);
      range.handed = order <= 0 ? s->key : t->key;
      sink_.pair(order <= 0 ? s : nullptr, order >= 0 ? t : nullptr);
      if (order <= 0) source.pop();
      if (order >= 0) target.pop();
    }
    return false;
  }

  asio::awaitable<void> split_while_walking() {
    while (!ranges_.empty() && !error_) {
      Range* longest = range_to_split();
      if (longest == nullptr) {
        co_await changed_.wait();
      } else {
        co_await split(longest);
      }
    }
  }

  [[nodiscard]] Range* range_to_split() const {
    if (ranges_.size() >= options_.listers) return nullptr;
    Range* longest = nullptr;
    for (const auto& range : ranges_) {
      if (range->pages < range->pages_at_probe + kPagesBeforeSplit) continue;
      if (longest == nullptr || range->pages > longest->pages) longest = range.get();
    }
    return longest;
  }

  [[nodiscard]] bool is_walking(const Range* wanted) const {
    return std::ranges::any_of(ranges_, [wanted](const auto& r) { return r.get() == wanted; });
  }

  // The range may end, or be walked past the middle, while a probe is under way.
  asio::awaitable<void> split(Range* range) {
    range->pages_at_probe = range->pages;
    for (std::size_t probe = 0; probe < kProbesPerSplit; ++probe) {
      const std::string& high = range->empty_from.empty() ? range->before : range->empty_from;
      const std::optional<std::string> middle = key_between(range->handed, high);
      if (!middle) co_return;
      const Result<bool> found = co_await has_source_keys(*middle, range->before);
      if (!found || !is_walking(range)) co_return;
      if (*found) {
        if (range->handed < *middle) cut(*range, *middle);
        co_return;
      }
      range->empty_from = *middle;
    }
  }

  Task<bool> has_source_keys(const std::string& after, const std::string& before) {
    ListOptions probe;
    probe.prefix = options_.prefix;
    probe.start_after = after;
    probe.end_before = before;
    probe.page_size = 1;
    const std::unique_ptr<Listing> listing = source_.list(probe);
    GODWIT_CO_TRY(const std::vector<ListEntry> page, co_await listing->next(context_));
    co_return !page.empty();
  }

  void cut(Range& range, const std::string& middle) {
    auto far = std::make_unique<Range>();
    far->after = middle;
    far->handed = middle;
    far->before = std::exchange(range.before, just_after(middle));
    far->empty_from = std::exchange(range.empty_from, std::string());
    start(std::move(far));
  }

  const Context& context_;
  Store& source_;
  Store& target_;
  DiffOptions options_;
  DiffSink& sink_;
  Signal changed_;
  std::vector<std::unique_ptr<Range>> ranges_;  // being walked
  std::optional<Error> error_;
  TaskGroup walks_;
};

}  // namespace

Task<void> list_diff(const Context& context, Store& source, Store& target,
                     const DiffOptions& options, DiffSink& sink) {
  Diff diff(context, source, target, options, sink);
  co_return co_await diff.run();
}

}  // namespace godwit::transfer
