#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "godwit/verification.h"
#include "replication/differences.h"
#include "replication/engine.h"

namespace godwit::replication {

/// Comparisons of single keys with one target that a call asks for, and how they end. They go the
/// way of all deliveries, so that nothing older takes the place of something newer, and two who ask
/// for one key at once share one task.
/// Concurrency: engine executor.
class Redelivery {
 public:
  /// `context` and `engine` outlive this.
  Redelivery(const Context& context, Engine& engine, std::string target);
  Redelivery(Redelivery&&) = delete;

  /// Failure: not_found; precondition_failed for a target that is paused, that must be compared
  /// anyway, or that is no store of ours; unavailable for one that does not answer, or once the
  /// primary has moved, or what was asked for was dropped.
  [[nodiscard]] Result<void> check() const;
  /// Waits while many are under way. With `doubt` the target's object is known to be damaged,
  /// whatever it says of itself. Failure: cancelled, timed_out; as `check`.
  [[nodiscard]] Task<void> ask(std::string key, std::optional<FindingKind> doubt);
  /// The same of what listings have told.
  [[nodiscard]] Task<void> ask(Difference difference);
  /// Returns when all have ended. Failure: as `ask`; then the rest goes on by itself.
  [[nodiscard]] Task<void> finish();

  [[nodiscard]] std::uint64_t moved() const { return moved_; }
  [[nodiscard]] std::uint64_t unchanged() const { return unchanged_; }
  [[nodiscard]] std::uint64_t failed() const { return failed_; }
  [[nodiscard]] std::uint64_t pending() const { return listener_.expected(); }
  [[nodiscard]] Bytes bytes() const { return bytes_; }
  /// Of what was asked for, however it ended.
  [[nodiscard]] std::uint64_t ended() const { return moved_ + unchanged_ + failed_; }

 private:
  void heard(const std::string& key, const Ending& ending);

  const Context& context_;
  Engine& engine_;
  std::string target_;
  std::uint32_t epoch_;
  std::uint64_t collapses_ = 0;
  Endings::Listener listener_;
  std::uint64_t moved_ = 0;
  std::uint64_t unchanged_ = 0;
  std::uint64_t failed_ = 0;
  Bytes bytes_ = 0;
};

/// Compares a target with the primary, key by key, and delivers what differs; live writes go on
/// beside it, and the target is read meanwhile. Returns when all of it is done, or with the error
/// in the report. `progress`, if it is not empty, is called on the engine's executor.
[[nodiscard]] Task<TargetSync> sync_target(const Context& context, Engine& engine,
                                           const std::string& target, const ProgressSink& progress);

}  // namespace godwit::replication
