#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <thread>

namespace godwit {

/// A thread of its own, for what must go on beside its maker. The work must not throw, and must end
/// before this is destroyed, or soon after.
class RealThread {
 public:
  RealThread() = default;
  explicit RealThread(std::move_only_function<void()> work) : thread_(std::move(work)) {}
  RealThread(RealThread&&) noexcept = default;
  RealThread& operator=(RealThread&&) noexcept = default;
  ~RealThread() { join(); }

  /// That this machine can run at once.
  [[nodiscard]] static std::size_t most_at_once() {
    return std::max<std::size_t>(std::thread::hardware_concurrency(), 1);
  }
  /// Waits for the end of the work. Not from within it.
  void join() {
    if (thread_.joinable()) thread_.join();
  }
  /// Whether the caller is the work.
  [[nodiscard]] bool is_this() const { return thread_.get_id() == std::this_thread::get_id(); }

 private:
  std::thread thread_;
};

}  // namespace godwit
