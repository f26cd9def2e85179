#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "world/time.h"

namespace godwit::service {

/// How often a caller may come.
struct Rate {
  double per_second = 0;  ///< 0: as often as he likes
  double burst = 1;       ///< at once, after a pause
};

/// Counts the calls of each caller against a rate (a token bucket each).
/// Concurrency: the World's executor. Memory: a hundred bytes for each caller of late.
class RateLimit {
 public:
  /// Callers that are told apart; further ones share what one may.
  static constexpr std::size_t kMostCallers = 10'000;

  explicit RateLimit(Rate rate) : rate_(rate) {}

  /// From the next call on.
  void configure(Rate rate) { rate_ = rate; }
  /// Counts a call. Nothing: it may be made. Else: after so long there is one more.
  [[nodiscard]] std::optional<Duration> take(const std::string& caller, MonoTime now);
  [[nodiscard]] std::size_t callers() const { return buckets_.size(); }

 private:
  struct Bucket {
    double calls = 0;  ///< that may be made at `at`
    MonoTime at{};
  };

  [[nodiscard]] double filled(const Bucket& bucket, MonoTime now) const;
  [[nodiscard]] Bucket& bucket_of(const std::string& caller, MonoTime now);

  Rate rate_;
  std::map<std::string, Bucket> buckets_;
};

}  // namespace godwit::service
