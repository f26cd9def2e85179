#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "world/real/real_thread.h"

namespace godwit {

/// Threads for work that blocks. They are begun as work needs them, and of those that rest the one
/// that worked last is woken: what comes one at a time is done by one thread, whose memory is warm.
/// Concurrency: any thread, but for the destructor.
class BlockingPool {
 public:
  using Work = std::move_only_function<void()>;

  /// Failure of beginning the first thread is thrown; with fewer than `most` it makes do.
  explicit BlockingPool(std::size_t most);
  BlockingPool(BlockingPool&&) = delete;
  /// Does what waits, and joins.
  ~BlockingPool();

  /// Runs `work`, which must not throw, on one of the threads; in order of arrival as they get
  /// free.
  void post(Work work);
  /// That live: never fewer than 1, nor more than `most`.
  [[nodiscard]] std::size_t threads();
  /// Of them, those that wait for work.
  [[nodiscard]] std::size_t resting();

 private:
  struct Worker {
    std::condition_variable woken;
    bool rests = false;
    RealThread thread;
  };

  void begin_worker();
  void live(Worker& worker);

  const std::size_t most_;
  std::mutex mutex_;
  bool ended_ = false;
  std::deque<Work> waiting_;
  std::vector<Worker*> resting_;                  ///< who worked last is last
  std::vector<std::unique_ptr<Worker>> workers_;  ///< last: they are joined before the rest goes
};

}  // namespace godwit
