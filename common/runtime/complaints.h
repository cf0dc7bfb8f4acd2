#pragma once

#include <chrono>
#include <string>

#include "common/base/time.h"
#include "common/runtime/log.h"
#include "common/runtime/throttle.h"

namespace sheaf {

/// Warnings about what another process can do as often as it likes: one a second is written, and how many were not.
class Complaints {
 public:
  void add(Instant now, const std::string& text) {
    if (const auto held_back = throttle_.pass(now)) {
      log_warn(text + (*held_back > 0 ? " held_back=" + std::to_string(*held_back) : ""));
    }
  }

 private:
  Throttle throttle_{std::chrono::seconds(1)};
};

}  // namespace sheaf
