#include "store/layers/retry.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "store/layers/forwarding.h"

namespace godwit {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostDoublings = 10;

/// Pauses before the next attempt, or says why there is none.
class Attempts {
 public:
  Attempts(const Context& context, const RetryPolicy& policy)
      : context_(context), policy_(policy) {}

  /// True when the call should be made again.
  asio::awaitable<bool> again(const Error& error) {
    RetryBudget* budget = context_.retry_budget();
    const bool hopeless = error.retry() == Retry::never || ++made_ >= policy_.attempts ||
                          (budget != nullptr && !budget->spend());
    if (hopeless) co_return false;
    const Result<void> slept = co_await context_.sleep(pause(error));
    co_return slept.has_value();
  }

  void succeeded() {
    if (RetryBudget* budget = context_.retry_budget()) budget->earn();
  }

 private:
  [[nodiscard]] Duration pause(const Error& error) const {
    const auto doubled = policy_.first_pause * (1U << std::min(made_ - 1, kMostDoublings));
    const Duration ceiling = std::min<Duration>(policy_.longest_pause, doubled);
    const auto span = static_cast<std::uint64_t>(ceiling.count()) + 1;
    const auto jittered = Duration(context_.world().random() % span);
    const Duration asked = error.retry_after().value_or(0ms);
    return std::max(jittered, std::min(asked, policy_.longest_pause));
  }

  const Context& context_;
  const RetryPolicy& policy_;
  std::size_t made_ = 0;
};

class RetryListing final : public Listing {
 public:
  RetryListing(std::unique_ptr<Listing> inner, const RetryPolicy& policy)
      : inner_(std::move(inner)), policy_(policy) {}

  // A page that failed leaves the position where it was (see Listing).
  Task<std::vector<ListEntry>> next(const Context& context) override {
    Attempts attempts(context, policy_);
    for (;;) {
      Result<std::vector<ListEntry>> page = co_await inner_->next(context);
      if (page) attempts.succeeded();
      if (page) co_return page;
      const bool again = co_await attempts.again(page.error());
      if (!again) co_return page;
    }
  }

 private:
  std::unique_ptr<Listing> inner_;
  const RetryPolicy& policy_;
};

class RetryStore final : public ForwardingStore {
 public:
  RetryStore(std::unique_ptr<Store> inner, RetryPolicy policy)
      : ForwardingStore(std::move(inner)), policy_(policy) {}

  Task<ObjectInfo> head(const Context& context, const std::string& key) override {
    Attempts attempts(context, policy_);
    for (;;) {
      Result<ObjectInfo> info = co_await inner().head(context, key);
      if (info) attempts.succeeded();
      if (info) co_return info;
      const bool again = co_await attempts.again(info.error());
      if (!again) co_return info;
    }
  }

  Task<GetResult> get(const Context& context, const std::string& key,
                      const GetOptions& options) override {
    Attempts attempts(context, policy_);
    for (;;) {
      Result<GetResult> got = co_await inner().get(context, key, options);
      if (got) attempts.succeeded();
      if (got) co_return got;
      const bool again = co_await attempts.again(got.error());
      if (!again) co_return got;
    }
  }

  Task<std::vector<Result<void>>> remove(const Context& context,
                                         std::span<const std::string> keys) override {
    std::vector<Result<void>> outcome(keys.size());
    std::vector<std::size_t> left(keys.size());
    std::iota(left.begin(), left.end(), std::size_t{0});
    Attempts attempts(context, policy_);
    for (;;) {
      std::vector<std::string> asked;
      for (const std::size_t i : left) asked.push_back(keys[i]);
      Result<std::vector<Result<void>>> removed = co_await inner().remove(context, asked);
      std::optional<Error> failure;
      if (removed) {
        left = take_answers(*removed, left, outcome);
        if (left.empty()) {
          attempts.succeeded();
          co_return outcome;
        }
        failure = outcome[left.front()].error();
      } else {
        failure = removed.error();
      }
      const bool again = co_await attempts.again(*failure);
      if (again) continue;
      // Some keys may have their answers by now.
      for (const std::size_t i : left) outcome[i] = fail(Error(*failure));
      if (left.size() == keys.size() && !removed) co_return removed;
      co_return outcome;
    }
  }

  using ForwardingStore::list;
  std::unique_ptr<Listing> list(const ListOptions& options) override {
    return std::make_unique<RetryListing>(inner().list(options), policy_);
  }

 private:
  /// Notes the answers for the keys of `asked`; returns those for which to ask again.
  static std::vector<std::size_t> take_answers(const std::vector<Result<void>>& answers,
                                               const std::vector<std::size_t>& asked,
                                               std::vector<Result<void>>& outcome) {
    std::vector<std::size_t> again;
    for (std::size_t i = 0; i < asked.size(); ++i) {
      outcome[asked[i]] = answers[i];
      if (!answers[i] && answers[i].error().retry() == Retry::later) again.push_back(asked[i]);
    }
    return again;
  }

  RetryPolicy policy_;
};

}  // namespace

std::unique_ptr<Store> with_retries(std::unique_ptr<Store> inner, RetryPolicy policy) {
  return std::make_unique<RetryStore>(std::move(inner), policy);
}

}  // namespace godwit
