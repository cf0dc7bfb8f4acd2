#pragma once

#include <chrono>
#include <string_view>
#include <utility>

#include "common/base/time.h"
#include "common/runtime/log.h"
#include "common/runtime/throttle.h"

namespace sheaf {

/// Warnings about what another process can do as often as it likes: one a second is written, and how many were not.
class Complaints {
 public:
  void add(Instant now, std::string_view event, LogFields fields) {
    const auto held_back = throttle_.pass(now);
    if (!held_back) return;
    if (*held_back > 0) fields.emplace_back("held_back", *held_back);
    log_warn(event, fields);
  }

 private:
  Throttle throttle_{std::chrono::seconds(1)};
};

}  // namespace sheaf
