#pragma once

#include <set>
#include <string>

#include "replication/conflicts.h"
#include "replication/copies.h"
#include "replication/delivery.h"
#include "replication/engine.h"
#include "replication/known_objects.h"

namespace godwit::replication {

/// A body is on its way while it lives.
class Moving {
 public:
  explicit Moving(Engine& engine) : engine_(engine) {
    engine_.counts.moving.begin(engine_.world.mono_now());
  }
  Moving(Moving&&) = delete;
  ~Moving() { engine_.counts.moving.end(engine_.world.mono_now()); }

 private:
  Engine& engine_;
};

/// Delivers to one target what it lacks: workers take its tasks, a prober watches its health, and
/// a comparison of everything runs when the journal asks for one.
class TargetAgent {
 public:
  TargetAgent(Engine& engine, Conflicts& conflicts, Target& target);
  TargetAgent(TargetAgent&&) = delete;
  ~TargetAgent();

  void start();
  /// As many workers as its config says by now.
  void set_workers();
  /// Cancels what is under way and waits for its end.
  [[nodiscard]] asio::awaitable<void> stop();

 private:
  struct Verdict;
  /// What a delivery has brought about.
  struct Arrived {
    Version version;
    Bytes bytes = 0;
    bool moved = false;  ///< something was written or removed
    bool lost = false;   ///< the put that was asked for was lost with its primary
    /// Nothing was: look again. The target holds another object than it did, or knows no
    /// conditions.
    bool outdated = false;
  };

  [[nodiscard]] asio::awaitable<void> work();
  void muster();
  void note_pace(bool paced, const Result<Arrived>& arrived);
  [[nodiscard]] asio::awaitable<void> probe_now_and_then();
  [[nodiscard]] Duration until_next_probe(bool well) const;
  [[nodiscard]] asio::awaitable<void> watch_backlog(MonoTime until);
  [[nodiscard]] asio::awaitable<void> compare_when_asked();
  [[nodiscard]] Task<void> until_quiet();
  [[nodiscard]] asio::awaitable<void> deliver(journal::TargetTask task);
  struct Blind;
  struct Sides;
  [[nodiscard]] bool is_plain(const journal::TargetTask& task) const;
  [[nodiscard]] bool removes_blind(const journal::TargetTask& task) const;
  [[nodiscard]] Task<Arrived> remove_blind(const Context& context, const journal::TargetTask& task);
  [[nodiscard]] Task<void> remove_there(const Context& context, const std::string& key);
  [[nodiscard]] std::optional<Blind> blind(const journal::TargetTask& task);
  [[nodiscard]] Task<Arrived> deliver_blind(const Context& context, const journal::TargetTask& task,
                                            const Blind& blind);
  [[nodiscard]] Task<Arrived> attempt(const Context& context, const journal::TargetTask& task);
  [[nodiscard]] Task<Arrived> look_and_deliver(const Context& context,
                                               const journal::TargetTask& task);
  [[nodiscard]] transfer::Precondition still(const std::optional<ObjectInfo>& there) const;
  [[nodiscard]] Task<Arrived> carry_out(const Context& context, const journal::TargetTask& task,
                                        Plan plan, const Sides& sides);
  [[nodiscard]] Task<Arrived> restore(const Context& context, const std::string& key,
                                      const Sides& sides);
  [[nodiscard]] Task<Arrived> put(const Context& context, const std::string& key,
                                  const Sides& sides, const std::optional<Version>& as);
  [[nodiscard]] Task<Arrived> put_over(const Context& context, const std::string& key,
                                       const Sides& sides, const std::optional<Version>& as);
  [[nodiscard]] Task<bool> complete_draft(const Context& context, const std::string& key,
                                          const Sides& sides);
  [[nodiscard]] Task<Arrived> put_recent(const Context& context, const std::string& key,
                                         const RecentPuts::Put& recent,
                                         const transfer::Precondition& expected);
  [[nodiscard]] Task<Arrived> copy_expecting(const Context& context,
                                             const journal::TargetTask& task, const Blind& blind);
  [[nodiscard]] Task<Arrived> put_newest(const Context& context, const std::string& key,
                                         const ObjectInfo& settled);
  [[nodiscard]] bool is_outrun(const journal::TargetTask& task) const;
  [[nodiscard]] Task<Arrived> adopt(const Context& context, const journal::TargetTask& task);
  [[nodiscard]] Verdict judge(const Error& error) const;
  [[nodiscard]] bool waits_for_room(const journal::Write& write) const;
  [[nodiscard]] asio::awaitable<void> failed(journal::TargetTask task, Error error);
  [[nodiscard]] Context context() const { return context_; }
  /// For what is done beside deliveries.
  [[nodiscard]] Context context(std::string_view work) const;
  [[nodiscard]] asio::awaitable<bool> probe();
  [[nodiscard]] asio::awaitable<void> try_conditions();
  [[nodiscard]] std::string why_not_ours(const std::optional<Marker>& marker) const;
  void give_up(const std::string& why);
  void compare_anew();
  [[nodiscard]] asio::awaitable<bool> compare_all();
  [[nodiscard]] Task<void> compare_surely();
  [[nodiscard]] Task<void> compare();
  void note_health(Health before);
  void note_progress();
  void note_lag();
  void note_arrival(const journal::TargetTask& task, const Arrived& arrived);
  void emit(EventType type, const std::string& key = {}, std::string message = {});

  Engine& engine_;
  Conflicts& conflicts_;
  Target& target_;
  Alarm lag_alarm_;
  Alarm queue_alarm_;
  KnownObjects known_;
  std::optional<bool> keeps_conditions_;  // nothing: it was not tried yet
  Copies copies_;
  std::set<std::string> in_conflict_;  ///< keys whose conflict is counted and not settled
  CancelSource stop_;
  Context context_;
  CancelSource recall_;   ///< wakes workers that wait, when there are too many
  transfer::Slots pace_;  ///< how many workers there should be
  TaskGroup tasks_;
};

}  // namespace godwit::replication
