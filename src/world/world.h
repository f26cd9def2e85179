#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "world/cancel.h"
#include "world/task.h"
#include "world/time.h"

namespace godwit {

class Disk;

/// Everything that makes two runs differ: time, chance, threads, disk, environment.
///
/// The engine takes a World and touches none of these otherwise, so the same code runs on the
/// machine (`world/real/`) and in a simulation from a seed (`world/sim/`). The network is the
/// seam `http::Transport`.
/// Concurrency: one World has one engine executor; all engine code runs there, one at a time, so
/// it needs no locks. Only `run_blocking` work runs elsewhere.
class World {
 public:
  virtual ~World() = default;

  [[nodiscard]] virtual WallTime wall_now() = 0;
  [[nodiscard]] virtual MonoTime mono_now() = 0;
  /// 64 uniform bits; from the seed in a simulation.
  [[nodiscard]] virtual std::uint64_t random() = 0;
  /// Fills `into` with bytes that nobody can guess and that no other process will draw: for salts
  /// of keys. From the seed in a simulation.
  virtual void fill_unguessable(std::span<std::byte> into) = 0;
  [[nodiscard]] virtual asio::any_io_executor executor() = 0;
  /// Returns at `deadline`, or earlier with Code::cancelled.
  [[nodiscard]] virtual Task<void> sleep_until(MonoTime deadline, CancelToken cancel) = 0;
  /// Runs `work` on the bounded blocking pool, in order of arrival as threads get free.
  virtual void post_blocking(std::move_only_function<void()> work) = 0;
  [[nodiscard]] virtual Disk& disk() = 0;
  [[nodiscard]] virtual std::optional<std::string> environment(const std::string& name) = 0;
  /// A rare path was taken, by its name. Simulations count these, to show that they get there.
  virtual void mark(std::string_view /*path*/) {}
};

/// Runs `work` on the blocking pool and resumes the awaiting coroutine with what it returned.
/// The engine goes on meanwhile. `work` is not interrupted by cancellation: keep it short.
template <class F>
[[nodiscard]] asio::awaitable<std::invoke_result_t<F&>> run_blocking(World& world, F work) {
  using R = std::invoke_result_t<F&>;
  auto start = [](auto handler, World* where, F job) {
    auto executor = asio::get_associated_executor(handler, where->executor());
    auto guard = asio::make_work_guard(executor);
    where->post_blocking([job = std::optional<F>(std::move(job)), handler = std::move(handler),
                          guard = std::move(guard)]() mutable {
      auto result = (*job)();
      // What the work held is gone before anyone goes on.
      job.reset();
      asio::post(guard.get_executor(),
                 [handler = std::move(handler), result = std::move(result)]() mutable {
                   std::move(handler)(std::move(result));
                 });
    });
  };
  co_return co_await asio::async_initiate<decltype(asio::use_awaitable), void(R)>(
      std::move(start), asio::use_awaitable, &world, std::move(work));
}

}  // namespace godwit
