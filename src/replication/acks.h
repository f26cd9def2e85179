#pragma once

#include <list>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>

#include "version/version.h"
#include "world/context.h"

namespace godwit::replication {

/// Writes that wait for targets to have them.
/// Concurrency: engine executor.
class Acks {
 public:
  /// One write that waits. Make it before anyone can deliver, so that no ack is missed.
  class Waiter {
   public:
    Waiter(Acks& acks, std::string key, Version version);
    Waiter(Waiter&&) = delete;
    ~Waiter();

    /// Returns when `targets` all have that version or a newer one, or `enough` of them do.
    /// Failure: timed_out at `deadline`; cancelled.
    [[nodiscard]] Task<void> wait(const Context& context, std::set<std::string> targets,
                                  std::size_t enough);
    [[nodiscard]] const std::set<std::string>& acked() const { return acked_; }
    /// How many of `targets` have it.
    [[nodiscard]] std::size_t count(const std::set<std::string>& targets) const;

   private:
    friend class Acks;

    Acks& acks_;
    std::string key_;
    Version version_;
    std::set<std::string> acked_;
    CancelSource heard_;
  };

  /// `target` holds `version` of the key now.
  void delivered(const std::string& target, const std::string& key, const Version& version);

 private:
  std::unordered_map<std::string, std::list<Waiter*>> waiters_;
};

}  // namespace godwit::replication
