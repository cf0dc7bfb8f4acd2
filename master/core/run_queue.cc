#include "master/core/run_queue.h"

namespace sheaf::master {

void RunQueue::update(const Run& run) {
  const Place place{run.options().priority, run.live_attempts(), run.id()};
  const auto old = by_run_.find(run.id());
  if (old != by_run_.end() && *old->second == place && run.next_waiting()) return;
  remove(run.id());
  if (run.next_waiting()) by_run_.emplace(run.id(), places_.insert(place).first);
}

void RunQueue::remove(RunId run) {
  const auto old = by_run_.find(run);
  if (old == by_run_.end()) return;
  places_.erase(old->second);
  by_run_.erase(old);
}

}  // namespace sheaf::master
