#pragma once

#include <functional>
#include <vector>

#include "godwit/verification.h"
#include "replication/verification.h"
#include "world/context.h"
#include "world/signal.h"

namespace godwit::api {

/// A verification or a repair that goes on while its findings are fetched.
/// Concurrency: engine executor.
class Examination {
 public:
  /// Findings that wait to be fetched; then the work waits.
  static constexpr std::size_t kMostWaiting = 1000;
  /// Of a verification it fills `found` alone.
  using Work = std::function<Task<RepairReport>(const Context&, const replication::FindingSink&)>;

  Examination(const Context& context, Work work);
  Examination(Examination&&) = delete;

  void start();
  /// What was found since; empty when the work has ended. One call at a time.
  [[nodiscard]] Task<std::vector<Finding>> next();
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
  replication::FindingSink sink_;
  Result<RepairReport> result_;
  std::vector<Finding> waiting_;
  bool ended_ = false;
  Signal changed_;
  TaskGroup task_;
};

}  // namespace godwit::api
