#pragma once

#include <map>
#include <set>
#include <tuple>

#include "common/base/ids.h"
#include "master/core/run.h"

namespace sheaf::master {

/// The runs that have a job to give, the one to be served first in front: by priority, then the one that has least running,
/// then the older one. Every operation is O(log runs).
class RunQueue {
 public:
  struct Place {
    int priority = 0;
    std::uint64_t live_attempts = 0;
    RunId run{};

    bool operator<(const Place& other) const {
      return std::tuple(other.priority, live_attempts, run) < std::tuple(priority, other.live_attempts, other.run);
    }
    bool operator==(const Place&) const = default;
  };

  /// Puts the run where it belongs now, or takes it out.
  void update(const Run& run);
  void remove(RunId run);

  const std::set<Place>& places() const { return places_; }

 private:
  std::set<Place> places_;
  std::map<RunId, std::set<Place>::iterator> by_run_;
};

}  // namespace sheaf::master
