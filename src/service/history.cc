#include "service/history.h"

#include <cmath>
#include <limits>

namespace godwit::service {
namespace {

constexpr float kNothing = std::numeric_limits<float>::quiet_NaN();

float milliseconds(Duration duration) {
  return std::chrono::duration<float, std::milli>(duration).count();
}

/// Of a count that only grows; nothing where it has begun anew.
float rate(std::uint64_t before, std::uint64_t now, Duration since) {
  if (now < before || since <= Duration::zero()) return kNothing;
  const double seconds = std::chrono::duration<double>(since).count();
  return static_cast<float>(static_cast<double>(now - before) / seconds);
}

/// Few digits, for there are many of them; but what is not 0 is never told as 0.
Json rounded(float value, double digits) {
  if (std::isnan(value)) return nullptr;
  const double steps = std::round(static_cast<double>(value) * digits);
  const double told = value > 0 ? std::max(steps, 1.0) : 0;
  if (digits == 1) return static_cast<std::uint64_t>(told);
  return told / digits;
}

}  // namespace

void History::note(MonoTime now, const GroupStatus& status) {
  const std::uint64_t before = last_++;
  const std::size_t at = place(last_);
  const Duration since = before == 0 ? Duration::zero() : now - times_[place(before)];
  if (at == times_.size()) times_.emplace_back();
  times_[at] = now;
  constexpr Sample kAbsent{kNothing, kNothing, kNothing, kNothing};
  for (auto& [name, series] : series_) {
    series.samples.resize(times_.size(), kAbsent);
    series.samples[at] = kAbsent;
  }
  for (const TargetStatus& target : status.targets) {
    Series& series = series_[target.name];
    series.samples.resize(times_.size(), kAbsent);
    series.samples[at] = sample(series, target, since);
    series.seen = last_;
    series.counts = target.counts;
  }
  forget();
}

History::Sample History::sample(const Series& series, const TargetStatus& target,
                                Duration since) const {
  Sample made{.lag_ms = milliseconds(target.lag),
              .tasks = static_cast<float>(target.tasks),
              .bytes_per_second = kNothing,
              .writes_per_second = kNothing};
  if (series.seen == 0 || series.seen + 1 != last_) return made;
  made.bytes_per_second = rate(series.counts.bytes, target.counts.bytes, since);
  made.writes_per_second = rate(series.counts.replicated, target.counts.replicated, since);
  return made;
}

/// Targets of which no moment is left, and the longest gone of too many.
void History::forget() {
  std::erase_if(series_,
                [this](const auto& each) { return last_ - each.second.seen >= kMostMoments; });
  while (series_.size() > kMostTargets) {
    series_.erase(
        std::ranges::min_element(series_, {}, [](const auto& each) { return each.second.seen; }));
  }
}

Json History::tell(const std::string& name, const Series& series, std::uint64_t first) const {
  Json lag = Json::array();
  Json tasks = Json::array();
  Json bytes = Json::array();
  Json writes = Json::array();
  for (std::uint64_t number = first; number <= last_; ++number) {
    const Sample& sample = series.samples[place(number)];
    lag.push_back(rounded(sample.lag_ms, 1));
    tasks.push_back(rounded(sample.tasks, 1));
    bytes.push_back(rounded(sample.bytes_per_second, 1));
    writes.push_back(rounded(sample.writes_per_second, 10));
  }
  return {{"name", name},
          {"lag_ms", std::move(lag)},
          {"tasks", std::move(tasks)},
          {"bytes_per_second", std::move(bytes)},
          {"writes_per_second", std::move(writes)}};
}

Json History::tell(std::uint64_t after, WallTime wall_now, MonoTime mono_now) const {
  using std::chrono::milliseconds;
  const std::uint64_t oldest = last_ < kMostMoments ? 1 : last_ - kMostMoments + 1;
  // A number of before the process's start is none of ours: then all is told.
  const std::uint64_t first = after > last_ ? oldest : std::max(oldest, after + 1);
  Json at = Json::array();
  for (std::uint64_t number = first; number <= last_; ++number) {
    const WallTime then =
        wall_now - std::chrono::duration_cast<WallTime::duration>(mono_now - times_[place(number)]);
    at.push_back(std::chrono::duration_cast<milliseconds>(then.time_since_epoch()).count());
  }
  Json targets = Json::array();
  for (const auto& [name, series] : series_) targets.push_back(tell(name, series, first));
  return {{"interval_ms", std::chrono::duration_cast<milliseconds>(kInterval).count()},
          {"last", last_},
          {"at_ms", std::move(at)},
          {"targets", std::move(targets)}};
}

}  // namespace godwit::service
