#include "world/real/real_disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace godwit {
namespace {

constexpr std::size_t kLargestAttribute = 64 * kKiB;
constexpr std::size_t kCopyBuffer = 256 * kKiB;

Code code_of(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR: return Code::not_found;
    case EEXIST:
    case ENOTEMPTY:
    case EISDIR: return Code::precondition_failed;
    case EACCES:
    case EPERM:
    case EROFS: return Code::permission_denied;
    case ENOSPC:
    case EDQUOT: return Code::no_space;
    case EFBIG:
    case ENAMETOOLONG:
    case EINVAL:
    case EILSEQ:
    case ELOOP: return Code::invalid_argument;
    case ENOTSUP:
    case ENOSYS: return Code::unsupported;
    default: return Code::unavailable;
  }
}

/// The error of the call that just failed.
std::unexpected<Error> failed(std::string_view what, const std::string& path) {
  const int number = errno;
  Error error(code_of(number),
              std::string(what) + " " + path + ": " + std::generic_category().message(number));
  if (number == EMFILE || number == ENFILE) {
    return fail(std::move(error).with_hint("raise the limit of open files (ulimit -n)"));
  }
  if (number == EIO) return fail(std::move(error).with(Retry::never));
  return fail(std::move(error));
}

/// Calls again while a signal interrupts it.
template <class F>
auto uninterrupted(F call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

WallTime to_wall(const timespec& time) {
  return WallTime(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

timespec to_timespec(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch());
  return {.tv_sec = seconds.count(), .tv_nsec = (time.time_since_epoch() - seconds).count()};
}

FileType type_of(mode_t mode) {
  if (S_ISREG(mode)) return FileType::regular;
  if (S_ISDIR(mode)) return FileType::directory;
  if (S_ISLNK(mode)) return FileType::symlink;
  return FileType::other;
}

FileStat to_stat(const struct stat& raw) {
  return {.type = type_of(raw.st_mode),
          .size = static_cast<Bytes>(raw.st_size),
          .modified = to_wall(raw.st_mtim),
          .device = raw.st_dev,
          .inode = raw.st_ino,
          .mode = raw.st_mode & 07777};
}

FileType type_of(const dirent& entry, int directory) {
  switch (entry.d_type) {
    case DT_REG: return FileType::regular;
    case DT_DIR: return FileType::directory;
    case DT_LNK: return FileType::symlink;
    case DT_UNKNOWN: break;
    default: return FileType::other;
  }
  struct stat raw{};
  if (::fstatat(directory, entry.d_name, &raw, AT_SYMLINK_NOFOLLOW) != 0) return FileType::other;
  return type_of(raw.st_mode);
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int get() const { return number_; }

 private:
  int number_;
};

/// Reads an attribute through `get(buffer, size)`, which works as getxattr does.
template <class F>
Result<std::optional<std::string>> read_attribute(const std::string& path, F get) {
  std::array<char, 1024> small{};
  ssize_t length = get(small.data(), small.size());
  if (length >= 0) return std::string(small.data(), static_cast<std::size_t>(length));
  if (errno == ENODATA) return std::nullopt;
  if (errno != ERANGE) return failed("read attribute of", path);
  std::string large(kLargestAttribute, '\0');
  length = get(large.data(), large.size());
  if (length < 0) return failed("read attribute of", path);
  large.resize(static_cast<std::size_t>(length));
  return large;
}

class RealFile final : public File {
 public:
  RealFile(Descriptor descriptor, std::string path)
      : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  Result<std::size_t> read_at(Bytes offset, MutableByteSpan into) override {
    std::size_t filled = 0;
    while (filled < into.size()) {
      const ssize_t count = uninterrupted([&] {
        return ::pread(fd(), into.data() + filled, into.size() - filled,
                       static_cast<off_t>(offset + filled));
      });
      if (count < 0) return failed("read", path_);
      if (count == 0) break;
      filled += static_cast<std::size_t>(count);
    }
    return filled;
  }

  Result<void> write_at(Bytes offset, ByteSpan bytes) override {
    while (!bytes.empty()) {
      const ssize_t count = uninterrupted(
          [&] { return ::pwrite(fd(), bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
      if (count < 0) return failed("write", path_);
      offset += static_cast<Bytes>(count);
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return {};
  }

  Result<void> sync() override {
    if (uninterrupted([&] { return ::fdatasync(fd()); }) != 0) return failed("sync", path_);
    return {};
  }

  Result<void> truncate(Bytes size) override {
    const auto cut = [&] { return ::ftruncate(fd(), static_cast<off_t>(size)); };
    if (uninterrupted(cut) != 0) return failed("truncate", path_);
    return {};
  }

  Result<FileStat> stat() override {
    struct stat raw{};
    if (::fstat(fd(), &raw) != 0) return failed("stat", path_);
    return to_stat(raw);
  }

  Result<void> copy_from(File& source, Bytes offset, Bytes count) override {
    auto& from = dynamic_cast<RealFile&>(source);
    auto read_offset = static_cast<off_t>(offset);
    auto write_offset = static_cast<off_t>(offset);
    while (count > 0) {
      const ssize_t copied = uninterrupted([&] {
        return ::copy_file_range(from.fd(), &read_offset, fd(), &write_offset, count, 0);
      });
      if (copied < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP)) {
        return copy_through_memory(from, static_cast<Bytes>(read_offset), count);
      }
      if (copied < 0) return failed("copy to", path_);
      if (copied == 0) return ended_early(from.path_);
      count -= static_cast<Bytes>(copied);
    }
    return {};
  }

  Result<std::optional<std::string>> attribute(const std::string& name) override {
    return read_attribute(path_, [&](char* buffer, std::size_t size) {
      return ::fgetxattr(fd(), name.c_str(), buffer, size);
    });
  }

  Result<void> set_attribute(const std::string& name, const std::string& value) override {
    if (::fsetxattr(fd(), name.c_str(), value.data(), value.size(), 0) != 0) {
      return failed("write attribute of", path_);
    }
    return {};
  }

  Result<void> set_modified(WallTime modified) override {
    const std::array<timespec, 2> times = {timespec{.tv_sec = 0, .tv_nsec = UTIME_OMIT},
                                           to_timespec(modified)};
    if (::futimens(fd(), times.data()) != 0) return failed("set the time of", path_);
    return {};
  }

 private:
  [[nodiscard]] int fd() const { return descriptor_.get(); }

  static std::unexpected<Error> ended_early(const std::string& path) {
    return fail(Code::precondition_failed, "read " + path + ": the file became shorter meanwhile");
  }

  Result<void> copy_through_memory(RealFile& from, Bytes offset, Bytes count) {
    std::string buffer(kCopyBuffer, '\0');
    while (count > 0) {
      const auto want = static_cast<std::size_t>(std::min<Bytes>(buffer.size(), count));
      const auto space = std::as_writable_bytes(std::span(buffer)).first(want);
      GODWIT_TRY(const std::size_t got, from.read_at(offset, space));
      if (got == 0) return ended_early(from.path_);
      GODWIT_CHECK(write_at(offset, space.first(got)));
      offset += got;
      count -= got;
    }
    return {};
  }

  Descriptor descriptor_;
  std::string path_;
};

int open_flags(OpenMode mode) {
  switch (mode) {
    case OpenMode::read: return O_RDONLY;
    case OpenMode::write_new: return O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::write_existing: return O_RDWR;
  }
  std::unreachable();
}

}  // namespace

Result<std::unique_ptr<File>> RealDisk::open(const std::string& path, OpenMode mode) {
  // O_NONBLOCK: opening a FIFO must not wait for its other end.
  const int flags = open_flags(mode) | O_CLOEXEC | O_NONBLOCK;
  Descriptor descriptor(uninterrupted([&] { return ::open(path.c_str(), flags, 0666); }));
  if (descriptor.get() < 0) return failed("open", path);
  return std::make_unique<RealFile>(std::move(descriptor), path);
}

Result<FileStat> RealDisk::stat(const std::string& path, Symlinks symlinks) {
  struct stat raw{};
  const int flags = symlinks == Symlinks::follow ? 0 : AT_SYMLINK_NOFOLLOW;
  if (::fstatat(AT_FDCWD, path.c_str(), &raw, flags) != 0) return failed("stat", path);
  return to_stat(raw);
}

Result<std::vector<DirectoryEntry>> RealDisk::list(const std::string& directory) {
  const auto close = [](DIR* stream) { ::closedir(stream); };
  const std::unique_ptr<DIR, decltype(close)> stream(::opendir(directory.c_str()), close);
  if (!stream) return failed("list", directory);
  std::vector<DirectoryEntry> entries;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    entries.push_back({std::string(name), type_of(*entry, ::dirfd(stream.get()))});
  }
  if (errno != 0) return failed("list", directory);
  return entries;
}

Result<void> RealDisk::make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0777) == 0) return {};
  if (errno == EEXIST) {
    GODWIT_TRY(const FileStat found, this->stat(path, Symlinks::follow));
    if (found.type == FileType::directory) return {};
    return fail(Code::precondition_failed, "make directory " + path + ": a file is in its place");
  }
  const std::size_t slash = path.find_last_of('/');
  if (errno != ENOENT || slash == 0 || slash == std::string::npos) {
    return failed("make directory", path);
  }
  GODWIT_CHECK(make_directory(path.substr(0, slash)));
  if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) return failed("make directory", path);
  return {};
}

