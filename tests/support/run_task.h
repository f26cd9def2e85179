#pragma once

#include <optional>
#include <utility>

#include "world/task.h"

namespace godwit::test {

/// Awaits `task` and keeps what it yields, for the test's thread to look at.
template <class T>
asio::awaitable<void> keep(Task<T> task, std::optional<Result<T>>& result) {
  result = co_await std::move(task);
}

/// Runs `task` to its end on `world`, which runs nothing else meanwhile, and gives what it yields.
/// In a simulated world a task that can never end is a bad optional access.
template <class W, class T>
Result<T> run_task(W& world, Task<T> task) {
  std::optional<Result<T>> result;
  (void)world.run(keep(std::move(task), result));
  return std::move(result).value();
}

}  // namespace godwit::test
