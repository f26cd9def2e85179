#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/examination.h"
#include "api/pipe.h"
#include "api/plan.h"
#include "api/runner.h"
#include "coordination/local_coordinator.h"
#include "godwit/replicated_store.h"
#include "http/client.h"
#include "kv/rocks_engine.h"
#include "replication/group.h"
#include "store/layers/slow_calls.h"
#include "store/registry.h"

namespace godwit::api {

/// A name of something that goes on between calls: a body or a listing that is being read.
using Ticket = std::uint64_t;

/// A body that has been opened.
struct OpenBody {
  Ticket ticket = 0;
  Head head;
};

/// What lives on the engine's thread: stores, journal, coordinator, group.
///
/// Failure of all calls as ReplicatedStore says. Arguments that are references must outlive the
/// task that takes them.
/// Concurrency: engine executor, but for the constructor and the destructor.
class Session {
 public:
  explicit Session(Runner& runner) : runner_(runner), world_(runner.world()) {}
  Session(Session&&) = delete;

  /// First of all. After a failure nothing is open.
  [[nodiscard]] Task<void> open(const ReplicationConfig& config);
  /// Last of all, once calls are refused.
  [[nodiscard]] Task<CloseReport> close(Duration drain_for);

  [[nodiscard]] Task<Receipt> put(const std::string& key, std::string_view body,
                                  const WriteOptions& options);
  [[nodiscard]] Task<Receipt> put(const std::string& key, const Pipe& pipe,
                                  std::optional<Bytes> size, const WriteOptions& options);
  [[nodiscard]] Task<Receipt> remove(const std::string& key, const WriteOptions& options);
  [[nodiscard]] Task<Object> get(const std::string& key, const ReadOptions& options);
  [[nodiscard]] Task<Head> head(const std::string& key, const ReadOptions& options);

  /// Until `end`, or the session's.
  [[nodiscard]] Task<OpenBody> open_body(const std::string& key, const ReadOptions& options);
  /// As Body::read.
  [[nodiscard]] Task<std::size_t> read_body(Ticket ticket, MutableByteSpan into);
  [[nodiscard]] Task<Ticket> open_listing(const ListRange& range);
  /// As Listing::next.
  [[nodiscard]] Task<std::vector<ListEntry>> next_page(Ticket ticket);
  [[nodiscard]] Task<void> end(Ticket ticket);

  [[nodiscard]] Task<Notice> notice(const std::string& key);
  [[nodiscard]] Task<ScanReport> scan(Duration timeout);

  [[nodiscard]] Task<void> add_target(const ReplicaTarget& target);
  [[nodiscard]] Task<void> remove_target(const std::string& target);
  [[nodiscard]] Task<void> pause(const std::string& target);
  [[nodiscard]] Task<void> resume(const std::string& target);
  [[nodiscard]] Task<std::vector<DeadLetter>> dead_letters(const std::string& target,
                                                           const std::string& start_after,
                                                           std::size_t most);
  [[nodiscard]] Task<void> redrive(const std::string& target, const std::string& key);
  [[nodiscard]] Task<void> resolve(const std::string& target, const std::string& key,
                                   Standing keep);
  [[nodiscard]] Task<void> add_merger(const std::string& name, Merger merger);
  [[nodiscard]] Task<MoveReport> move_primary(const MoveOptions& options);

  [[nodiscard]] Task<void> set_workers(const std::string& target, const WorkerBounds& bounds);
  [[nodiscard]] Task<void> set_alerts(const AlertLimits& alerts);
  /// Yields the number of the job.
  [[nodiscard]] Task<std::uint64_t> replicate(const std::string& key, Priority priority);
  [[nodiscard]] Task<JobStatus> job(std::uint64_t number);
  [[nodiscard]] Task<JobStatus> wait_for_job(std::uint64_t number, Duration timeout);
  /// Until `end`, or the session's.
  [[nodiscard]] Task<Ticket> open_verify(const std::string& target, const VerifyOptions& options);
  [[nodiscard]] Task<Ticket> open_repair(const std::string& target, const RepairOptions& options);
  /// The same of syncs of all targets, or of one as a whole; `report` is filled at the end.
  [[nodiscard]] Task<Ticket> open_sync(Duration timeout, std::shared_ptr<SyncAllReport> report);
  [[nodiscard]] Task<Ticket> open_full_sync(const std::string& target, Duration timeout,
                                            std::shared_ptr<SyncReport> report);
  /// Ends such work early; its result tells so.
  void cancel(Ticket ticket);
  /// As Examination::next and `result`.
  [[nodiscard]] Task<Examination::News> next_news(Ticket ticket);
  [[nodiscard]] Task<RepairReport> examined(Ticket ticket);

  /// All but what the group does not know of.
  [[nodiscard]] Task<GroupStatus> status();
  [[nodiscard]] Task<std::vector<StoreProbe>> probe();
  [[nodiscard]] Task<ReplicationMetrics> metrics();
  [[nodiscard]] Task<std::vector<Event>> events();
  /// Calls `handler` on the engine's thread, until the session ends.
  [[nodiscard]] Task<void> subscribe(EventHandler handler);

 private:
  [[nodiscard]] Context unbounded() const;
  /// `timeout`, or that of the config if it is 0.
  [[nodiscard]] Context context(Duration timeout, const std::string& request_id = {}) const;
  [[nodiscard]] Context at_callers_pace(Duration timeout, const std::string& request_id) const;
  [[nodiscard]] Task<void> open_group(const Context& context, const ReplicationConfig& config);
  [[nodiscard]] Result<std::unique_ptr<Store>> open_store(const Member& member, bool may_be_new);
  [[nodiscard]] Task<void> make_place(const Context& context, const Member& member, Store& store);
  [[nodiscard]] Task<void> let_go();
  [[nodiscard]] Task<SyncAllReport> sync_all(const Context& context, const ProgressSink& progress);
  [[nodiscard]] Task<SyncReport> full_sync(const Context& context, const std::string& target,
                                           const ProgressSink& progress);
  [[nodiscard]] Task<RepairReport> sync_into_report(const Context& context,
                                                    std::shared_ptr<SyncAllReport> report,
                                                    const ProgressSink& progress);
  [[nodiscard]] Task<RepairReport> full_sync_into_report(const Context& context, std::string target,
                                                         std::shared_ptr<SyncReport> report,
                                                         const ProgressSink& progress);
  [[nodiscard]] Task<Ticket> open_examination(const Context& context, Examination::Work work);
  [[nodiscard]] bool is_drained() const;
  [[nodiscard]] CloseReport report() const;
  [[nodiscard]] Result<void> check_target(const std::string& target) const;
  [[nodiscard]] TargetStatus status_of(const std::string& target) const;
  [[nodiscard]] replication::ReadOptions route(const ReadOptions& options) const;

  Runner& runner_;
  World& world_;
  Plan plan_;
  std::string region_;
  Duration call_timeout_{};
  SlowCalls slow_;
  CancelSource cancel_;
  std::shared_ptr<RetryBudget> budget_ = std::make_shared<RetryBudget>();
  std::unique_ptr<http::Client> client_;
  kv::RocksEngine engine_;
  StoreRegistry registry_;
  std::unique_ptr<LocalCoordinator> coordinator_;
  std::unique_ptr<replication::Group> group_;
  Ticket last_ticket_ = 0;
  std::map<Ticket, std::unique_ptr<Body>> bodies_;
  std::map<Ticket, std::unique_ptr<Listing>> listings_;
  std::map<Ticket, std::unique_ptr<Examination>> examinations_;
};

}  // namespace godwit::api
