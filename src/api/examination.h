#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "godwit/verification.h"
#include "replication/verification.h"
#include "world/context.h"
#include "world/signal.h"

namespace godwit::api {

/// A verification, a repair or a sync that goes on while its news are fetched.
/// Concurrency: engine executor.
class Examination {
 public:
  /// Findings that wait to be fetched; then the work waits.
  static constexpr std::size_t kMostWaiting = 1000;
  /// What the work tells while it goes on.
  struct Sinks {
    replication::FindingSink finding;
    ProgressSink progress;
  };
  /// Of a verification it fills `found` alone, of a sync nothing.
  using Work = std::function<Task<RepairReport>(const Context&, const Sinks&)>;
  /// What has come since the last call.
  struct News {
    std::vector<Finding> findings;
    std::optional<WorkProgress> progress;
    bool ended = false;  ///< these are the last
  };

  Examination(const Context& context, Work work);
  Examination(Examination&&) = delete;

  void start();
  /// Waits for some. One call at a time.
  [[nodiscard]] Task<News> next();
  /// What the work came to, once it has ended.
  [[nodiscard]] const Result<RepairReport>& result() const { return result_; }
  /// The result will tell so.
  void cancel() { cancel_.cancel(); }
  /// Cancels the work and waits for its end. Before this is destroyed.
  [[nodiscard]] asio::awaitable<void> stop();

 private:
  [[nodiscard]] asio::awaitable<void> run();
  [[nodiscard]] Task<void> take(Finding finding);

  CancelSource cancel_;
  Context context_;
  Work work_;
  Sinks sinks_;
  Result<RepairReport> result_;
  std::optional<WorkProgress> progress_;
  std::vector<Finding> waiting_;
  bool ended_ = false;
  Signal changed_;
  TaskGroup task_;
};

}  // namespace godwit::api
