#include "worker/core/job_queue.h"

#include "common/base/check.h"

namespace sheaf::worker {

void JobQueue::add(JobId job, Attempt attempt) {
  const std::uint64_t number = ++arrivals_;
  SHEAF_CHECK(by_job_.emplace(Waiting{job, attempt}, number).second);
  by_arrival_.emplace(number, Waiting{job, attempt});
}

void JobQueue::remove(JobId job, Attempt attempt) {
  const auto place = by_job_.find({job, attempt});
  if (place == by_job_.end()) return;
  by_arrival_.erase(place->second);
  by_job_.erase(place);
}

Attempt JobQueue::next() const {
  const RunId run = by_arrival_.begin()->second.first.run;
  return by_job_.lower_bound({JobId{run, JobKey{}}, Attempt{}})->first.second;
}

}  // namespace sheaf::worker
