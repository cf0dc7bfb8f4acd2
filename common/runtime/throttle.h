#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "common/base/time.h"

namespace sheaf {

/// For log lines that a stranger can cause: lets one through in an interval, and counts the others. Pure.
class Throttle {
 public:
  explicit Throttle(Duration interval) : interval_(interval) {}

  /// Whether something may pass now; the value is how much was held back since the last time.
  std::optional<std::uint64_t> pass(Instant now) {
    if (last_ && now - *last_ < interval_) {
      held_back_ += 1;
      return std::nullopt;
    }
    last_ = now;
    return std::exchange(held_back_, 0);
  }

 private:
  Duration interval_;
  std::optional<Instant> last_;
  std::uint64_t held_back_ = 0;
};

}  // namespace sheaf
