#include "store/coding/coded_listing.h"

#include <algorithm>
#include <utility>

#include "world/signal.h"

namespace godwit::coding {
namespace {

constexpr std::size_t kLooksAtOnce = 32;

/// A page that is being looked at.
struct Page {
  std::vector<ListEntry> entries;
  std::vector<bool> gone;
  std::size_t next = 0;
  std::optional<Error> error;
};

asio::awaitable<void> look(const Context& context, Reading& reading, Page& page) {
  while (!page.error && page.next < page.entries.size()) {
    const std::size_t at = page.next++;
    ListEntry& entry = page.entries[at];
    if (entry.is_prefix) continue;
    const Result<Seen> seen = co_await reading.head(context, entry.key);
    if (seen) {
      entry.size = seen->info.size;
      entry.etag = seen->info.etag;
      // Of the very version that is told now.
      entry.modified = std::max(entry.modified, seen->info.modified);
    } else if (seen.error().code() == Code::not_found) {
      page.gone[at] = true;
    } else if (!page.error) {
      page.error = seen.error();
    }
  }
}

class CodedListing final : public Listing {
 public:
  CodedListing(std::unique_ptr<Listing> inner, Reading& reading)
      : inner_(std::move(inner)), reading_(reading) {}

  Task<std::vector<ListEntry>> next(const Context& context) override {
    for (;;) {
      if (pending_.empty()) {
        GODWIT_CO_TRY(pending_, co_await inner_->next(context));
      }
      if (pending_.empty()) co_return std::vector<ListEntry>();
      GODWIT_CO_TRY(std::vector<ListEntry> seen, co_await described(context));
      pending_.clear();
      if (!seen.empty()) co_return seen;
    }
  }

 private:
  Task<std::vector<ListEntry>> described(const Context& context) {
    Page page{.entries = pending_, .gone = std::vector<bool>(pending_.size())};
    TaskGroup looks(context.world().executor());
    const std::size_t at_once = std::min(kLooksAtOnce, pending_.size());
    for (std::size_t i = 0; i < at_once; ++i) looks.spawn(look(context, reading_, page));
    co_await looks.join();
    if (page.error) co_return fail(*std::move(page.error));
    std::vector<ListEntry> seen;
    for (std::size_t i = 0; i < page.entries.size(); ++i) {
      if (!page.gone[i]) seen.push_back(std::move(page.entries[i]));
    }
    co_return seen;
  }

  std::unique_ptr<Listing> inner_;
  Reading& reading_;
  std::vector<ListEntry> pending_;  // of the inner listing, not told yet
};

}  // namespace

std::unique_ptr<Listing> describe_listing(std::unique_ptr<Listing> inner, Reading& reading) {
  return std::make_unique<CodedListing>(std::move(inner), reading);
}

}  // namespace godwit::coding
