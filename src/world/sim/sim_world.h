#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "world/sim/sim_disk.h"
#include "world/world.h"

namespace godwit {

/// A world from a seed: time jumps to the next sleeper when nobody has anything to do, chance is a
/// generator, blocking work is an event like any other. Two runs of one seed are identical.
///
/// One thread, no clock, no system call; the disk is in memory (sim_disk.h).
class SimWorld final : public World {
 public:
  explicit SimWorld(std::uint64_t seed);
  SimWorld(SimWorld&&) = delete;
  ~SimWorld() override;

  /// Runs `main` to its end. False when it can never end (nobody runs, nobody sleeps) or takes
  /// more than kMostEvents events.
  static constexpr std::uint64_t kMostEvents = 50'000'000;
  [[nodiscard]] bool run(asio::awaitable<void> main);
  /// A fingerprint of all events so far: their order, their times, the chance they drew.
  [[nodiscard]] std::uint64_t trace() const;

  /// Sets the wall clock ahead, or back; time that passes is not touched.
  void set_wall_clock(Duration ahead);

  [[nodiscard]] WallTime wall_now() override;
  [[nodiscard]] MonoTime mono_now() override;
  [[nodiscard]] std::uint64_t random() override;
  void fill_unguessable(std::span<std::byte> into) override;
  [[nodiscard]] asio::any_io_executor executor() override;
  [[nodiscard]] Task<void> sleep_until(MonoTime deadline, CancelToken cancel) override;
  void post_blocking(std::move_only_function<void()> work) override;
  [[nodiscard]] SimDisk& disk() override;
  [[nodiscard]] std::optional<std::string> environment(const std::string& name) override;
  void mark(std::string_view path) override { ++marks_[std::string(path)]; }
  /// How often each rare path was taken.
  [[nodiscard]] const std::map<std::string, std::uint64_t>& marks() const { return marks_; }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::map<std::string, std::uint64_t> marks_;
};

}  // namespace godwit
