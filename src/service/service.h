#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "service/api.h"
#include "service/calls.h"
#include "service/config.h"
#include "service/event_hub.h"
#include "service/groups.h"
#include "service/jobs.h"
#include "service/line_log.h"
#include "service/rate_limit.h"
#include "service/reload.h"
#include "world/signal.h"

namespace godwit::service {

/// The daemon in all but its process: groups, jobs and the API over them.
/// Concurrency: the World's executor.
class Service {
 public:
  /// Reads the config anew, for reloads.
  using Reader = std::function<Result<Config>()>;

  Service(World& world, Config config, Reader reader, std::ostream& log);
  Service(Service&&) = delete;

  /// Listens, then opens all groups; from its listening on it answers that it is not ready.
  /// Failure: a port that is taken, an address that others can reach without a token; as
  /// ReplicatedStore::open. Close it after a failure too.
  [[nodiscard]] Task<void> open();
  /// Answers no more requests than those under way, and gives those some seconds; then waits up to
  /// [node] drain until every target has everything. Says in the log what is left.
  [[nodiscard]] asio::awaitable<void> close();
  /// Takes what can be taken of the config as it is now; see Reload.
  /// Failure: that of reading it; then nothing has changed.
  [[nodiscard]] Task<ReloadReport> reload();

  [[nodiscard]] http::Endpoint endpoint() const { return server_->endpoint(); }
  [[nodiscard]] World& world() { return world_; }
  [[nodiscard]] const Config& config() const { return config_; }
  [[nodiscard]] LineLog& log() { return log_; }
  [[nodiscard]] EventHub& events() { return *events_; }
  [[nodiscard]] Groups& groups() { return groups_; }
  [[nodiscard]] Jobs& jobs() { return jobs_; }
  [[nodiscard]] Calls& calls() { return calls_; }
  /// Bytes of bodies that are held whole.
  [[nodiscard]] Budget& bodies() { return bodies_; }
  /// Bodies that are stored while they come in.
  [[nodiscard]] Budget& uploads() { return uploads_; }
  [[nodiscard]] bool is_ready() const { return ready_; }
  [[nodiscard]] RateLimit& rate_limit() { return rate_limit_; }
  /// Of those who show a wrong token, or none.
  [[nodiscard]] RateLimit& wrong_tokens() { return wrong_tokens_; }
  [[nodiscard]] MonoTime began() const { return began_; }
  /// Somebody was given the metrics just now.
  void note_scrape() { scraped_ = world_.mono_now(); }
  [[nodiscard]] std::optional<MonoTime> scraped() const { return scraped_; }
  [[nodiscard]] std::size_t connections() const { return server_->connections(); }
  /// "0123456789abcdef".
  [[nodiscard]] std::string new_request_id();

 private:
  [[nodiscard]] Result<void> listen();
  static asio::awaitable<void> keep_history(Service& service);
  static asio::awaitable<void> stop_server(http::Server& server, Duration grace);

  World& world_;
  Config config_;
  Reader reader_;
  LineLog log_;
  std::shared_ptr<EventHub> events_;
  Calls calls_;
  Groups groups_;
  Jobs jobs_;
  Budget bodies_;
  Budget uploads_;
  RateLimit rate_limit_;
  RateLimit wrong_tokens_;
  std::unique_ptr<http::Server> server_;
  CancelSource closing_;
  TaskGroup helpers_;
  bool ready_ = false;
  MonoTime began_;
  std::optional<MonoTime> scraped_;
};

}  // namespace godwit::service
