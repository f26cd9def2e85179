#pragma once

#include <set>
#include <string>
#include <vector>

#include "service/calls.h"
#include "service/config.h"
#include "service/groups.h"
#include "service/line_log.h"
#include "service/rate_limit.h"

namespace godwit::service {

/// What a reload did.
struct ReloadReport {
  struct Refused {
    std::string key;
    std::string why;
  };
  std::vector<std::string> applied;
  std::vector<Refused> refused;
};

/// Of callers who may call.
[[nodiscard]] Rate rate_of(const ApiConfig& api);

/// Takes from a config what can be taken while the service runs; see "Start, stop, reload" of
/// docs/daemon.md.
/// Concurrency: the World's executor.
class Reload {
 public:
  /// What of the service changes. `config` is what holds now.
  struct Parts {
    Config& config;
    LineLog& log;
    RateLimit& rate_limit;
    Groups& groups;
  };

  Reload(const Parts& parts, const Config& fresh);

  /// What cannot be taken is in the report. Once.
  [[nodiscard]] asio::awaitable<ReloadReport> run();

 private:
  void take_log();
  void take_api();
  void take_node();
  void take_new_stores();
  void drop_old_stores();
  [[nodiscard]] asio::awaitable<void> take_group(const ReplicationConfig& wanted);
  [[nodiscard]] asio::awaitable<void> take_alerts(ServedGroup& group,
                                                  const ReplicationConfig& wanted);
  [[nodiscard]] asio::awaitable<void> take_target(ServedGroup& group, const std::string& name,
                                                  const ReplicaTarget* wanted);
  [[nodiscard]] asio::awaitable<void> take_workers(ServedGroup& group, const ReplicaTarget& wanted);

  [[nodiscard]] bool has_changed(const std::string& prefix) const;
  [[nodiscard]] bool was_there(const std::string& prefix) const;
  void applied(const std::string& prefix);
  void refused(const std::string& prefix, const std::string& why);
  void settle(const std::string& prefix, const Result<void>& result);

  Parts parts_;
  const Config& fresh_;
  std::set<std::string> changed_;  ///< keys of which nothing is decided yet
  ReloadReport report_;
};

}  // namespace godwit::service
