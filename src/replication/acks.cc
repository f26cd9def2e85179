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

Task<void> Acks::Waiter::wait(const Context& context, std::set<std::string> targets,
                              std::size_t enough) {
  const auto stop = context.cancel().on_cancel([this] { heard_.cancel(); });
  while (count(targets) < enough) {
    GODWIT_CO_CHECK(context.check());
    heard_ = CancelSource();
    // Until the deadline, unless an ack is heard.
    (void)co_await context.world().sleep_until(context.deadline(), heard_.token());
  }
  co_return Result<void>();
}

std::size_t Acks::Waiter::count(const std::set<std::string>& targets) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      targets, [this](const std::string& target) { return acked_.contains(target); }));
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
