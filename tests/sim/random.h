#pragma once

#include <cstdint>

#include "common/base/time.h"

namespace sheaf::sim {

/// splitmix64: the same numbers from the same seed with every compiler, which std::uniform_int_distribution does not promise.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  /// From 0 to n - 1; n must not be 0. The slight bias does no harm here.
  std::uint64_t below(std::uint64_t n) { return next() % n; }
  /// Both ends included.
  std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
  bool chance(std::uint64_t per_thousand) { return below(1000) < per_thousand; }
  Duration duration(Duration low, Duration high) {
    return low + Duration(static_cast<std::int64_t>(below(static_cast<std::uint64_t>((high - low).count()) + 1)));
  }
  /// A generator of its own, so that what one part draws does not shift what another gets.
  Random fork() { return Random(next()); }

 private:
  std::uint64_t state_;
};

}  // namespace sheaf::sim
