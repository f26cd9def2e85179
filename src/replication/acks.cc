#include "replication/acks.h"

#include <algorithm>
#include <utility>

namespace godwit::replication {

Acks::Waiter::Waiter(Acks& acks, std::string key, Version version)
    : acks_(acks), key_(std::move(key)), version_(std::move(version)) {
  acks_.waiters_[key_].push_back(this);
}

Acks::Waiter::~Waiter() {
  const auto found = acks_.waiters_.find(key_);
  found->second.remove(this);
  if (found->second.empty()) acks_.waiters_.erase(found);
}

Task<void> Acks::Waiter::wait(const Context& context, const std::map<std::string, MonoTime>& until,
                              std::size_t enough) {
  const auto stop = context.cancel().on_cancel([this] { heard_.cancel(); });
  while (count(until) < enough) {
    GODWIT_CO_CHECK(context.check());
    std::size_t hopeful = 0;
    MonoTime next = context.deadline();
    for (const auto& [target, last] : until) {
      const bool has_it = acked_.contains(target);
      const bool is_waited_for = !has_it && last > context.world().mono_now();
      if (has_it || is_waited_for) ++hopeful;
      if (is_waited_for) next = std::min(next, last);
    }
    if (hopeful < enough) co_return fail(Code::timed_out, "too few targets answered in their time");
    heard_ = CancelSource();
    (void)co_await context.world().sleep_until(next, heard_.token());
  }
  co_return Result<void>();
}

std::size_t Acks::Waiter::count(const std::map<std::string, MonoTime>& targets) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      targets, [this](const auto& target) { return acked_.contains(target.first); }));
}

void Acks::delivered(const std::string& target, const std::string& key, const Version& version) {
  const auto found = waiters_.find(key);
  if (found == waiters_.end()) return;
  // Any version from theirs on satisfies them: later writes may have taken the place of earlier.
  for (Waiter* waiter : found->second) {
    if (version < waiter->version_) continue;
    waiter->acked_.insert(target);
    waiter->heard_.cancel();
  }
}

}  // namespace godwit::replication
