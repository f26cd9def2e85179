#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "world/time.h"

struct inotify_event;

namespace godwit {

/// Tells of files below a directory that are written, moved or removed, by the kernel (inotify).
///
/// A file that is written is told of when its writer closes it, one that is linked at once. A
/// directory that comes is told of file by file, whatever was put in it before we saw it; one that
/// is moved away only by `rescan`, for nobody knows any more what was in it. Links are not
/// followed. Concurrency: one thread at a time. Cost: one watch of the kernel, and its path, per
/// directory.
class DirectoryWatch {
 public:
  /// What has happened since the last call.
  struct Changes {
    std::vector<std::string> paths;  ///< relative to the root
    bool rescan = false;             ///< more has happened than could be told
    bool gone = false;               ///< the root is no more: open another watch
  };

  /// `own`: a directory at the root of which nothing is told.
  /// Failure: not_found; unavailable where the kernel has no more watches to begin with; what the
  /// system says.
  [[nodiscard]] static Result<std::unique_ptr<DirectoryWatch>> open(std::string root,
                                                                    std::string own);
  DirectoryWatch(DirectoryWatch&&) = delete;
  ~DirectoryWatch();

  /// Waits for something to happen, at most so long. Failure: what the system says.
  [[nodiscard]] Result<Changes> wait(Duration at_most);
  /// False once the kernel had no watch left for a directory: what happens there is not told.
  [[nodiscard]] bool sees_all() const { return sees_all_; }

 private:
  DirectoryWatch(int fd, std::string root, std::string own);
  enum class Files : std::uint8_t { known, news };
  void add_tree(const std::string& path, Files files, Changes& changes);
  [[nodiscard]] bool add(const std::string& path);
  void forget_tree(const std::string& path);
  void read_directory(const std::string& path, Files files, std::vector<std::string>& directories,
                      Changes& changes) const;
  void take(const struct ::inotify_event& event, const std::string& name, Changes& changes);
  [[nodiscard]] std::string full(const std::string& path) const;
  [[nodiscard]] bool is_own(const std::string& path) const;
  [[nodiscard]] bool was_linked(const std::string& path) const;

  int fd_;
  std::string root_;
  std::string own_;
  bool sees_all_ = true;
  std::map<int, std::string> paths_;    // of the watched directories; "" is the root
  std::map<std::string, int> watches_;  // the same the other way round
};

}  // namespace godwit
