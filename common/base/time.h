#pragma once

#include <chrono>
#include <cstdint>

namespace sheaf {

/// Marks points on the monotonic clock (CLOCK_MONOTONIC in the real programs, virtual in the simulator). It has no `now()`:
/// pure code is given the time, and only common/runtime/clock.h reads it.
struct Monotonic {};

using Duration = std::chrono::nanoseconds;
using Instant = std::chrono::time_point<Monotonic, Duration>;

inline std::int64_t milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}
inline double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace sheaf
