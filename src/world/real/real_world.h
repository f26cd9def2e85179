#pragma once

#include <functional>
#include <memory>

#include "godwit/event_loop.h"
#include "world/world.h"

namespace godwit {

struct RealWorldOptions {
  /// The most threads for work that blocks: files, name lookups. They are begun as it comes. More
  /// than cores: they wait for disks, and a file system makes many durable at once.
  std::size_t blocking_threads = 8;
  /// The engine thread, shared with other worlds. Null: the caller of `run` is it.
  std::shared_ptr<EventLoop> loop;
};

/// The machine itself: its clocks, its chance, its disk, one engine thread and a bounded pool for
/// work that blocks.
///
/// The pool's queue is as long as its users allow: each holds one place per operation under way.
class RealWorld final : public World {
 public:
  explicit RealWorld(const RealWorldOptions& options = {});
  RealWorld(RealWorld&&) = delete;
  ~RealWorld() override;

  /// Runs `main` and all that it awaits on this thread; returns when it has ended. Not of a world
  /// that has a loop.
  void run(asio::awaitable<void> main);
  /// Calls `action` on the engine thread at each SIGINT or SIGTERM while `run` is running.
  void on_interrupt(std::function<void()> action);
  /// The same at each SIGHUP.
  void on_hangup(std::function<void()> action);

  [[nodiscard]] WallTime wall_now() override;
  [[nodiscard]] MonoTime mono_now() override;
  [[nodiscard]] std::uint64_t random() override;
  void fill_unguessable(std::span<std::byte> into) override;
  [[nodiscard]] asio::any_io_executor executor() override;
  [[nodiscard]] Task<void> sleep_until(MonoTime deadline, CancelToken cancel) override;
  void post_blocking(std::move_only_function<void()> work) override;
  [[nodiscard]] Disk& disk() override;
  [[nodiscard]] std::optional<std::string> environment(const std::string& name) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace godwit
