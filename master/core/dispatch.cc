// Which worker runs which job: the only place where attempts are issued and taken back.

#include <tuple>

#include "common/base/check.h"
#include "common/base/mark.h"
#include "master/core/scheduler.h"

namespace sheaf::master {

void Scheduler::dispatch(Actions& actions) {
  auto place = workers_.by_load().begin();
  while (place != workers_.by_load().end()) {
    Worker& worker = *workers_.find(place->second);
    Run* run = choose_run(worker);
    if (run == nullptr) {
      ++place;
      continue;
    }
    assign(worker, *run, *run->next_waiting(), actions);
    // The worker has another load now. From the start: the next job may be one that a worker in front of it may take.
    place = workers_.by_load().begin();
  }
}

Run* Scheduler::choose_run(const Worker& worker) {
  Run* best = nullptr;
  const auto rank = [](const Run& run) {
    return std::tuple(-static_cast<std::int64_t>(run.options().priority), run.live_attempts());
  };
  for (auto& [id, run] : runs_) {
    const std::optional<JobKey> key = run.next_waiting();
    if (!key || !may_take(worker, run, *run.find_open(*key))) continue;
    if (best == nullptr || rank(run) < rank(*best)) best = &run;
  }
  // A job that does not fit into what the worker holds now makes it take nothing else: else small jobs of other runs could keep
  // it from ever being empty enough.
  if (best != nullptr && !worker.fits(best->find_open(*best->next_waiting())->payload_bytes)) {
    SHEAF_MARK("scheduler_waits_for_bytes");
    return nullptr;
  }
  return best;
}

bool Scheduler::may_take(const Worker& worker, const Run& run, const OpenJob& job) const {
  if (!run.admits(worker.fingerprint)) return false;

  // Near the end a prefetched job would wait behind another while some other slot falls idle.
  const UsableWorkers alike = workers_.usable(run.fingerprint());
  if (worker.load() >= 0 && alike.workers > 1 && run.is_at_tail(alike.slots)) {
    SHEAF_MARK("scheduler_keeps_last_jobs");
    return false;
  }

  if (job.refused_by == worker.id) {
    SHEAF_MARK("scheduler_spares_refuser");
    if (alike.workers > 1) return false;
  }
  return true;
}

void Scheduler::assign(Worker& worker, Run& run, JobKey key, Actions& actions) {
  const JobId job{run.id(), key};
  const Attempt attempt{config_.epoch, ++attempts_issued_};
  bind(run, worker, actions);
  workers_.hold(worker, job, {attempt, run.find_open(key)->payload_bytes});
  run.add_attempt(key, {attempt, worker.id, AttemptState::kLive});
  stats_.assigned += 1;
  actions.emplace_back(Assign{worker.id, job, attempt});
}

void Scheduler::bind(Run& run, const Worker& worker, Actions& actions) {
  if (!run.options().bind_fingerprint || !run.fingerprint().empty()) return;
  if (run.has_silent_attempts()) {
    // Workers of another build may be heard again, but what they would bring will not fit.
    for (const auto& [key, job] : run.open()) {
      for (const IssuedAttempt& attempt : job.attempts) {
        if (attempt.state != AttemptState::kSilent) continue;
        if (workers_.find(attempt.worker)->fingerprint == worker.fingerprint) continue;
        SHEAF_MARK("scheduler_revokes_silent_misfit");
        revoke(run, key, attempt, actions);
      }
    }
  }
  run.bind_fingerprint(worker.fingerprint);
}

bool Scheduler::end_attempt(Run& run, JobKey key, Attempt attempt) {
  const IssuedAttempt* issued = run.find_open(key)->find(attempt);
  SHEAF_CHECK(issued != nullptr && issued->state != AttemptState::kGone);
  Worker* holder = workers_.find(issued->worker);
  SHEAF_CHECK(holder != nullptr);  // hand_back_all() ends the attempts of a worker before it is removed.
  workers_.release(*holder, {run.id(), key}, attempt);
  const bool was_live = issued->state == AttemptState::kLive;
  const bool is_queued = run.set_attempt(key, attempt, holder->id, AttemptState::kGone);
  return was_live && is_queued;
}

void Scheduler::revoke(Run& run, JobKey key, const IssuedAttempt& attempt, Actions& actions) {
  const Revoke action{attempt.worker, {run.id(), key}, attempt.attempt};
  end_attempt(run, key, attempt.attempt);
  stats_.revoked += 1;
  actions.emplace_back(action);
}

void Scheduler::revoke_all(Run& run, JobKey key, const OpenJob& job, Actions& actions) {
  for (const IssuedAttempt& attempt : job.attempts) {
    if (attempt.state != AttemptState::kGone) revoke(run, key, attempt, actions);
  }
}

}  // namespace sheaf::master
