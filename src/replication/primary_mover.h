#pragma once

#include <optional>
#include <set>
#include <string>

#include "coordination/coordinator.h"
#include "replication/background.h"
#include "replication/failover.h"

namespace godwit::replication {

/// Makes another target the primary.
///
///   1. the candidate has everything (switchover), or what others can give it (failover)
///   2. the gate is closed: no write is under way; the agents have ended
///   3. the coordinator agrees: from here on the epoch is greater
///   4. primary and target change places, and writes go on
///
/// Before 3 anything that fails leaves all as it was. When the answer of 3 is lost, the gate stays
/// closed until the coordinator tells what came of it.
/// Concurrency: engine executor.
class PrimaryMover {
 public:
  /// All outlive this.
  PrimaryMover(Engine& engine, Coordinator& coordinator, Background& background)
      : engine_(engine), coordinator_(coordinator), background_(background) {}

  /// See Group::move_primary.
  [[nodiscard]] Task<MoveReport> move(const Context& context, const MoveOptions& options);
  /// Tells the coordinator that a deposed target has been compared, and holds nothing any more that
  /// nobody else has.
  [[nodiscard]] Task<void> let_in(const Context& context, std::string name);

 private:
  struct Move {
    MoveKind kind = MoveKind::switchover;
    MoveReport report;
    GroupConfig config;  ///< afterwards
    Suspects suspects{};
  };

  [[nodiscard]] Result<Move> plan(const MoveOptions& options) const;
  [[nodiscard]] Task<MoveReport> carry_out(const Context& context, const MoveOptions& options,
                                           Move move);
  [[nodiscard]] Task<void> wait_until_near(const Context& context, const std::string& candidate);
  [[nodiscard]] Task<void> prepare(const Context& context, const MoveOptions& options, Move& move);
  [[nodiscard]] Task<void> keep_lost(const MoveReport& report);
  [[nodiscard]] Task<void> hand_over(const Context& context, const std::string& candidate);
  [[nodiscard]] Task<void> agree(const Context& context, const Move& move);
  [[nodiscard]] Task<void> make_sure_of_marker(const Context& context, const std::string& target);
  [[nodiscard]] Task<bool> ask_who_is(const Context& context, const Move& move);
  [[nodiscard]] Task<MoveReport> decide(const Context& context);
  [[nodiscard]] asio::awaitable<void> finish(Move& move, bool agreed);
  [[nodiscard]] std::set<std::string> with_more(const Move& move) const;
  void change_roles(Move& move);

  Engine& engine_;
  Coordinator& coordinator_;
  Background& background_;
  bool moving_ = false;
  std::optional<Move> undecided_;  ///< the coordinator's answer to it was lost
};

}  // namespace godwit::replication
