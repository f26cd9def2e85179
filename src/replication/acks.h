#pragma once

#include <list>
#include <map>
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

    /// Returns when `enough` of those named in `until` have that version or a newer one. Each is
    /// waited for until its time. Failure: timed_out as soon as too few are left to wait for;
    /// cancelled.
    [[nodiscard]] Task<void> wait(const Context& context,
                                  const std::map<std::string, MonoTime>& until, std::size_t enough);
    [[nodiscard]] const std::set<std::string>& acked() const { return acked_; }
    /// How many of those named have it.
    [[nodiscard]] std::size_t count(const std::map<std::string, MonoTime>& targets) const;

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
