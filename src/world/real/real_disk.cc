#include "world/real/real_disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "world/real/no_links.h"

namespace godwit {
namespace {

constexpr std::size_t kLargestAttribute = 64 * kKiB;
constexpr std::size_t kCopyBuffer = 256 * kKiB;

Code code_of(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP: return Code::not_found;
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
    case EILSEQ: return Code::invalid_argument;
    case EXDEV:
    case ENOTSUP:
    case ENOSYS: return Code::unsupported;
    default: return Code::unavailable;
  }
}

constexpr int kUnnamed = O_TMPFILE | O_RDWR;

/// As `open`. Where the directory has been removed since its name was looked up ext4 says EPERM:
/// ENOENT here.
int open_unnamed_in(int directory) {
  const int opened = ::openat(directory, ".", kUnnamed | O_CLOEXEC, 0666);
  if (opened >= 0 || errno != EPERM) return opened;
  struct stat raw{};
  const bool gone = ::fstat(directory, &raw) == 0 && raw.st_nlink == 0;
  errno = gone ? ENOENT : EPERM;
  return -1;
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
          .changed = to_wall(raw.st_ctim),
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
  explicit Descriptor(int number = -1) : number_(number) {}
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

/// Containers may lack /proc.
bool has_proc() {
  static const bool there = ::access("/proc/self/fd", X_OK) == 0;
  return there;
}

/// The file system has no attributes, or shows this one to other users only.
bool is_for_others(const Error& error) {
  return error.code() == Code::unsupported || error.code() == Code::permission_denied;
}

class RealFile final : public File {
 public:
  RealFile(Descriptor descriptor, std::string path)
      : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  [[nodiscard]] int descriptor() const { return fd(); }

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
    if (uninterrupted([&] { return ::fsync(fd()); }) != 0) return failed("sync", path_);
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
    if (::fsetxattr(fd(), name.c_str(), value.data(), value.size(), 0) == 0) return {};
    // File systems limit all attributes of a file together: ext4 to a block.
    if (errno == ENOSPC || errno == E2BIG || errno == ERANGE) {
      return fail(Code::unsupported, "write attribute of " + path_ + ": it does not fit");
    }
    return failed("write attribute of", path_);
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

/// The directory that holds the last element of a path, and that element: what the ...at() calls
/// take. Where links are followed, the whole path will do.
struct RealDisk::Place {
  Descriptor directory;
  int at = AT_FDCWD;  ///< -1 with errno set when the directory could not be opened
  std::string name;

  [[nodiscard]] const char* c_str() const { return name.c_str(); }
};

RealDisk::RealDisk(Links links) : links_(links) {
  if (links == Links::follow) strict_ = std::make_unique<RealDisk>(Links::refuse);
}

Disk& RealDisk::without_links() { return strict_ ? *strict_ : *this; }

std::string RealDisk::resolve(const std::string& path) {
  std::error_code ignored;
  const std::filesystem::path resolved = std::filesystem::weakly_canonical(path, ignored);
  return resolved.empty() ? path : resolved.string();
}

int RealDisk::open_path(const std::string& path, int flags) const {
  return uninterrupted([&] {
    return links_ == Links::follow ? ::open(path.c_str(), flags | O_CLOEXEC, 0666)
                                   : open_without_links(path, flags | O_CLOEXEC, 0666);
  });
}

RealDisk::Place RealDisk::place(const std::string& path) const {
  if (links_ == Links::follow) return {.directory = Descriptor(), .at = AT_FDCWD, .name = path};
  const std::size_t slash = path.find_last_of('/');
  Descriptor directory(open_path(slash == 0 ? "/" : path.substr(0, slash), O_PATH | O_DIRECTORY));
  const int at = directory.get();
  const std::string name = path.substr(slash + 1);
  return {.directory = std::move(directory), .at = at, .name = name.empty() ? "." : name};
}

int RealDisk::link_flag() const { return links_ == Links::follow ? 0 : AT_SYMLINK_NOFOLLOW; }

Result<std::unique_ptr<File>> RealDisk::open(const std::string& path, OpenMode mode) {
  // O_NONBLOCK: opening a FIFO must not wait for its other end.
  Descriptor descriptor(open_path(path, open_flags(mode) | O_NONBLOCK));
  if (descriptor.get() < 0) return failed("open", path);
  return std::make_unique<RealFile>(std::move(descriptor), path);
}

Result<std::unique_ptr<File>> RealDisk::open_unnamed(const std::string& directory) {
  int opened = open_path(directory, kUnnamed);
  if (opened < 0 && errno == EPERM) {
    const Descriptor held(open_path(directory, O_PATH | O_DIRECTORY));
    if (held.get() >= 0) opened = open_unnamed_in(held.get());
  }
  Descriptor descriptor(opened);
  if (descriptor.get() >= 0) return std::make_unique<RealFile>(std::move(descriptor), directory);
  // Kernels and file systems that do not know O_TMPFILE see a directory opened for writing.
  if (errno == EISDIR || errno == EINVAL) errno = EOPNOTSUPP;
  return failed("open a file in", directory);
}

Result<void> RealDisk::link(File& file, const std::string& path) {
  const std::string from =
      "/proc/self/fd/" + std::to_string(dynamic_cast<RealFile&>(file).descriptor());
  const Place to = place(path);
  if (to.at == -1) return failed("link", path);
  if (::linkat(AT_FDCWD, from.c_str(), to.at, to.c_str(), AT_SYMLINK_FOLLOW) == 0) return {};
  if (errno == ENOENT && !has_proc()) errno = EOPNOTSUPP;
  return failed("link", path);
}

Result<FileStat> RealDisk::stat(const std::string& path) {
  struct stat raw{};
  const Place at = place(path);
  if (at.at == -1 || ::fstatat(at.at, at.c_str(), &raw, link_flag()) != 0) {
    return failed("stat", path);
  }
  return to_stat(raw);
}

Result<std::vector<DirectoryEntry>> RealDisk::list(const std::string& directory) {
  const int descriptor = open_path(directory, O_RDONLY | O_DIRECTORY);
  if (descriptor < 0) return failed("list", directory);
  const auto close = [](DIR* stream) { ::closedir(stream); };
  const std::unique_ptr<DIR, decltype(close)> stream(::fdopendir(descriptor), close);
  if (!stream) {
    ::close(descriptor);
    return failed("list", directory);
  }
  std::vector<DirectoryEntry> entries;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    entries.push_back({std::string(name), type_of(*entry, descriptor)});
  }
  if (errno != 0) return failed("list", directory);
  return entries;
}

Result<Inspection> RealDisk::inspect(const std::string& directory,
                                     std::span<const std::string> names,
                                     const std::string& attribute) {
  const Descriptor descriptor(open_path(directory, O_PATH | O_DIRECTORY));
  struct stat raw{};
  if (descriptor.get() < 0 || ::fstat(descriptor.get(), &raw) != 0) {
    return failed("look into", directory);
  }
  Inspection found{.directory = to_stat(raw), .entries = {}};
  found.entries.reserve(names.size());
  // Kernels before 6.13 have no getxattrat(2); this path leads through the open directory.
  const std::string here =
      has_proc() ? "/proc/self/fd/" + std::to_string(descriptor.get()) + "/" : directory + "/";
  const auto get = links_ == Links::follow ? ::getxattr : ::lgetxattr;
  const auto facts_of = [&](const std::string& name) -> Result<FileFacts> {
    if (::fstatat(descriptor.get(), name.c_str(), &raw, link_flag()) != 0) {
      return failed("stat", directory + "/" + name);
    }
    FileFacts facts{.stat = to_stat(raw), .attribute = {}};
    if (facts.stat.type != FileType::regular) return facts;
    const std::string path = here + name;
    auto value = read_attribute(directory + "/" + name, [&](char* buffer, std::size_t size) {
      return get(path.c_str(), attribute.c_str(), buffer, size);
    });
    if (!value && !is_for_others(value.error())) return fail(std::move(value).error());
    if (value) facts.attribute = *std::move(value);
    return facts;
  };
  for (const std::string& name : names) found.entries.push_back(facts_of(name));
  return found;
}

Result<void> RealDisk::make_directory(const std::string& path, Access access) {
  const mode_t mode = access == Access::shared ? 0777 : 0700;
  const Place at = place(path);
  if (at.at != -1 && ::mkdirat(at.at, at.c_str(), mode) == 0) return {};
  if (errno == EEXIST) {
    GODWIT_TRY(const FileStat found, this->stat(path));
    if (found.type == FileType::directory) return {};
    return fail(Code::precondition_failed,
                "make directory " + path + ": something else is in its place");
  }
  if (errno == ENOTDIR || errno == ELOOP) {
    return fail(Code::precondition_failed,
                "make directory " + path + ": a file or a link is in the place of a parent");
  }
  const std::size_t slash = path.find_last_of('/');
  if (errno != ENOENT || slash == 0 || slash == std::string::npos) {
    return failed("make directory", path);
  }
  GODWIT_CHECK(make_directory(path.substr(0, slash), Access::shared));
  const Place again = place(path);
  if (again.at != -1 && ::mkdirat(again.at, again.c_str(), mode) == 0) return {};
  if (errno != EEXIST) return failed("make directory", path);
  return {};
}

Result<void> RealDisk::rename(const std::string& from, const std::string& to,
                              OnExisting on_existing) {
  const Place source = place(from);
  if (source.at == -1) return failed("rename", from);
  const Place target = place(to);
  if (target.at == -1) return failed("rename to", to);
  if (on_existing == OnExisting::replace) {
    if (::renameat(source.at, source.c_str(), target.at, target.c_str()) == 0) return {};
    return failed("rename to", to);
  }
  const int moved =
      ::renameat2(source.at, source.c_str(), target.at, target.c_str(), RENAME_NOREPLACE);
  if (moved == 0) return {};
  if (errno != EINVAL && errno != ENOSYS) return failed("rename to", to);
  // A file system without RENAME_NOREPLACE: a hard link is as exclusive.
  if (::linkat(source.at, source.c_str(), target.at, target.c_str(), 0) != 0) {
    return failed("rename to", to);
  }
  return remove_file(from);
}

Result<void> RealDisk::remove_file(const std::string& path) {
  const Place at = place(path);
  if (at.at == -1 || ::unlinkat(at.at, at.c_str(), 0) != 0) return failed("remove", path);
  return {};
}

Result<void> RealDisk::remove_directory(const std::string& path) {
  const Place at = place(path);
  if (at.at == -1 || ::unlinkat(at.at, at.c_str(), AT_REMOVEDIR) != 0) {
    return failed("remove", path);
  }
  return {};
}

Result<void> RealDisk::sync_directory(const std::string& directory) {
  const Descriptor descriptor(open_path(directory, O_RDONLY | O_DIRECTORY));
  if (descriptor.get() < 0 || ::fsync(descriptor.get()) != 0) return failed("sync", directory);
  return {};
}

Result<void> RealDisk::sync_all(const std::string& path) {
  const Descriptor descriptor(open_path(path, O_RDONLY));
  if (descriptor.get() < 0 || ::syncfs(descriptor.get()) != 0) return failed("sync", path);
  return {};
}

Result<DiskSpace> RealDisk::space(const std::string& path) {
  const Descriptor descriptor(open_path(path, O_RDONLY));
  struct statvfs told{};
  if (descriptor.get() < 0 || ::fstatvfs(descriptor.get(), &told) != 0) {
    return failed("statvfs", path);
  }
  return DiskSpace{.free = told.f_bavail * told.f_frsize, .total = told.f_blocks * told.f_frsize};
}

Result<std::shared_ptr<void>> RealDisk::lock(const std::string& path) {
  auto held = std::make_shared<Descriptor>(open_path(path, O_RDWR | O_CREAT));
  if (held->get() < 0) return failed("open", path);
  if (::flock(held->get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failed("lock", path);
    return fail(Code::precondition_failed, path + " is locked by another process");
  }
  return held;
}

}  // namespace godwit
