#include "world/real/directory_watch.h"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace godwit {
namespace {

constexpr std::uint32_t kWanted = IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO |
                                  IN_DELETE | IN_DELETE_SELF | IN_ONLYDIR | IN_DONT_FOLLOW |
                                  IN_EXCL_UNLINK;

std::string joined(const std::string& directory, const std::string& name) {
  return directory.empty() ? name : directory + "/" + name;
}

std::unexpected<Error> failed(const std::string& what, int error) {
  const Code code = error == ENOENT || error == ENOTDIR  ? Code::not_found
                    : error == ENOSPC || error == EMFILE ? Code::unavailable
                                                         : Code::internal;
  return fail(code, what + ": " + std::generic_category().message(error));
}

}  // namespace

Result<std::unique_ptr<DirectoryWatch>> DirectoryWatch::open(std::string root, std::string own) {
  const int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (fd < 0) return failed("inotify", errno);
  std::unique_ptr<DirectoryWatch> watch(new DirectoryWatch(fd, std::move(root), std::move(own)));
  if (!watch->add("")) return failed("watch " + watch->root_, errno);
  Changes nothing;
  watch->add_tree("", Files::known, nothing);
  return watch;
}

DirectoryWatch::DirectoryWatch(int fd, std::string root, std::string own)
    : fd_(fd), root_(std::move(root)), own_(std::move(own)) {}

DirectoryWatch::~DirectoryWatch() { ::close(fd_); }

std::string DirectoryWatch::full(const std::string& path) const {
  return path.empty() ? root_ : root_ + "/" + path;
}

bool DirectoryWatch::is_own(const std::string& path) const {
  return path == own_ || path.starts_with(own_ + "/");
}

bool DirectoryWatch::add(const std::string& path) {
  const int watch = inotify_add_watch(fd_, full(path).c_str(), kWanted);
  if (watch < 0) {
    if (errno == ENOSPC) sees_all_ = false;
    return false;
  }
  paths_[watch] = path;
  watches_[path] = watch;
  return true;
}

/// Watched first and listed then, so that nothing can come in between.
void DirectoryWatch::add_tree(const std::string& path, Files files, Changes& changes) {
  std::vector<std::string> directories{path};
  while (!directories.empty()) {
    const std::string next = std::move(directories.back());
    directories.pop_back();
    (void)add(next);
    read_directory(next, files, directories, changes);
  }
}

void DirectoryWatch::read_directory(const std::string& path, Files files,
                                    std::vector<std::string>& directories, Changes& changes) const {
  std::error_code error;
  std::filesystem::directory_iterator each(full(path), error);
  const std::filesystem::directory_iterator end;
  while (!error && each != end) {
    const std::string name = joined(path, each->path().filename().string());
    std::error_code unknown;
    const auto kind = each->symlink_status(unknown).type();
    if (!is_own(name)) {
      if (kind == std::filesystem::file_type::directory) directories.push_back(name);
      const bool file = kind == std::filesystem::file_type::regular;
      if (file && files == Files::news) changes.paths.push_back(name);
    }
    each.increment(error);
  }
  // It changed while it was read.
  if (error) changes.rescan = true;
}

void DirectoryWatch::forget_tree(const std::string& path) {
  for (auto each = watches_.lower_bound(path); each != watches_.end();) {
    if (!each->first.starts_with(path)) break;
    const bool below = each->first == path || each->first[path.size()] == '/';
    if (!below) {
      ++each;
      continue;
    }
    (void)inotify_rm_watch(fd_, each->second);
    paths_.erase(each->second);
    each = watches_.erase(each);
  }
}

Result<DirectoryWatch::Changes> DirectoryWatch::wait(Duration at_most) {
  pollfd ready{.fd = fd_, .events = POLLIN, .revents = 0};
  const auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(at_most).count();
  const int polled = ::poll(&ready, 1, static_cast<int>(pause));
  if (polled < 0 && errno != EINTR) return failed("inotify", errno);
  Changes changes;
  if (polled <= 0) return changes;
  alignas(inotify_event) std::array<char, 65'536> buffer{};
  const ssize_t size = ::read(fd_, buffer.data(), buffer.size());
  if (size < 0 && errno != EAGAIN && errno != EINTR) return failed("inotify", errno);
  for (ssize_t at = 0; at < size;) {
    inotify_event event{};
    std::memcpy(&event, buffer.data() + at, sizeof event);
    const char* name = buffer.data() + at + sizeof event;
    take(event, event.len > 0 ? std::string(name) : std::string(), changes);
    at += static_cast<ssize_t>(sizeof event + event.len);
  }
  return changes;
}

void DirectoryWatch::take(const inotify_event& event, const std::string& name, Changes& changes) {
  if ((event.mask & IN_Q_OVERFLOW) != 0) {
    changes.rescan = true;
    // Directories may have come of which nothing was told.
    add_tree("", Files::known, changes);
    return;
  }
  const auto found = paths_.find(event.wd);
  if (found == paths_.end()) return;
  if ((event.mask & (IN_IGNORED | IN_DELETE_SELF | IN_UNMOUNT)) != 0) {
    if (found->second.empty()) changes.gone = true;
    if ((event.mask & IN_IGNORED) == 0) return;
    watches_.erase(found->second);
    paths_.erase(found);
    return;
  }
  const std::string path = joined(found->second, name);
  if (name.empty() || is_own(path)) return;
  if ((event.mask & IN_ISDIR) != 0) {
    if ((event.mask & (IN_CREATE | IN_MOVED_TO)) != 0) add_tree(path, Files::news, changes);
    if ((event.mask & IN_MOVED_FROM) != 0) {
      forget_tree(path);
      changes.rescan = true;
    }
    return;
  }
  // Who creates a file goes on to write it, and closes it. A link is whole at once.
  const bool begun = (event.mask & IN_CREATE) != 0 && !was_linked(path);
  if (!begun) changes.paths.push_back(path);
}

bool DirectoryWatch::was_linked(const std::string& path) const {
  struct stat status{};
  return ::lstat(full(path).c_str(), &status) == 0 && status.st_nlink > 1;
}

}  // namespace godwit
