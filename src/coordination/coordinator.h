#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/duration.h"
#include "version/version.h"
#include "world/context.h"

namespace godwit {

/// How often a group failed over of late: what a cooldown and a daily limit are judged by. By the
/// wall clock, since it outlives restarts: a clock that jumps may hold a failover back or let one
/// through too soon, but has no say in who may write (that is the lease's, on monotonic clocks).
struct FailoverCount {
  WallTime last{};
  WallTime day{};  ///< the day that is counted, its first moment
  std::uint32_t that_day = 0;
  bool operator==(const FailoverCount&) const = default;
};

/// What the nodes of a group agree on.
struct GroupState {
  std::uint32_t epoch = 0;  ///< only ever grows; 0: never had a primary
  std::string primary;      ///< the name of the target that takes writes
  std::string primary_region;
  std::set<std::string> fenced;  ///< targets that were deposed, and not let in again
  FailoverCount failovers;
  /// By target: it has every change up to this version. Published now and then, so it may lag
  /// behind what is true, and never runs ahead of it.
  std::map<std::string, Version> watermarks;
  bool operator==(const GroupState&) const = default;
};

struct GroupSnapshot {
  GroupState state;
  std::uint64_t revision = 0;  ///< 0: nobody has written it yet
  bool operator==(const GroupSnapshot&) const = default;
};

struct LeaseTerms {
  std::string group;
  std::string name;    ///< what is leased: "primary", "shard-3"
  std::string holder;  ///< the node; its name is that of one process at a time
  Duration ttl{};
};

/// A right to act alone, for a while.
struct Lease {
  LeaseTerms terms;
  std::uint64_t token = 0;  ///< greater than that of every lease granted before in the group
  /// On the holder's own monotonic clock; see `lease_valid_until`. Act before it, never after.
  MonoTime valid_until{};
};

enum class Sight : std::uint8_t { alive, dead };

/// What one observer says of a target. It is forgotten after `lifetime`, and in another epoch.
struct Vote {
  std::string observer;
  std::string target;
  std::uint32_t epoch = 0;
  Sight sight = Sight::alive;
  Duration lifetime{};
};

inline constexpr Duration kShortestLease = std::chrono::seconds(1);
inline constexpr Duration kLongestLease = std::chrono::hours(1);
/// The part of a lease's time that its holder gives away: two monotonic clocks may run that
/// differently, and the holder still stops first.
inline constexpr int kLeaseMarginShare = 10;
inline constexpr std::size_t kMostTargets = 64;  ///< in `fenced` and in `watermarks`, each

/// Where the nodes of a group agree: on its state, on who may act, on who is thought dead.
///
/// **A failover** is: votes of a majority; `acquire` of the lease "primary", which waits out the
/// old primary's; `compare_and_swap` to an epoch that is greater; then writes. So nobody else acts
/// when the epoch grows, and a node that slept through it learns it when it renews, or by its
/// epoch.
///
/// **An outage of the coordinator** (calls fail with unavailable or timed_out) changes nothing by
/// itself: who holds a lease goes on until `valid_until` and stops there, never later, for others
/// may be granted it from then on. Nobody becomes primary meanwhile, so an outage that is longer
/// than the lease ends writes until it is over. Reading the stores needs no coordinator.
///
/// Names of groups, leases, holders, targets and observers are as those of regions
/// (`check_region`). Failure of all calls: invalid_argument (names, bounds), unavailable,
/// timed_out, cancelled, corrupted (what is kept was damaged), unsupported (it was written by a
/// newer release), no_space; `outcome()` says whether a change took effect. After `unknown`: read.
/// Concurrency: any number of calls at once on the World's executor. Arguments must outlive the
/// task that takes them.
class Coordinator {
 public:
  virtual ~Coordinator() = default;

  /// What was last written, and is durable: no later read will say less.
  [[nodiscard]] virtual Task<GroupSnapshot> read(const Context& context,
                                                 const std::string& group) = 0;
  /// Writes `next.state` if the group is still at `next.revision`; durable when it returns the new
  /// revision. Failure: precondition_failed when somebody wrote meanwhile; invalid_argument when
  /// `check_succession` refuses the step.
  [[nodiscard]] virtual Task<std::uint64_t> compare_and_swap(const Context& context,
                                                             const std::string& group,
                                                             const GroupSnapshot& next) = 0;

  /// Takes a lease that nobody holds. Failure: precondition_failed while somebody does, also the
  /// holder itself, with the longest that it can take in `retry_after()`: the whole ttl after the
  /// coordinator last heard of it, however early the holder stops. A node that comes back under its
  /// name is granted its lease at once where it is certain that its former process is gone.
  [[nodiscard]] virtual Task<Lease> acquire(const Context& context, const LeaseTerms& terms) = 0;
  /// The same lease for another ttl from now. Failure: precondition_failed once it has run out or
  /// somebody else has it: acquire anew, and trust nothing that was decided under it.
  [[nodiscard]] virtual Task<Lease> renew(const Context& context, const Lease& lease) = 0;
  /// Gives it back, so that others need not wait. Stop acting first. A lease that is lost already
  /// is a success.
  [[nodiscard]] virtual Task<void> release(const Context& context, const Lease& lease) = 0;

  /// Replaces the observer's earlier vote. May be forgotten when the coordinator restarts, so vote
  /// at each probe. Failure: precondition_failed when the group is in another epoch.
  [[nodiscard]] virtual Task<void> cast_vote(const Context& context, const std::string& group,
                                             const Vote& vote) = 0;
  /// The votes of the group's epoch that have not run out, by observer.
  [[nodiscard]] virtual Task<std::vector<Vote>> votes(const Context& context,
                                                      const std::string& group) = 0;

  /// Lets go of what is held open. Leases stay. No call may be under way, none may follow.
  [[nodiscard]] virtual Task<void> close() = 0;
};

// What coordinators share.

/// Whether a group may go from one state to the next: the epoch never shrinks, another primary
/// needs a greater one, names are legal, and at most kMostTargets are named.
/// Failure: invalid_argument.
[[nodiscard]] Result<void> check_succession(const GroupState& before, const GroupState& after);
/// Names are legal, the ttl is between kShortestLease and kLongestLease.
[[nodiscard]] Result<void> check_terms(const LeaseTerms& terms);
[[nodiscard]] Result<void> check_vote(const Vote& vote);
/// Failure: invalid_argument; `what` is "a group", for the message.
[[nodiscard]] Result<void> check_name(std::string_view what, std::string_view name);

/// Until when the holder of a lease may act that it asked for (or to renew) at `asked`: counted
/// from before the request left, so that no delay on the way makes it longer than the coordinator's
/// count, and less the margin.
[[nodiscard]] MonoTime lease_valid_until(MonoTime asked, Duration ttl);

/// Of `observers` that could vote (not of those that did), more than half see `target` dead.
[[nodiscard]] bool majority_sees_dead(const std::vector<Vote>& votes, std::string_view target,
                                      std::size_t observers);

}  // namespace godwit
