#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "world/disk.h"

/// What a simulated disk holds, twice: as processes see it, and as a power loss would leave it.
namespace godwit::sim_storage {

/// Draws 64 uniform bits.
using Random = std::function<std::uint64_t()>;

/// True with this probability; draws once.
[[nodiscard]] bool strikes(const Random& random, double share);

/// What unsynced changes a power loss leaves.
enum class Losses : std::uint8_t {
  any_subset,  ///< each sector of each write, each attribute, each name on its own: what POSIX says
  in_order     ///< of each file the changes up to a moment: what journaling file systems do
};

struct Contents {
  std::string bytes;
  WallTime modified{};
  std::map<std::string, std::string> attributes;
};

/// One change of a file that is not on the platter yet.
struct FileChange {
  enum class Kind : std::uint8_t { write, truncate, attribute, time };
  Kind kind = Kind::write;
  Bytes offset = 0;   // of a write; the new size of a truncation
  std::string bytes;  // of a write; an attribute's value
  std::string name;   // of an attribute
  WallTime modified{};
};

struct Inode {
  FileType type = FileType::regular;
  std::uint64_t number = 0;
  std::string link;    // where a symbolic link leads
  WallTime changed{};  // of anything; as the name that a link gives, so it outlives a power loss
  Contents live;
  Contents durable;
  std::vector<FileChange> unsynced;
  std::map<std::string, std::shared_ptr<Inode>> entries;  // of a directory
  std::map<std::string, std::shared_ptr<Inode>> durable_entries;

  /// Changes `live`, and remembers that `durable` lacks it.
  void change(FileChange change);
  /// All changes reach the platter / are dropped as after a failed fsync, which marks them clean.
  void sync();
  void drop_unsynced() { unsynced.clear(); }
  /// What a power loss leaves is all there is from now on.
  void lose_power(const Random& random, Losses losses, double survival);
};
using InodePtr = std::shared_ptr<Inode>;

[[nodiscard]] FileStat stat_of(const Inode& inode);

/// One change of names, which happens as a whole: a creation, a removal, a rename (two steps).
struct NameChange {
  struct Step {
    InodePtr directory;
    std::string name;
    InodePtr inode;  // null: the name goes
  };
  std::vector<Step> steps;
  InodePtr emptied;  // a directory that goes: what was moved out of it went before
};

/// The names that are not on the platter yet, in order.
///
/// A change survives only with those before it that it builds on: of the same name, or that
/// emptied the directory which it removes. Others are independent, as POSIX lets them be.
class NameLog {
 public:
  void apply(NameChange change);
  /// Puts on the platter what concerns `directory`, with all that it builds on.
  void sync(const InodePtr& directory);
  void sync_all();
  void lose_power(const Random& random, double survival);

 private:
  std::vector<NameChange> unsynced_;
};

}  // namespace godwit::sim_storage
