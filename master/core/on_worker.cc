// Workers that come, fall silent, come back and go.

#include <algorithm>

#include "common/base/check.h"
#include "common/base/mark.h"
#include "master/core/scheduler.h"

namespace sheaf::master {

void Scheduler::on_worker_joined(const WorkerJoined& event, Actions& actions) {
  const std::uint32_t slots = std::min(event.slots, config_.worker_jobs_max);
  Worker& worker = workers_.join(Worker{.id = event.worker,
                                        .slots = slots,
                                        .prefetch = std::min(event.prefetch, config_.worker_jobs_max - slots),
                                        .bytes_max = event.bytes_max,
                                        .kinds = event.kinds,
                                        .heard = now_});
  stats_.workers_joined += 1;
  for (const HeldAttempt& held : event.running) adopt(worker, held, actions);
}

void Scheduler::adopt(Worker& worker, const HeldAttempt& held, Actions& actions) {
  const JobKey key = held.job.key;
  const auto refuse = [&] {
    stats_.revoked += 1;
    actions.emplace_back(Revoke{worker.id, held.job, held.attempt});
  };
  Run* run = find_run(held.job.run);
  // Its Welcome has made its lease longer: what it may still run of this job goes on for longer, too.
  if (run != nullptr) run->extend_copy(key, held.attempt, revoked_end());
  OpenJob* job = run == nullptr || run->is_stopped() ? nullptr : run->find_open(key);
  IssuedAttempt* issued = job == nullptr ? nullptr : job->find(held.attempt);
  if (issued == nullptr || job->committing || !run->admits(worker.kinds) || worker.held.contains(held.job)) {
    SHEAF_MARK("scheduler_refuses_held_attempt");
    return refuse();
  }
  // Its old link may not have been reported as lost yet. The attempt has one holder.
  if (issued->state != AttemptState::kGone) end_attempt(*run, key, held.attempt);
  if (!run->may_run_twice() && job->may_run_beside(held.attempt)) {
    SHEAF_MARK("scheduler_refuses_second_copy");
    return refuse();
  }
  bind(*run, worker, actions);
  workers_.hold(worker, held.job, {held.attempt, job->payload_bytes, now_});
  run->set_attempt(key, held.attempt, worker.id, AttemptState::kLive);
  stats_.adopted += 1;
  SHEAF_MARK("scheduler_adopted_attempt");
}

void Scheduler::on_worker_lost(const WorkerLost& event, Actions& /*actions*/) {
  Worker* worker = workers_.find(event.worker);
  if (worker == nullptr) return;
  stats_.workers_lost += 1;
  hand_back_all(*worker);
  workers_.remove(event.worker);
}

void Scheduler::on_worker_left(const WorkerLeft& event, Actions& /*actions*/) {
  Worker* worker = workers_.find(event.worker);
  if (worker == nullptr) return;
  stats_.workers_left += 1;
  hand_back_all(*worker);
  workers_.remove(event.worker);
}

void Scheduler::on_worker_draining(const WorkerDraining& event, Actions& actions) {
  Worker* worker = workers_.find(event.worker);
  if (worker == nullptr) return;
  hear(*worker, actions);
  workers_.set_draining(*worker);
}

void Scheduler::on_time_passed(Actions& actions) {
  while (const auto most_silent = workers_.most_silent()) {
    const auto& [heard, id] = *most_silent;
    if (now_ - heard < config_.worker_silence_max) break;
    expire(*workers_.find(id), actions);
  }
  while (!lease_ends_.empty()) {
    const auto over =
        std::find_if(lease_ends_.begin(), lease_ends_.end(), [&](const auto& entry) { return entry.second <= now_; });
    if (over == lease_ends_.end()) break;
    SHEAF_MARK("scheduler_lease_ended");
    const std::uint64_t jobs = find_run(over->first)->end_leases(now_);
    stats_.leases_ended += jobs;
    stats_.requeued += jobs;
    lease_ends_.erase(over);  // What else is leased there comes back at the end of the step.
  }
}

void Scheduler::expire(Worker& worker, Actions& actions) {
  stats_.workers_expired += 1;
  SHEAF_MARK("scheduler_expired_worker");
  actions.emplace_back(ExpireWorker{worker.id, now_ - worker.heard});
  workers_.set_expired(worker, true);
  // It keeps what it holds: it may be slow, not dead, and then it is nearest to the answer. But nobody waits for it.
  for (const auto& [job, held] : worker.held) {
    Run* run = find_run(job.run);
    const std::optional<Instant> end = lease_end(*run, worker.heard);
    run->find_open(job.key)->may_have_begun = true;
    if (run->set_attempt(job.key, held.attempt, worker.id, AttemptState::kSilent, end)) stats_.requeued += 1;
  }
}

void Scheduler::hear(Worker& worker, Actions& actions) {
  if (!worker.expired) return workers_.set_heard(worker, now_);
  stats_.workers_reprieved += 1;
  SHEAF_MARK("scheduler_reprieved_worker");
  worker.heard = now_;  // Not in the index of the heard ones while it is expired.
  workers_.set_expired(worker, false);
  const std::map<JobId, Held> held_jobs = worker.held;  // Revoking changes the original.
  for (const auto& [id, held] : held_jobs) {
    Run* run = find_run(id.run);
    OpenJob* job = run->find_open(id.key);
    if (run->may_run_twice() || !job->may_run_beside(held.attempt)) {
      bind(*run, worker, actions);  // The run may have been unbound while nobody was heard.
      run->set_attempt(id.key, held.attempt, worker.id, AttemptState::kLive);
    } else {
      SHEAF_MARK("scheduler_revokes_second_copy");
      revoke(*run, id.key, *job->find(held.attempt), actions);
    }
  }
}

void Scheduler::hand_back_all(Worker& worker) {
  // The attempt number is only a fence: losing a worker is nobody's fault and costs no strike.
  const std::map<JobId, Held> held_jobs = worker.held;
  for (const auto& [id, held] : held_jobs) {
    Run* run = find_run(id.run);
    SHEAF_CHECK(run != nullptr);  // What a run has with workers is revoked before it is forgotten.
    run->count_lost_attempt();
    run->find_open(id.key)->may_have_begun = true;
    // The lease of a silent one has begun to run out, or has done so, when it was expired.
    const auto end = worker.expired ? run->find_open(id.key)->find(held.attempt)->runs_until : lease_end(*run, worker.heard);
    if (end_attempt(*run, id.key, held.attempt, end)) {
      stats_.requeued += 1;
      SHEAF_MARK("scheduler_requeued_job");
    }
  }
}

std::optional<Instant> Scheduler::lease_end(const Run& run, Instant heard) const {
  if (run.may_run_twice()) return std::nullopt;
  // Whatever renewal the worker goes by was heard here at `heard` at the latest, and sent before: it ends what it runs by
  // `heard` + lease / 2. The other half is for clocks, and for the ending.
  return heard + config_.lease;
}

}  // namespace sheaf::master
