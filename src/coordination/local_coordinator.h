#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "coordination/coordinator.h"
#include "coordination/group_file.h"
#include "world/signal.h"

namespace godwit {

/// The coordinator of a single node: a directory with one file for each group, and a lock that
/// keeps every other process out.
///
/// - A file is replaced as a whole (written beside, synced, renamed, the directory synced): after a
///   crash it is the old or the new one. What could not be said to be durable is written again
///   before anyone is told it, so no read is ever taken back.
/// - A damaged file, or one of a newer format, fails every call of its group, with the path and
/// what
///   to do; it is never taken for an empty one, which would begin at epoch 0 again.
/// - Leases: granting and releasing write the file, renewing does not, since after a restart every
///   lease in it counts from the moment that it was read. The lock proves that the process before
///   is gone, so a holder of that time is granted its own lease at once; others wait the whole ttl.
/// - Votes are in memory.
///
/// Cost: a change is two fsyncs and a rename, one at a time; a read is free after the first.
/// Concurrency: as Coordinator. Many holders may share one.
class LocalCoordinator final : public Coordinator {
 public:
  /// Makes the directory if it is not there. Failure: precondition_failed when another process has
  /// it open; what the disk fails with.
  [[nodiscard]] static Task<std::unique_ptr<LocalCoordinator>> open(const Context& context,
                                                                    const std::string& directory);

  [[nodiscard]] Task<GroupSnapshot> read(const Context& context, const std::string& group) override;
  [[nodiscard]] Task<std::uint64_t> compare_and_swap(const Context& context,
                                                     const std::string& group,
                                                     const GroupSnapshot& next) override;
  [[nodiscard]] Task<Lease> acquire(const Context& context, const LeaseTerms& terms) override;
  [[nodiscard]] Task<Lease> renew(const Context& context, const Lease& lease) override;
  [[nodiscard]] Task<void> release(const Context& context, const Lease& lease) override;
  [[nodiscard]] Task<void> cast_vote(const Context& context, const std::string& group,
                                     const Vote& vote) override;
  [[nodiscard]] Task<std::vector<Vote>> votes(const Context& context,
                                              const std::string& group) override;
  [[nodiscard]] Task<void> close() override;

  static constexpr std::size_t kMostGroups = 1024;
  static constexpr std::size_t kMostLeases = 256;     ///< of a group, those that ran out aside
  static constexpr std::size_t kMostObservers = 256;  ///< of a group

 private:
  /// When a lease was last heard of, and whether by this process.
  struct Heard {
    MonoTime at{};
    bool by_this_process = false;
  };
  struct CastVote {
    Vote vote;
    MonoTime until{};
  };
  struct Group {
    GroupRecord record;
    bool is_sure = false;  ///< `record` is what the disk says, and durable
    std::map<std::string, Heard> heard;
    std::map<std::string, CastVote> votes;
  };
  class Turn;
  struct Visit;

  LocalCoordinator(World& world, std::string directory, std::shared_ptr<void> lock);

  [[nodiscard]] Task<Visit> visit(const Context& context, const std::string& group);
  [[nodiscard]] Task<void> make_sure(Group& group);
  [[nodiscard]] Task<void> save(Group& group, GroupRecord next);
  [[nodiscard]] std::string path_of(const std::string& group) const;
  [[nodiscard]] MonoTime end_of(const Group& group, const std::string& lease) const;
  [[nodiscard]] Result<void> check_free(const Group& group, const LeaseTerms& terms) const;
  [[nodiscard]] bool holds(const Group& group, const Lease& lease) const;

  World& world_;
  std::string directory_;
  std::shared_ptr<void> lock_;
  std::map<std::string, Group> groups_;
  Signal free_;
  bool busy_ = false;
};

}  // namespace godwit
