#include "world/real/blocking_pool.h"

#include <system_error>
#include <utility>

namespace godwit {

BlockingPool::BlockingPool(std::size_t most) : most_(most) { begin_worker(); }

BlockingPool::~BlockingPool() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    for (const auto& worker : workers_) worker->woken.notify_one();
  }
  for (const auto& worker : workers_) worker->thread.join();
}

void BlockingPool::post(Work work) {
  Worker* chosen = nullptr;
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(work));
    if (!resting_.empty()) {
      chosen = resting_.back();
      resting_.pop_back();
      chosen->rests = false;
    } else if (workers_.size() < most_ && !ended_) {
      try {
        begin_worker();
      } catch (const std::system_error&) {
        // No thread to be had: those that there are do it.
        if (workers_.empty()) throw;
      }
    }
  }
  // Not under the lock: it would wake only to wait for that.
  if (chosen != nullptr) chosen->woken.notify_one();
}

std::size_t BlockingPool::threads() {
  const std::lock_guard lock(mutex_);
  return workers_.size();
}

std::size_t BlockingPool::resting() {
  const std::lock_guard lock(mutex_);
  return resting_.size();
}

void BlockingPool::begin_worker() {
  auto worker = std::make_unique<Worker>();
  worker->thread = RealThread([this, self = worker.get()] { live(*self); });
  workers_.push_back(std::move(worker));
}

void BlockingPool::live(Worker& worker) {
  std::unique_lock lock(mutex_);
  while (true) {
    if (!waiting_.empty()) {
      Work work = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      work();
      work = nullptr;
      lock.lock();
    } else if (ended_) {
      return;
    } else {
      worker.rests = true;
      resting_.push_back(&worker);
      worker.woken.wait(lock, [&] { return !worker.rests || ended_; });
    }
  }
}

}  // namespace godwit
