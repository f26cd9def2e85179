#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "store/store.h"
#include "world/context.h"

namespace godwit::sim {

/// What stands between a process and a region.
struct Border {
  const bool* away = nullptr;
  /// Something is asked of it, or sent to it, on account of `key`.
  std::function<void(const std::string& key)> on_call;
  std::function<void(const std::string& key, const PutOptions& options)> on_put;
  /// How late this write lands, if its answer is lost; drawn.
  std::function<std::optional<Duration>()> lateness;
  std::function<void(asio::awaitable<void> landing)> land;
  /// Outlives the process.
  Store* region = nullptr;
};

/// A store that can be out of reach, sees what is asked of it, and may be late.
[[nodiscard]] std::unique_ptr<Store> with_border(std::unique_ptr<Store> inner, Border border);

/// A body that comes in slowly, three bytes at a time at most, and may break off.
[[nodiscard]] std::unique_ptr<Body> slow_body(Context context, std::string bytes,
                                              Duration longest_pause, bool breaks);

}  // namespace godwit::sim
