#pragma once

#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "world/disk.h"
#include "world/sim/sim_storage.h"

namespace godwit {

/// How often what goes wrong with files below one path; shares between 0 and 1, drawn per call.
struct DiskFaults {
  double read_error = 0;       ///< EIO
  double write_error = 0;      ///< EIO, after a part of the bytes
  double sync_error = 0;       ///< EIO; what was to be synced never reaches the platter
  double list_error = 0;       ///< EIO
  double attribute_error = 0;  ///< EIO, when an attribute is read
  double no_descriptors = 0;   ///< EMFILE on open and list: passes
  double no_space = 0;         ///< ENOSPC, after a part of the bytes
  bool no_unnamed = false;     ///< files without a name are not known here
  Duration longest_delay{};    ///< each visit to the blocking pool takes up to this long
  /// Bytes that all files together may have; more is ENOSPC.
  Bytes capacity = std::numeric_limits<Bytes>::max();
  bool attributes = true;  ///< false: the file system has none
};

/// How a process ends that did not want to.
enum class Crash : std::uint8_t {
  process,  ///< kill -9: what was written is in the system's cache, and stays
  power     ///< only what was synced is sure to stay; of the rest, what chance leaves
};

/// A file system in memory with an honest idea of what a crash leaves, and typed faults.
///
/// Data, attributes and times of a file are sure after `File::sync`, names after
/// `sync_directory` of the directory that has them, all of it after `sync_all`. Power loss keeps of
/// the rest a subset that is drawn: a write may be torn at any sector (512 bytes), a rename is
/// whole or not at all, a directory whose own name is lost is gone with all that is in it.
/// Deterministic: listings come shuffled, but by the given chance. One thread only.
class SimDisk final : public Disk {
 public:
  using Random = sim_storage::Random;

  SimDisk(Random random, std::function<WallTime()> now);
  ~SimDisk() override;

  // What a simulation does to it.

  /// Faults of files below `path`; the longest path holds. May be changed at any moment.
  [[nodiscard]] DiskFaults& faults(const std::string& path);
  /// The most that a blocking visit takes by the faults of any path.
  [[nodiscard]] Duration longest_delay() const;
  /// Called before each call of a process, in its midst: here others may change files, or the
  /// process may crash.
  void on_call(std::function<void()> action) { on_call_ = std::move(action); }
  /// The process ends now: from here on each call fails and changes nothing, until `restart`.
  void crash(Crash kind, sim_storage::Losses losses = sim_storage::Losses::any_subset);
  /// A new process begins; files and locks of the one before are closed.
  void restart() { down_ = false; }
  /// From now on names that differ in the case of letters are one name.
  void fold_case() { folds_case_ = true; }
  /// A symbolic link, which no process here makes.
  [[nodiscard]] Result<void> plant_link(const std::string& path, const std::string& leads_to);

  /// While it lives, calls meet no faults and call nobody: for who looks on, or is somebody else.
  class Undisturbed {
   public:
    explicit Undisturbed(SimDisk& disk) : disk_(disk) { ++disk_.undisturbed_; }
    Undisturbed(Undisturbed&&) = delete;
    ~Undisturbed() { --disk_.undisturbed_; }

   private:
    SimDisk& disk_;
  };

  // Disk.

  [[nodiscard]] Disk& without_links() override;
  [[nodiscard]] Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  [[nodiscard]] Result<std::unique_ptr<File>> open_unnamed(const std::string& directory) override;
  [[nodiscard]] Result<void> link(File& file, const std::string& path) override;
  [[nodiscard]] Result<FileStat> stat(const std::string& path) override;
  [[nodiscard]] Result<std::vector<DirectoryEntry>> list(const std::string& directory) override;
  [[nodiscard]] Result<Inspection> inspect(const std::string& directory,
                                           std::span<const std::string> names,
                                           const std::string& attribute) override;
  [[nodiscard]] Result<void> make_directory(const std::string& path, Access access) override;
  [[nodiscard]] Result<void> rename(const std::string& from, const std::string& to,
                                    OnExisting on_existing) override;
  [[nodiscard]] Result<void> remove_file(const std::string& path) override;
  [[nodiscard]] Result<void> remove_directory(const std::string& path) override;
  [[nodiscard]] Result<void> sync_directory(const std::string& directory) override;
  [[nodiscard]] Result<void> sync_all(const std::string& path) override;
  [[nodiscard]] Result<std::shared_ptr<void>> lock(const std::string& path) override;

 private:
  friend class SimFile;
  class WithoutLinks;
  /// What a link in the last element of a path does.
  enum class Last : std::uint8_t { leads_on, stays };
  /// A name in a directory, and what it leads to; null where there is nothing yet.
  struct Place {
    sim_storage::InodePtr directory;
    std::string name;
    sim_storage::InodePtr inode;
  };

  [[nodiscard]] Result<void> begin(const std::string& path);
  [[nodiscard]] Result<void> begin(const std::string& path, double DiskFaults::* fault,
                                   std::string_view what);
  [[nodiscard]] bool strikes(const std::string& path, double DiskFaults::* fault);
  [[nodiscard]] const DiskFaults& faults_of(const std::string& path) const;
  [[nodiscard]] bool has_room(const std::string& path, Bytes more) const;
  [[nodiscard]] Result<Place> find(const std::string& path, Last last) const;
  [[nodiscard]] Result<sim_storage::InodePtr> existing(const std::string& path, Last last) const;
  [[nodiscard]] Result<sim_storage::InodePtr> directory_at(const std::string& path) const;
  [[nodiscard]] sim_storage::InodePtr make_inode(FileType type);
  [[nodiscard]] Result<void> check_rename(const Place& from, const Place& to,
                                          OnExisting on_existing, const std::string& name) const;

  std::unique_ptr<WithoutLinks> without_links_;
  Links links_ = Links::follow;
  bool folds_case_ = false;
  Random random_;
  std::function<WallTime()> now_;
  std::function<void()> on_call_;
  sim_storage::InodePtr root_;
  sim_storage::NameLog names_;
  std::map<std::string, DiskFaults> faults_;
  std::map<const sim_storage::Inode*, std::weak_ptr<void>> locks_;
  std::uint64_t last_inode_ = 0;
  std::uint64_t life_ = 0;  // counts processes: files of an earlier one are closed
  int undisturbed_ = 0;
  bool down_ = false;
};

}  // namespace godwit
