#include "transfer/jobs.h"

#include <algorithm>
#include <utility>

namespace godwit::transfer {
namespace {

using namespace std::chrono_literals;

constexpr Duration kFirstPause = 250ms;
constexpr Duration kLongestPause = 30s;
constexpr std::size_t kMostDoublings = 7;

Ended how_ended(const Error& error) {
  return error.code() == Code::throttled ? Ended::throttled : Ended::badly;
}

}  // namespace

bool Jobs::Later::operator()(const Job& a, const Job& b) const {
  const ListEntry& x = a.source;
  const ListEntry& y = b.source;
  switch (order) {
    case Order::listed: break;
    case Order::smallest_first:
      if (x.size != y.size) return x.size > y.size;
      break;
    case Order::largest_first:
      if (x.size != y.size) return x.size < y.size;
      break;
    case Order::oldest_first:
      if (x.modified != y.modified) return x.modified > y.modified;
      break;
    case Order::newest_first:
      if (x.modified != y.modified) return x.modified < y.modified;
      break;
  }
  return a.number > b.number;
}

Jobs::Jobs(const Context& context, const TransferOptions& options, Slots& slots, Work& work)
    : context_(context),
      slots_(slots),
      work_(work),
      attempts_(std::max<std::size_t>(1, options.attempts)),
      later_{options.order},
      room_(context.world().executor()),
      running_(context.world().executor()) {}

void Jobs::push(Job job) {
  job.number = arrived_++;
  heap_.push_back(std::move(job));
  std::ranges::push_heap(heap_, later_);
  pump();
}

asio::awaitable<void> Jobs::room() {
  while (heap_.size() >= kQueueLength && !dropped_) co_await room_.wait();
}

asio::awaitable<void> Jobs::join() { co_await running_.join(); }

Job Jobs::pop() {
  std::ranges::pop_heap(heap_, later_);
  Job job = std::move(heap_.back());
  heap_.pop_back();
  return job;
}

// Whoever ends starts the next one, so the queue is empty when the group is idle.
void Jobs::pump() {
  if (!context_.check()) {
    dropped_ = dropped_ || !heap_.empty();
    heap_.clear();
  }
  while (!heap_.empty() && slots_.try_acquire()) running_.spawn(run(pop()));
  if (heap_.size() < kQueueLength) room_.notify_all();
}

asio::awaitable<void> Jobs::run(Job job) {
  ++job.tries;
  const Result<Bytes> moved = co_await work_.run(job);
  if (moved) {
    slots_.release(Ended::well, *moved);
  } else {
    const Error& error = moved.error();
    slots_.release(how_ended(error), 0);
    if (!context_.check()) {
      dropped_ = true;
    } else if (error.retry() == Retry::later && job.tries < attempts_) {
      work_.retrying(job, error);
      const Duration pause = pause_before_retry(job.tries, error);
      running_.spawn(come_back(std::move(job), pause));
    } else {
      work_.gave_up(job, error);
    }
  }
  pump();
}

asio::awaitable<void> Jobs::come_back(Job job, Duration pause) {
  const Result<void> slept = co_await context_.sleep(pause);
  if (slept) {
    heap_.push_back(std::move(job));
    std::ranges::push_heap(heap_, later_);
  } else {
    dropped_ = true;
  }
  pump();
}

// Exponential with full jitter (Brooker, "Exponential Backoff And Jitter", AWS 2015).
Duration Jobs::pause_before_retry(std::size_t tries, const Error& error) const {
  const Duration ceiling =
      std::min(kLongestPause, kFirstPause * (1U << std::min(tries, kMostDoublings)));
  const auto jittered =
      Duration(context_.world().random() % static_cast<std::uint64_t>(ceiling.count()));
  const Duration asked = error.retry_after().value_or(0ms);
  return std::max(jittered, asked);
}

}  // namespace godwit::transfer
