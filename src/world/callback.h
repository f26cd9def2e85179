#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "world/world.h"

namespace godwit {

/// Awaits an operation that tells its result to a callback, on any thread: `start` is called with
/// that callback at once. Where `start` fails the callback must not be called.
template <class T>
[[nodiscard]] Task<T> await_callback(
    World& world,
    std::move_only_function<Result<void>(std::move_only_function<void(Result<T>)>)> start) {
  auto initiate = [](auto handler, World* where, auto begin) {
    using Handler = decltype(handler);
    auto executor = asio::get_associated_executor(handler, where->executor());
    auto guard = asio::make_work_guard(executor);
    // Shared, so that it is not lost with a callback that nobody took.
    auto waiting = std::make_shared<std::optional<Handler>>(std::move(handler));
    auto resume = [waiting, guard](Result<T> result) {
      asio::post(guard.get_executor(), [waiting, result = std::move(result)]() mutable {
        Handler taken = *std::exchange(*waiting, std::nullopt);
        std::move(taken)(std::move(result));
      });
    };
    Result<void> started = begin(resume);
    if (!started) resume(std::unexpected(std::move(started).error()));
  };
  co_return co_await asio::async_initiate<decltype(asio::use_awaitable), void(Result<T>)>(
      std::move(initiate), asio::use_awaitable, &world, std::move(start));
}

}  // namespace godwit
