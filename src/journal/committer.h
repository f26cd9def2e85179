#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "journal/transaction.h"
#include "world/context.h"
#include "world/signal.h"

namespace godwit::journal {

/// One change of the database.
struct Step {
  /// On the blocking pool, once or more: a transaction that failed is run again. So it must not
  /// change what it holds but as its own result.
  std::move_only_function<Result<void>(Transaction&)> change;
  /// On the engine, when the change is written.
  std::move_only_function<void()> then;
};

/// Writes changes in their order, many in one atomic batch (group commit): those that come while a
/// batch is being synced share the next one.
///
/// Concurrency: engine executor.
class Committer {
 public:
  /// How long changes that nobody waits for may be gathered.
  static constexpr Duration kLinger = std::chrono::milliseconds(20);
  /// The pause after a batch that could not be written.
  static constexpr Duration kPause = std::chrono::milliseconds(200);

  /// Adds what else is to be written, when a batch is about to begin.
  using Collect = std::function<void(std::vector<Step>&)>;

  Committer(World& world, kv::Database& database, Collect collect);
  Committer(Committer&&) = delete;
  ~Committer();

  /// Returns when the change, and all before it, are on stable storage.
  /// Failure: what the database said; the change is then dropped, and whether it comes back after
  /// a crash is not known.
  [[nodiscard]] Task<void> durable(Step step);
  /// The same for what was given before.
  [[nodiscard]] Task<void> flush();
  /// Will be written some time later; tried again while the database fails. Durability::now: it is
  /// on stable storage before `then` is called.
  void later(Step step, kv::Durability durability = kv::Durability::later);
  /// The same, without being gathered with others first: somebody may be idle until then.
  void soon(Step step, kv::Durability durability = kv::Durability::later);
  /// There is something to collect.
  void nudge();
  /// The last error of the database, while it fails.
  [[nodiscard]] const std::optional<Error>& failing() const { return failing_; }
  /// Writes what is left and ends. Failure: what could not be written.
  [[nodiscard]] Task<void> close();

 private:
  struct Cycle;
  [[nodiscard]] asio::awaitable<void> work();
  [[nodiscard]] asio::awaitable<void> gather();
  void add(Step step, kv::Durability durability);
  void hurry();
  [[nodiscard]] asio::awaitable<void> write(std::shared_ptr<Cycle> cycle);

  World& world_;
  kv::Database& database_;
  Collect collect_;
  bool nudged_ = false;
  std::shared_ptr<Cycle> next_;
  Signal wake_;
  CancelSource linger_;  // cancelled when somebody begins to wait
  TaskGroup group_;
  std::optional<Error> failing_;
  bool closing_ = false;
};

}  // namespace godwit::journal
