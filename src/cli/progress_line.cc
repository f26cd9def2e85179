#include "cli/progress_line.h"

#include <algorithm>

namespace godwit::cli {
namespace {

using namespace std::chrono_literals;

constexpr Duration kRedraw = 200ms;
constexpr std::size_t kBarWidth = 20;

std::string bar(double share) {
  const auto full = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * kBarWidth);
  return "[" + std::string(full, '#') + std::string(kBarWidth - full, '.') + "] ";
}

}  // namespace

std::string progress_text(const transfer::Progress& progress, Duration elapsed, std::size_t width) {
  const double seconds = std::max(std::chrono::duration<double>(elapsed).count(), 1e-3);
  const std::uint64_t done = progress.replicated + progress.skipped + progress.failed;
  std::string text;
  if (progress.listing_done && progress.total > 0) {
    const double share =
        progress.bytes_queued > 0
            ? static_cast<double>(progress.bytes) / static_cast<double>(progress.bytes_queued)
            : static_cast<double>(done) / static_cast<double>(progress.total);
    text = bar(share);
  }
  text += std::to_string(done) + "/" + std::to_string(progress.total);
  text += progress.listing_done ? " objects, " : "+ objects, ";
  text += format_bytes(progress.bytes) + ", " +
          format_bytes(static_cast<Bytes>(static_cast<double>(progress.bytes) / seconds)) + "/s, " +
          std::to_string(static_cast<std::uint64_t>(static_cast<double>(done) / seconds)) +
          " obj/s";
  if (progress.listing_done && progress.bytes > 0 && progress.bytes_queued > progress.bytes) {
    const double left = static_cast<double>(progress.bytes_queued - progress.bytes) * seconds /
                        static_cast<double>(progress.bytes);
    text += ", ETA " + format_duration(Duration(static_cast<Duration::rep>(left * 1e9)));
  }
  if (progress.failed > 0) text += ", " + std::to_string(progress.failed) + " FAILED";
  return text.substr(0, width);
}

ProgressLine::ProgressLine(World& world, Output& output, std::ostream& terminal, std::size_t width)
    : world_(world),
      output_(output),
      terminal_(terminal),
      width_(width),
      redrawing_(world.executor()) {}

void ProgressLine::start() {
  output_.before_line = [this] { erase(); };
  redrawing_.spawn(redraw());
}

asio::awaitable<void> ProgressLine::stop() {
  stop_.cancel();
  co_await redrawing_.join();
  erase();
  output_.before_line = [] {};
}

void ProgressLine::erase() {
  if (!drawn_) return;
  terminal_ << "\r\x1b[K" << std::flush;
  drawn_ = false;
}

asio::awaitable<void> ProgressLine::redraw() {
  const MonoTime start = world_.mono_now();
  while (!stop_.token().cancelled()) {
    (void)co_await world_.sleep_until(world_.mono_now() + kRedraw, stop_.token());
    const transfer::Progress* progress = output_.progress();
    if (progress == nullptr || stop_.token().cancelled()) continue;
    terminal_ << "\r\x1b[K" << progress_text(*progress, world_.mono_now() - start, width_ - 1)
              << std::flush;
    drawn_ = true;
  }
}

}  // namespace godwit::cli