Result<void> RealDisk::rename(const std::string& from, const std::string& to,
                              OnExisting on_existing) {
  if (on_existing == OnExisting::replace) {
    if (::rename(from.c_str(), to.c_str()) != 0) return failed("rename to", to);
    return {};
  }
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return {};
  if (errno != EINVAL && errno != ENOSYS) return failed("rename to", to);
  // A file system without RENAME_NOREPLACE: a hard link is as exclusive.
  if (::link(from.c_str(), to.c_str()) != 0) return failed("rename to", to);
  return remove_file(from);
}

Result<void> RealDisk::remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return failed("remove", path);
  return {};
}

Result<void> RealDisk::remove_directory(const std::string& path) {
  if (::rmdir(path.c_str()) != 0) return failed("remove", path);
  return {};
}

Result<void> RealDisk::sync_directory(const std::string& directory) {
  const Descriptor descriptor(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.get() < 0 || ::fsync(descriptor.get()) != 0) return failed("sync", directory);
  return {};
}

Result<void> RealDisk::sync_all(const std::string& path) {
  const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (descriptor.get() < 0 || ::syncfs(descriptor.get()) != 0) return failed("sync", path);
  return {};
}

Result<std::shared_ptr<void>> RealDisk::lock(const std::string& path) {
  auto held =
      std::make_shared<Descriptor>(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (held->get() < 0) return failed("open", path);
  if (::flock(held->get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failed("lock", path);
    return fail(Code::precondition_failed, path + " is locked by another process");
  }
  return held;
}

Result<std::optional<std::string>> RealDisk::attribute(const std::string& path,
                                                       const std::string& name) {
  return read_attribute(path, [&](char* buffer, std::size_t size) {
    return ::getxattr(path.c_str(), name.c_str(), buffer, size);
  });
}

}  // namespace godwit
