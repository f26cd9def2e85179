#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "world/disk.h"

namespace godwit::file {

/// Knows which files a power loss may have spoiled, where objects are synced at the end of a run.
///
/// Before the first of them gets its name, a note in `.godwit/unflushed` is on stable storage:
/// since when there is something to lose, by the clock of the file system, and in which boot of the
/// machine. `flush` syncs all, and then removes it. So a note of another boot is of a run that the
/// power ended. What changed since then is in doubt: its bytes, its record and its time prove
/// nothing. Whoever writes next closes the note, so what is written from then on is sound; it stays
/// as long as there is a file that it may speak of, which only a look at all of them could tell.
///
/// A note is locked while the process that wrote it lives. One of this boot that nobody holds is of
/// a process that was killed; nothing is in doubt, and the next flush removes it.
/// Thread-safe; all calls block.
class Unflushed {
 public:
  /// `sync_names` makes the name of `directory` sure.
  Unflushed(Disk& disk, std::string directory, std::function<Result<void>()> sync_names);

  /// Whether the power went after this file was written and before it was sure to be synced.
  /// Failure: of the disk; a note that cannot be read is not absent.
  [[nodiscard]] Result<bool> in_doubt(const FileStat& file) const;

  /// While one is held, `flush` waits.
  using Writing = std::shared_lock<std::shared_mutex>;
  enum class Synced : std::uint8_t { by_its_writer, by_flush };
  /// To be held from before a file changes for the last time until it has its name.
  /// `changed`: of that file, now. Cost: that of a note for the first one after a flush.
  [[nodiscard]] Result<Writing> begin(Synced synced, WallTime changed) const;

  /// What was written is on stable storage when this returns. Does nothing where there is no note.
  /// Failure: of the disk. Then nobody knows what is lost, so all of it is in doubt for the next
  /// store that is opened here, and each flush of this one fails.
  [[nodiscard]] Result<void> flush(const std::string& root) const;

 private:
  /// Of a run that can no longer say that all is well.
  struct Doubt {
    std::string path;
    WallTime since{};
    std::optional<WallTime> until;
  };
  /// Of this process, or taken over from a dead one of this boot.
  struct Note {
    std::string path;
    WallTime since{};
    std::shared_ptr<void> lock;
  };

  [[nodiscard]] Result<void> load() const;
  [[nodiscard]] Result<void> close_doubts(WallTime now) const;
  [[nodiscard]] Result<void> merge_doubts() const;
  [[nodiscard]] Result<void> make_note(WallTime since) const;
  [[nodiscard]] Result<std::shared_ptr<void>> hold(const std::string& path,
                                                   const std::string& text) const;
  [[nodiscard]] Result<std::vector<std::string>> paths() const;
  [[nodiscard]] Result<void> take_over_dead(std::vector<Note>& notes) const;
  [[nodiscard]] Result<void> remove(const std::vector<Note>& notes) const;
  void condemn(const std::vector<Note>& notes) const;

  Disk& disk_;
  std::string directory_;
  std::function<Result<void>()> sync_names_;
  mutable std::shared_mutex gate_;
  mutable std::mutex mutex_;  // of what follows
  mutable bool loaded_ = false;
  mutable bool closed_ = false;  // the doubts are, all of them
  mutable std::string boot_;     // empty: not known
  mutable std::vector<Doubt> doubts_;
  mutable std::atomic<bool> no_doubts_ = false;
  mutable WallTime open_at_ = WallTime::min();  // of a file that was there before the doubt closed
  mutable std::vector<Note> notes_;
  mutable std::optional<Error> lost_;
};

}  // namespace godwit::file
