#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "world/signal.h"
#include "world/world.h"

namespace godwit::transfer {

enum class Ended : std::uint8_t { well, badly, throttled };

/// Between what an adaptive limit moves. Equal ones: it is fixed.
struct SlotBounds {
  std::size_t least = 1;  ///< > 0
  std::size_t most = 1;
};

/// How many transfers may be under way at once: a fixed number, or what pays.
///
/// The adaptive limit climbs while throughput grows by it, falls back when it does not, tries
/// again now and then, and halves when the service asks to slow down.
/// Concurrency: engine executor.
class Slots {
 public:
  static constexpr std::size_t kFirst = 8;
  /// Each transfer may hold half a MiB of buffers: all of them stay within 64 MiB.
  static constexpr std::size_t kMost = 128;

  Slots(World& world, std::optional<std::size_t> fixed);
  /// An adaptive limit begins with the least.
  Slots(World& world, SlotBounds bounds);

  [[nodiscard]] bool try_acquire();
  [[nodiscard]] asio::awaitable<void> acquire();
  /// Gives one back, and tells what became of it.
  void release(Ended ended, Bytes bytes);
  [[nodiscard]] std::size_t limit() const { return limit_; }
  [[nodiscard]] std::size_t used() const { return used_; }
  /// From now on. Who has a slot keeps it.
  void bound(SlotBounds bounds);

 private:
  void observe(Bytes bytes);
  void back_off();
  void close_window(double work_per_second);

  World& world_;
  Signal free_;
  SlotBounds bounds_;
  std::size_t limit_;
  std::size_t used_ = 0;
  // The window in which throughput is measured at one limit.
  MonoTime window_start_;
  std::size_t window_count_ = 0;
  double window_work_ = 0;
  // The climb.
  double best_ = 0;
  std::size_t before_climb_ = 0;  // the limit to fall back to; 0: not climbing
  std::size_t rest_windows_ = 0;
};

}  // namespace godwit::transfer
