#include "service/change_queue.h"

#include <utility>

namespace godwit::service {

Result<void> ChangeQueue::offer(std::span<const std::string> keys, Duration in) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return fail(Code::unavailable, "the group is being closed");
  if (keys_.size() + keys.size() > kMost) {
    return fail(Error(Code::throttled, std::to_string(keys_.size()) + " changes wait already")
                    .with(Retry::later)
                    .with_retry_after(std::chrono::seconds(5)));
  }
  for (const std::string& key : keys) add(key, world_.mono_now() + in);
  return {};
}

void ChangeQueue::put_back(std::string key, Duration in) {
  const std::lock_guard lock(mutex_);
  add(std::move(key), world_.mono_now() + in);
}

void ChangeQueue::add(std::string key, MonoTime at) {
  if (!keys_.insert(key).second) return;
  waiting_.emplace(at, std::move(key));
  changed_.notify_one();
}

std::optional<std::string> ChangeQueue::take() {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    if (waiting_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const Duration left = waiting_.begin()->first - world_.mono_now();
    if (left > Duration::zero()) {
      changed_.wait_for(lock, left);
      continue;
    }
    std::string key = std::move(waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
    keys_.erase(key);
    return key;
  }
  return std::nullopt;
}

void ChangeQueue::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

std::size_t ChangeQueue::size() {
  const std::lock_guard lock(mutex_);
  return keys_.size();
}

}  // namespace godwit::service
