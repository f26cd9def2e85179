#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "base/bytes.h"
#include "world/world.h"

namespace godwit::service {

/// Blocking calls of the library, made on the World's blocking pool, so that many slow ones leave
/// room for short ones.
/// Concurrency: the World's executor.
class Calls {
 public:
  /// Threads of the pool that a service should have.
  static constexpr std::size_t kThreads = 16;
  static constexpr std::size_t kMostSlow = 12;

  explicit Calls(World& world) : world_(world) {}

  /// One that ends soon whatever the stores do.
  template <class F>
  [[nodiscard]] asio::awaitable<std::invoke_result_t<F&>> quick(F work) {
    co_return co_await run_blocking(world_, std::move(work));
  }
  /// One that may wait for stores. `work` yields a Result.
  /// Failure: its own; throttled while kMostSlow are under way.
  template <class F>
  [[nodiscard]] asio::awaitable<std::invoke_result_t<F&>> slow(F work) {
    if (slow_ >= kMostSlow) {
      co_return fail(Error(Code::throttled, "too many calls wait for stores")
                         .with(Retry::later)
                         .with_retry_after(std::chrono::seconds(1)));
    }
    ++slow_;
    auto result = co_await run_blocking(world_, std::move(work));
    --slow_;
    co_return result;
  }

 private:
  World& world_;
  std::size_t slow_ = 0;
};

/// Something that there is so much of: memory for bodies, threads.
class Budget {
 public:
  /// A part of it; gives it back.
  class Share {
   public:
    Share(Budget& budget, Bytes size) : budget_(budget), size_(size) {}
    Share(Share&&) = delete;
    ~Share() { budget_.used_ -= size_; }

   private:
    Budget& budget_;
    Bytes size_;
  };

  /// Null where there is not so much left of `most`; the first always gets its share.
  [[nodiscard]] std::unique_ptr<Share> take(Bytes size, Bytes most) {
    if (used_ > 0 && used_ + size > most) return nullptr;
    used_ += size;
    return std::make_unique<Share>(*this, size);
  }

 private:
  Bytes used_ = 0;
};

}  // namespace godwit::service
