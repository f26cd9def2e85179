#include "world/context.h"

#include <algorithm>
#include <utility>

namespace godwit {

Context Context::with_deadline(MonoTime deadline) const {
  Context child = *this;
  child.deadline_ = std::min(deadline_, deadline);
  return child;
}

Context Context::with_timeout(Duration timeout) const {
  return with_deadline(world_->mono_now() + timeout);
}

Context Context::with_cancel(CancelToken cancel) const {
  Context child = *this;
  child.cancel_ = std::move(cancel);
  return child;
}

Context Context::with_retry_budget(std::shared_ptr<RetryBudget> budget) const {
  Context child = *this;
  child.retry_budget_ = std::move(budget);
  return child;
}

Context Context::with_request_id(std::string id) const {
  Context child = *this;
  if (!id.empty()) child.request_id_ = std::make_shared<const std::string>(std::move(id));
  return child;
}

Result<void> Context::check() const {
  if (cancel_.cancelled()) return fail(Code::cancelled, "cancelled");
  if (deadline_ != kNoDeadline && world_->mono_now() >= deadline_) {
    return fail(Code::timed_out, "the deadline has passed");
  }
  return {};
}

Task<void> Context::sleep(Duration duration) const {
  const MonoTime wake = world_->mono_now() + duration;
  if (wake >= deadline_) {
    co_return fail(Code::timed_out, "the deadline would pass during a pause");
  }
  co_return co_await world_->sleep_until(wake, cancel_);
}

Duration until_next(World& world, Duration interval) {
  return interval - world.mono_now().time_since_epoch() % interval;
}

}  // namespace godwit
