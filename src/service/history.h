#pragma once

#include <map>
#include <string>
#include <vector>

#include "godwit/status.h"
#include "service/json.h"
#include "world/world.h"

namespace godwit::service {

/// How the targets of one group stood over the last hour, so that a page that is opened has
/// something to draw. Gone with the process: who wants more keeps it by `/metrics`.
/// Concurrency: the World's executor. Memory: 16 bytes for each target and moment.
class History {
 public:
  static constexpr Duration kInterval = std::chrono::seconds(5);
  static constexpr std::size_t kMostMoments = 720;
  /// Of those that are targets now, and those that were within the hour.
  static constexpr std::size_t kMostTargets = 100;

  /// A moment more; beyond kMostMoments the oldest is forgotten.
  void note(MonoTime now, const GroupStatus& status);

  /// {"interval_ms", "last", "at_ms": [...], "targets": [{"name", "lag_ms": [...], ...}]} of the
  /// moments after number `after`, oldest first. null: it was no target then; for rates also the
  /// first moment of a target, and one whose counts have begun anew. Moments are told by the clock
  /// as it is now, so that they are in order and evenly apart even when it was set.
  [[nodiscard]] Json tell(std::uint64_t after, WallTime wall_now, MonoTime mono_now) const;

 private:
  struct Sample {
    float lag_ms;
    float tasks;
    float bytes_per_second;
    float writes_per_second;
  };
  struct Series {
    std::vector<Sample> samples;  ///< by place, as times_
    std::uint64_t seen = 0;       ///< the number of its last moment
    TargetCounts counts;          ///< as they were then
  };

  /// Where a moment is: they go round.
  static std::size_t place(std::uint64_t number) { return (number - 1) % kMostMoments; }
  [[nodiscard]] Sample sample(const Series& series, const TargetStatus& target,
                              Duration since) const;
  [[nodiscard]] Json tell(const std::string& name, const Series& series, std::uint64_t first) const;
  void forget();

  std::uint64_t last_ = 0;  ///< the number of the last moment; the first is 1
  std::vector<MonoTime> times_;
  std::map<std::string, Series> series_;
};

}  // namespace godwit::service
