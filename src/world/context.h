#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "world/cancel.h"
#include "world/world.h"

namespace godwit {

/// A bound on retries over a whole run, so that an outage does not multiply the load: each
/// success earns a fraction of a retry, each retry spends one.
class RetryBudget {
 public:
  static constexpr double kLargest = 500;
  static constexpr double kEarnedPerSuccess = 0.1;

  /// True, and one less, when a retry is left.
  [[nodiscard]] bool spend() {
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }
  void earn() {
    left_ = left_ + kEarnedPerSuccess > kLargest ? kLargest : left_ + kEarnedPerSuccess;
  }
  [[nodiscard]] double left() const { return left_; }

 private:
  double left_ = kLargest;
};

/// What travels down the call tree with every operation: until when, whether still wanted, how
/// many retries are left, and for which request, so that one search of the logs finds all that was
/// done for it. Copy it to change it: a child's deadline is never later than its parent's.
class Context {
 public:
  explicit Context(World& world) : world_(&world) {}

  [[nodiscard]] World& world() const { return *world_; }
  [[nodiscard]] MonoTime deadline() const { return deadline_; }
  [[nodiscard]] const CancelToken& cancel() const { return cancel_; }
  [[nodiscard]] RetryBudget* retry_budget() const { return retry_budget_.get(); }
  /// That of the caller, "job-7", or what works by itself: "deliver:nyc3"; empty: nobody said.
  [[nodiscard]] std::string_view request_id() const {
    return request_id_ ? std::string_view(*request_id_) : std::string_view();
  }

  [[nodiscard]] Context with_deadline(MonoTime deadline) const;
  [[nodiscard]] Context with_timeout(Duration timeout) const;
  [[nodiscard]] Context with_cancel(CancelToken cancel) const;
  [[nodiscard]] Context with_retry_budget(std::shared_ptr<RetryBudget> budget) const;
  /// Empty: as it is.
  [[nodiscard]] Context with_request_id(std::string id) const;

  /// cancelled or timed_out when this work should stop, else success.
  [[nodiscard]] Result<void> check() const;
  /// Sleeps; ends early with cancelled, or with timed_out if the deadline would pass first.
  [[nodiscard]] Task<void> sleep(Duration duration) const;

 private:
  World* world_;
  MonoTime deadline_ = kNoDeadline;
  CancelToken cancel_;
  std::shared_ptr<RetryBudget> retry_budget_;
  std::shared_ptr<const std::string> request_id_;
};

/// How long until the clock is at a multiple of `interval`. Whatever in a process looks after
/// something now and then sleeps so: all of it wakes at the same moments, so that one that idles
/// wakes seldom, and what one look has brought into the caches serves the others.
[[nodiscard]] Duration until_next(World& world, Duration interval);

/// A context that ends also when something else is cancelled. Stays where it was made.
class CancelScope {
 public:
  CancelScope(const Context& context, const CancelToken& other)
      : either_(context.cancel()),
        registration_(other.on_cancel([this] { either_.cancel(); })),
        context_(context.with_cancel(either_.token())) {}
  CancelScope(CancelScope&&) = delete;

  [[nodiscard]] const Context& context() const { return context_; }

 private:
  CancelSource either_;
  CancelRegistration registration_;
  Context context_;
};

}  // namespace godwit
