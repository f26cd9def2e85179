#pragma once

#include <functional>
#include <memory>
#include <span>

#include "world/body.h"
#include "world/context.h"

namespace godwit::api {

/// A body whose bytes another thread makes when they are asked for: the engine's thread reads, the
/// caller's runs the source. A handle: copies are one pipe. Memory: one piece of 256 KiB.
class Pipe {
 public:
  /// Puts the next bytes into `into`, and says how many; 0 is the end.
  using Source = std::function<Result<std::size_t>(std::span<std::byte> into)>;

  Pipe();

  /// The reader's end, for the engine's thread. Ends when `context` does, though the source may be
  /// at work still.
  [[nodiscard]] std::unique_ptr<Body> body(const Context& context) const;
  /// Runs `source`, on the thread that calls this, whenever bytes are wanted, until `close`. What
  /// it throws comes out here, and the reader is told that the body broke off.
  void serve(const Source& source, const asio::any_io_executor& engine) const;
  /// Nothing more is wanted. Any thread.
  void close() const;

 private:
  struct State;
  class Reader;
  std::shared_ptr<State> state_;
};

}  // namespace godwit::api
