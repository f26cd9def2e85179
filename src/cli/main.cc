#include <sys/ioctl.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>

#include "base/heaps.h"
#include "cli/app.h"

int main(int argc, char** argv) {
  godwit::limit_heaps();
  std::ios::sync_with_stdio(false);
  winsize size{};
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  if (terminal && (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)) {
    size.ws_col = 80;
  }
  std::error_code no_directory;
  const godwit::cli::Streams streams{
      .out = std::cout,
      .err = std::cerr,
      .terminal_width = terminal ? std::size_t{size.ws_col} : 0,
      .working_directory = std::filesystem::current_path(no_directory).string()};
  return godwit::cli::run_app(std::vector<std::string>(argv + 1, argv + argc), streams);
}
