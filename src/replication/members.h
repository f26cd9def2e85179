#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "godwit/verification.h"
#include "replication/missing.h"
#include "replication/read_times.h"
#include "replication/types.h"
#include "store/store.h"

namespace godwit::replication {

/// Turns what is seen of a target into its health, with hysteresis both ways: one failure degrades
/// it, `kFailures` in a row make it unhealthy, `kSuccesses` in a row heal it again.
class Detector {
 public:
  static constexpr int kFailures = 3;
  static constexpr int kSuccesses = 2;

  void success();
  void failure();
  [[nodiscard]] Health health() const { return health_; }

 private:
  Health health_ = Health::unknown;
  int failures_ = 0;
  int successes_ = 0;
};

/// How long a store takes to answer: smoothed as TCP does it (RFC 6298, SRTT).
class RoundTrip {
 public:
  void add(Duration sample);
  /// 0: never measured.
  [[nodiscard]] Duration smoothed() const { return smoothed_; }
  /// Grows by one for each doubling, so that stores which are about as near are equally near, and
  /// do not change places with each sample. The greatest of all where nothing was measured.
  [[nodiscard]] int distance() const;

 private:
  Duration smoothed_{};
};

struct Differences;

/// A target as the group sees it. Engine executor.
struct Target {
  TargetConfig config;
  std::unique_ptr<Store> store;
  Detector detector;
  RoundTrip round_trip;
  ReadTimes read_times;
  std::int64_t read_credit = 0;  ///< whose turn it is: see Router::in_turn
  State state = State::active;
  std::string why_failed;  ///< of State::failed
  /// It has no room: until then no put is tried, and then a few are.
  std::optional<MonoTime> full_until;
  std::uint32_t marked = 0;  ///< the epoch of its marker, as we saw or wrote it last
  TargetCounts counts;
  std::size_t workers = 0;  ///< that live
  std::size_t active = 0;   ///< deliveries under way
  /// Keys whose objects are known to be damaged there, as a verification has found, until they are
  /// delivered anew. See Redelivery.
  std::map<std::string, FindingKind> doubts;
  Missing missing;  ///< as the last comparison has listed it
  /// On either side, in the last comparison that came to its end.
  std::optional<std::uint64_t> keys;
  /// While it is compared as a whole. Comparisons of keys that were asked for are not done yet.
  const Differences* comparing = nullptr;
  CancelSource bodies;  ///< cancelled while it is paused

  /// Neither paused, nor removed, nor a store of somebody else.
  [[nodiscard]] bool is_served() const { return state == State::active || state == State::syncing; }
  /// Deliveries may be tried: it is served, and not out of reach.
  [[nodiscard]] bool takes_deliveries() const {
    return is_served() && detector.health() != Health::unhealthy;
  }
  /// By the operator: bodies that are on their way to it break off, and go on when it is resumed.
  void pause() {
    state = State::paused;
    bodies.cancel();
  }
  void resume() {
    state = State::syncing;
    bodies = CancelSource();
  }
  /// It may hold what nobody else has: nothing is sent to it before a probe has seen that it is the
  /// place that it was.
  void depose() {
    state = State::failed;
    why_failed = "it has not been seen since the primary moved, or the group was opened";
  }
};

}  // namespace godwit::replication
