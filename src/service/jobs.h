#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "godwit/replication_manager.h"
#include "service/json.h"
#include "world/real/real_thread.h"
#include "world/world.h"

namespace godwit::service {

enum class JobKind : std::uint8_t { sync, verify, repair };

/// What a job is to do.
struct JobOrder {
  JobKind kind = JobKind::verify;
  std::string group;
  std::string target;  ///< empty: all, of `sync`
  VerifyLevel level = VerifyLevel::checksum;
  Extra extra = Extra::keep;
  Duration timeout = std::chrono::hours(1);
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

  /// Begins at once; `store` outlives it. Yields its number.
  /// Failure: limit_exceeded beyond kMostRunning.
  [[nodiscard]] Result<std::uint64_t> start(ReplicatedStore& store, const JobOrder& order);
  /// One JSON object. Failure: not_found; forgotten ones too.
  [[nodiscard]] Result<Json> find(std::uint64_t number);
  /// Of all, the newest first, without their findings.
  [[nodiscard]] Json list();
  [[nodiscard]] std::size_t running();
  /// Waits for all that run.
  void join();

 private:
  enum class State : std::uint8_t { running, completed, failed };
  struct Job {
    JobOrder order;
    State state = State::running;
    WallTime began{};
    WallTime ended{};
    std::uint64_t found = 0;
    std::vector<std::string> findings;
    std::string report;     ///< of the library
    bool complete = false;  ///< it says that all is well now
    std::string error;
    RealThread thread;
  };

  void run(std::uint64_t number, ReplicatedStore& store, const JobOrder& order);
  void note(std::uint64_t number, const Finding& finding);
  void forget_old();
  [[nodiscard]] Json tell(std::uint64_t number, const Job& job) const;

  World& world_;
  std::mutex mutex_;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, Job> jobs_;
};

}  // namespace godwit::service
