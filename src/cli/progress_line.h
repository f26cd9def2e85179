#pragma once

#include <ostream>
#include <string>

#include "cli/output.h"
#include "world/signal.h"
#include "world/world.h"

namespace godwit::cli {

/// The one line that shows how far a run is, redrawn a few times a second on a terminal.
/// Concurrency: engine executor; `stop` before it goes.
class ProgressLine {
 public:
  ProgressLine(World& world, Output& output, std::ostream& terminal, std::size_t width);
  void start();
  [[nodiscard]] asio::awaitable<void> stop();

 private:
  asio::awaitable<void> redraw();
  void erase();

  World& world_;
  Output& output_;
  std::ostream& terminal_;
  std::size_t width_;
  bool drawn_ = false;
  CancelSource stop_;
  TaskGroup redrawing_;
};

/// The text of the line, at most `width` wide. `elapsed` since the start of the run.
[[nodiscard]] std::string progress_text(const transfer::Progress& progress, Duration elapsed,
                                        std::size_t width);

}  // namespace godwit::cli
