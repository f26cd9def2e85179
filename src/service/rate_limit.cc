#include "service/rate_limit.h"

#include <algorithm>
#include <chrono>

namespace godwit::service {

double RateLimit::filled(const Bucket& bucket, MonoTime now) const {
  const double gained = std::chrono::duration<double>(now - bucket.at).count() * rate_.per_second;
  return std::min(bucket.calls + gained, rate_.burst);
}

/// Those who have been away long enough to be as good as new are forgotten when there are many.
RateLimit::Bucket& RateLimit::bucket_of(const std::string& caller, MonoTime now) {
  const auto found = buckets_.find(caller);
  if (found != buckets_.end()) return found->second;
  if (buckets_.size() >= kMostCallers) {
    std::erase_if(buckets_,
                  [&](const auto& each) { return filled(each.second, now) >= rate_.burst; });
  }
  const std::string& name = buckets_.size() < kMostCallers ? caller : std::string();
  return buckets_.try_emplace(name, Bucket{.calls = rate_.burst, .at = now}).first->second;
}

std::optional<Duration> RateLimit::take(const std::string& caller, MonoTime now) {
  if (rate_.per_second <= 0) return std::nullopt;
  Bucket& bucket = bucket_of(caller, now);
  bucket.calls = filled(bucket, now);
  bucket.at = now;
  if (bucket.calls >= 1) {
    bucket.calls -= 1;
    return std::nullopt;
  }
  const std::chrono::duration<double> missing((1 - bucket.calls) / rate_.per_second);
  return std::chrono::ceil<std::chrono::milliseconds>(missing);
}

}  // namespace godwit::service
