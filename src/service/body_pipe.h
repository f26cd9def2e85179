#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "world/signal.h"
#include "world/world.h"

namespace godwit::service {

/// A body on its way from the coroutine that receives it to a thread that stores it; holds little
/// of it, so that the slower of both sets the pace.
class BodyPipe : public std::enable_shared_from_this<BodyPipe> {
 public:
  /// Pieces that wait.
  static constexpr std::size_t kMostPieces = 16;

  explicit BodyPipe(World& world) : world_(world), room_(world.executor()) {}

  // On the World's executor.

  /// Waits for room. False: nobody takes more.
  [[nodiscard]] asio::awaitable<bool> push(std::string piece);
  /// The body has ended, well or with `error`.
  void finish(std::optional<Error> error);

  // On the thread.

  /// Waits for bytes; 0 is the end. Failure: that of `finish`.
  [[nodiscard]] Result<std::size_t> pull(MutableByteSpan into);
  /// Takes no more.
  void close();

 private:
  void wake();

  World& world_;
  Signal room_;  // executor
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> pieces_;
  std::size_t taken_ = 0;  // of the first piece
  bool finished_ = false;
  bool closed_ = false;
  std::optional<Error> error_;
};

}  // namespace godwit::service
