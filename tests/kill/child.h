#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <string>

namespace godwit::test {

/// This program anew, with other words, so that no thread is lost by a fork; what it prints comes
/// out of `output`.
struct Child {
  pid_t pid = 0;
  int output = 0;

  static Child start(const std::string& mode, const std::string& directory, std::uint64_t number) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) std::abort();
    const std::string text = std::to_string(number);
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::close(ends[0]);
      ::execl("/proc/self/exe", "child", mode.c_str(), directory.c_str(), text.c_str(), nullptr);
      ::_exit(2);
    }
    ::close(ends[1]);
    return {pid, ends[0]};
  }

  /// Its exit code; -1 when a signal ended it.
  int wait() const {
    int status = 0;
    ::waitpid(pid, &status, 0);
    ::close(output);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
};

}  // namespace godwit::test
