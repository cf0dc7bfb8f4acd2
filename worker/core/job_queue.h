#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "common/base/ids.h"

namespace sheaf::worker {

/// Jobs that wait for a slot. A run's jobs are taken oldest first, since its stage waits for that one; and of several runs the
/// one whose job has waited longest is next, so that none is kept waiting by the jobs that keep coming for another.
///
/// Every operation is O(log jobs).
class JobQueue {
 public:
  void add(JobId job, Attempt attempt);
  void remove(JobId job, Attempt attempt);
  bool empty() const { return by_job_.empty(); }
  std::size_t size() const { return by_job_.size(); }

  // Of one that is not empty:
  Attempt next() const;
  Attempt first_come() const { return by_arrival_.begin()->second.second; }
  Attempt last_come() const { return by_arrival_.rbegin()->second.second; }

 private:
  using Waiting = std::pair<JobId, Attempt>;
  std::map<Waiting, std::uint64_t> by_job_;      ///< With the number of its arrival.
  std::map<std::uint64_t, Waiting> by_arrival_;  ///< The same.
  std::uint64_t arrivals_ = 0;
};

}  // namespace sheaf::worker
