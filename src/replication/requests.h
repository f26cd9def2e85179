#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "godwit/verification.h"
#include "replication/engine.h"

namespace godwit::replication {

/// Keys that callers have asked to be brought to the targets, and what has become of them.
/// Concurrency: engine executor.
class Requests {
 public:
  /// Requests that are remembered. The oldest of those that have ended are forgotten first.
  static constexpr std::size_t kMost = 10'000;

  explicit Requests(Engine& engine) : engine_(engine) {}

  /// Each target is to compare the key with the primary, durably; yields the number of the request.
  /// Failure: not_found where the primary has no such object; limit_exceeded; the journal's.
  [[nodiscard]] Task<std::uint64_t> ask(const Context& context, const std::string& key,
                                        Priority priority);
  /// Failure: not_found for one that is forgotten.
  [[nodiscard]] Result<JobStatus> status(std::uint64_t number);
  /// Returns when each target has ended it. Failure: that of a target; timed_out, cancelled: then
  /// it goes on by itself.
  [[nodiscard]] Task<JobStatus> wait(const Context& context, std::uint64_t number);

 private:
  struct Part {
    std::unique_ptr<Endings::Listener> listener;
    std::uint64_t collapses = 0;  ///< of the target's queue, when it was asked for
  };
  struct Request {
    JobStatus status;
    std::vector<Part> parts;  ///< as status.targets
  };

  [[nodiscard]] Result<void> make_room();
  void listen(Request& request);
  void settle(Request& request) const;

  Engine& engine_;
  std::map<std::uint64_t, std::unique_ptr<Request>> requests_;
  std::uint64_t last_ = 0;
};

}  // namespace godwit::replication
