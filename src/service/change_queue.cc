#include "service/change_queue.h"

#include <algorithm>
#include <utility>

namespace godwit::service {

Result<void> ChangeQueue::offer(std::span<const std::string> keys, Duration in, Look look) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return fail(Code::unavailable, "the group is being closed");
  if (keys_.size() + keys.size() > kMost) {
    return fail(Error(Code::throttled, std::to_string(keys_.size()) + " changes wait already")
                    .with(Retry::later)
                    .with_retry_after(std::chrono::seconds(5)));
  }
  for (const std::string& key : keys) add({.key = key, .look = look}, world_.mono_now() + in);
  return {};
}

void ChangeQueue::put_back(Change change, Duration in) {
  const std::lock_guard lock(mutex_);
  add(std::move(change), world_.mono_now() + in);
}

void ChangeQueue::add(Change change, MonoTime at) {
  const auto found = keys_.find(change.key);
  if (found != keys_.end()) {
    // What is told now is news, whatever was known of the key before.
    const Waiting::iterator before = found->second;
    if (before->second.look == Look::once_more) change.look = Look::once_more;
    at = std::min(at, before->first);
    waiting_.erase(before);
    keys_.erase(found);
  }
  std::string key = change.key;
  keys_.emplace(std::move(key), waiting_.emplace(at, std::move(change)));
  changed_.notify_one();
}

std::optional<Change> ChangeQueue::take() {
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
    Change change = std::move(waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
    keys_.erase(change.key);
    return change;
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
