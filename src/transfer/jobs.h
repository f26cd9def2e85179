#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "store/object.h"
#include "transfer/options.h"
#include "transfer/slots.h"
#include "world/context.h"

namespace godwit::transfer {

/// One object to be dealt with.
struct Job {
  ListEntry source;
  /// The target's row, where the two must be compared first.
  std::unique_ptr<ListEntry> target;
  std::uint64_t number = 0;  ///< of arrival
  std::size_t tries = 0;
};

/// What is done with jobs.
class Work {
 public:
  virtual ~Work() = default;
  /// Deals with one object; the value is the number of bytes that it moved.
  [[nodiscard]] virtual Task<Bytes> run(const Job& job) = 0;
  /// A try failed and another will follow / none will.
  virtual void retrying(const Job& job, const Error& error) = 0;
  virtual void gave_up(const Job& job, const Error& error) = 0;
};

/// A bounded queue of jobs and the slots that work it off, best first.
///
/// A job that fails for a passing reason comes back after a growing, jittered pause, in which it
/// holds no slot. Concurrency: engine executor.
class Jobs {
 public:
  /// Beyond this many waiting jobs `room` holds producers up.
  static constexpr std::size_t kQueueLength = 10'000;

  Jobs(const Context& context, const TransferOptions& options, Slots& slots, Work& work);
  Jobs(Jobs&&) = delete;

  /// Never waits; call `room` between batches.
  void push(Job job);
  /// Returns when the queue is short enough for more.
  [[nodiscard]] asio::awaitable<void> room();
  /// Returns when every job has ended, or, after a cancellation, every one that had begun.
  [[nodiscard]] asio::awaitable<void> join();
  /// True where jobs were dropped because the context was cancelled or out of time.
  [[nodiscard]] bool dropped() const { return dropped_; }

 private:
  struct Later {
    Order order;
    bool operator()(const Job& a, const Job& b) const;
  };

  void pump();
  asio::awaitable<void> run(Job job);
  asio::awaitable<void> come_back(Job job, Duration pause);
  [[nodiscard]] Job pop();
  [[nodiscard]] Duration pause_before_retry(std::size_t tries, const Error& error) const;

  const Context& context_;
  Slots& slots_;
  Work& work_;
  std::size_t attempts_;
  Later later_;
  std::vector<Job> heap_;
  std::uint64_t arrived_ = 0;
  bool dropped_ = false;
  Signal room_;
  TaskGroup running_;
};

}  // namespace godwit::transfer
