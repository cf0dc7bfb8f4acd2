#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/base/time.h"
#include "common/runtime/clock.h"
#include "sheaf/v1/video.pb.h"

namespace sheaf::worker {

/// Wall time of one job, added up by part. One thread.
class PartTimes {
 public:
  /// Runs `work` and adds its time to `part` (an index that add() gave); returns what it returns.
  template <class Work>
  auto measure(std::size_t part, Work&& work) {
    const Instant begin = now();
    auto result = std::forward<Work>(work)();
    parts_[part].second += now() - begin;
    return result;
  }

  /// Adds a part; parts are reported in this order, also those that took no time.
  std::size_t add(std::string name) {
    parts_.emplace_back(std::move(name), Duration::zero());
    return parts_.size() - 1;
  }

  void report(v1::VideoMeasures& measures) const {
    for (const auto& [name, time] : parts_) {
      v1::PartTime* part = measures.add_times();
      part->set_part(name);
      part->set_nanoseconds(static_cast<std::uint64_t>(time.count()));
    }
  }

 private:
  std::vector<std::pair<std::string, Duration>> parts_;
};

}  // namespace sheaf::worker
