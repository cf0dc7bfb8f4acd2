#pragma once

#include <map>
#include <set>
#include <string>

#include "common/base/ids.h"
#include "tests/sim/verdict.h"

namespace sheaf::sim {

/// The copies of jobs that run at this moment, in whatever worker, of runs whose jobs may not run twice: an oracle that sees
/// what no master can, since it is in all workers at once.
class Copies {
 public:
  explicit Copies(Verdict& verdict) : verdict_(verdict) {}

  /// No two copies of a job of this run may run at the same time. Before anything else is said of it.
  void watch(RunId run) { leased_.insert(run); }
  bool is_leased(RunId run) const { return leased_.contains(run); }

  /// `worker` begins the attempt. Of runs that are not watched nothing is known.
  void begin(JobId job, Attempt attempt, const std::string& worker) {
    if (!is_leased(job.run)) return;
    const auto [other, is_only_one] = running_.emplace(job, Copy{attempt, worker});
    if (is_only_one) return;
    verdict_.fail(worker + " begins attempt " + to_string(attempt) + " at job " + to_string(job.key) + " while attempt " +
                  to_string(other->second.attempt) + " runs in " + other->second.worker);
  }
  void end(JobId job, Attempt attempt) {
    const auto copy = running_.find(job);
    if (copy != running_.end() && copy->second.attempt == attempt) running_.erase(copy);
  }

 private:
  struct Copy {
    Attempt attempt;
    std::string worker;
  };

  Verdict& verdict_;
  std::set<RunId> leased_;
  std::map<JobId, Copy> running_;
};

}  // namespace sheaf::sim
