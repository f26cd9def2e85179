#pragma once

#include <chrono>
#include <cstdint>

namespace godwit {

/// A number of bytes: sizes, offsets, limits. Never -1: what is unknown is a `std::optional`.
using Bytes = std::uint64_t;

inline constexpr Bytes kKiB = 1024;
inline constexpr Bytes kMiB = 1024 * kKiB;
inline constexpr Bytes kGiB = 1024 * kMiB;
inline constexpr Bytes kTiB = 1024 * kGiB;

using Duration = std::chrono::nanoseconds;

/// A moment on the calendar, UTC. What stores and people speak of; may step.
using WallTime = std::chrono::sys_time<Duration>;

}  // namespace godwit
