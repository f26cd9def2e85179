#pragma once

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "base/result.h"

/// What programs that measure have in common.
namespace godwit::test {

/// The value, or the end of the process: a measurement of what fails is none.
template <class T>
T must(Result<T> result) {
  if (result) return *std::move(result);
  std::fprintf(stderr, "%s\n", result.error().to_string().c_str());
  std::abort();
}
inline void must(const Result<void>& result) {
  if (!result) must<int>(fail(Error(result.error())));
}

inline double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// How long something took, to a sixteenth, in memory that does not grow.
class Latencies {
 public:
  void add(std::chrono::steady_clock::duration time) {
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
    counts_.at(bucket(static_cast<std::uint64_t>(std::max<std::int64_t>(micros, 1)))) += 1;
    ++sum_;
  }
  [[nodiscard]] double milliseconds(double share) const {
    auto left = static_cast<std::uint64_t>(share * static_cast<double>(sum_));
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      if (counts_.at(i) > left) return upper(i) / 1000;
      left -= counts_.at(i);
    }
    return 0;
  }

 private:
  static constexpr std::size_t kFine = 16;
  static std::size_t bucket(std::uint64_t value) {
    if (value < kFine) return value;
    const auto shift = static_cast<std::size_t>(std::bit_width(value)) - 5;
    return std::min(kFine * shift + (value >> shift), 40 * kFine - 1);
  }
  static double upper(std::size_t bucket) {
    if (bucket < kFine) return static_cast<double>(bucket + 1);
    const std::size_t shift = bucket / kFine - 1;
    return static_cast<double>((bucket - kFine * shift + 1) << shift);
  }

  std::array<std::uint64_t, 40 * kFine> counts_{};
  std::uint64_t sum_ = 0;
};

/// That this process has used so far.
inline double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Of this process, now.
inline double resident_mib() {
  double pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;
  return pages * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1024 * 1024);
}

/// The most that was resident so far.
inline double peak_resident_mib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

/// Of the files in a directory. Some may vanish meanwhile.
inline double mebibytes_in(const std::string& directory) {
  double sum = 0;
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const auto size = entry.file_size(gone);
    if (!gone) sum += static_cast<double>(size) / (1024 * 1024);
  }
  return sum;
}

}  // namespace godwit::test
