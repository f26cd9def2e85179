#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "godwit/replication_manager.h"
#include "service/json.h"
#include "world/real/real_thread.h"
#include "world/world.h"

namespace godwit::service {

struct ServedGroup;

enum class JobKind : std::uint8_t { sync, verify, repair, drill };

/// What a job is to do.
struct JobOrder {
  JobKind kind = JobKind::verify;
  std::string group;
  std::string target;  ///< empty: all, of `sync`; none, of `drill`
  std::string prefix;  ///< of keys, of `verify` and `repair`; empty: all
  VerifyLevel level = VerifyLevel::checksum;
  Extra extra = Extra::keep;
  Duration timeout = std::chrono::hours(1);  ///< of a drill: its patience
};
[[nodiscard]] std::string_view to_string(JobKind kind);

/// Long work on groups, each on a thread of its own, so that it holds up nothing else.
/// Concurrency: any thread.
class Jobs {
 public:
  static constexpr std::size_t kMostRunning = 8;
  static constexpr std::size_t kMostKept = 100;       ///< that have ended
  static constexpr std::size_t kMostFindings = 1000;  ///< of one job that are kept; all are counted

  explicit Jobs(World& world) : world_(world) {}
  Jobs(Jobs&&) = delete;
  /// Waits for those that run: close their stores before.
  ~Jobs() { join(); }

  /// Begins at once; `group`, which is open, outlives it. Yields its number.
  /// Failure: limit_exceeded beyond kMostRunning; precondition_failed for a second drill of a
  /// group.
  [[nodiscard]] Result<std::uint64_t> start(ServedGroup& group, const JobOrder& order);
  /// Asks it to end; it does so soon. What it has begun at the stores is finished by itself.
  /// Failure: not_found; precondition_failed when it has ended.
  [[nodiscard]] Result<void> cancel(std::uint64_t number);
  void cancel_all();
  /// One JSON object. Failure: not_found; forgotten ones too.
  [[nodiscard]] Result<Json> find(std::uint64_t number);
  /// Of all, the newest first, without their findings.
  [[nodiscard]] Json list();
  [[nodiscard]] std::size_t running();
  /// Waits for all that run.
  void join();

 private:
  enum class State : std::uint8_t { running, completed, failed, cancelled };
  struct Job {
    JobOrder order;
    ServedGroup* group = nullptr;
    std::shared_ptr<const ReplicationConfig> config;
    std::uint64_t seed = 0;
    State state = State::running;
    WallTime began{};
    WallTime ended{};
    std::uint64_t found = 0;
    std::vector<std::string> findings;
    std::string report;     ///< of the library
    bool complete = false;  ///< it says that all is well now
    std::string error;
    std::optional<WorkProgress> progress;  ///< as it was told last
    std::stop_source stop;
    RealThread thread;
  };

  [[nodiscard]] Result<void> check_start(const JobOrder& order) const;
  void run(std::uint64_t number);
  void note(std::uint64_t number, const Finding& finding);
  void note_progress(std::uint64_t number, const WorkProgress& progress);
  void forget_old();
  [[nodiscard]] static std::string_view name_of(State state);
  [[nodiscard]] Json tell(std::uint64_t number, const Job& job) const;

  World& world_;
  std::mutex mutex_;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, Job> jobs_;
};

}  // namespace godwit::service
