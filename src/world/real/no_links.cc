#include "world/real/no_links.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace godwit {

int open_without_links(const std::string& path, int flags, mode_t mode) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(static_cast<unsigned>(flags));
  const bool makes = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  how.mode = makes ? mode : 0;
  how.resolve = RESOLVE_NO_SYMLINKS;
  const auto opened =
      static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how));
  return opened == -1 && errno == ENOSYS ? open_by_steps(path, flags, mode) : opened;
}

int open_by_steps(const std::string& path, int flags, mode_t mode) {
  constexpr int kStep = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  int directory = ::open("/", kStep);
  std::size_t at = 1;
  for (std::size_t slash = path.find('/', at); directory >= 0 && slash != std::string::npos;
       slash = path.find('/', at)) {
    const int next = ::openat(directory, path.substr(at, slash - at).c_str(), kStep);
    const int error = errno;
    ::close(directory);
    errno = error;
    directory = next;
    at = slash + 1;
  }
  if (directory < 0) return -1;
  const std::string last = at < path.size() ? path.substr(at) : ".";
  const int opened = ::openat(directory, last.c_str(), flags | O_NOFOLLOW, mode);
  const int error = errno;
  ::close(directory);
  errno = error;
  return opened;
}

}  // namespace godwit
