// Which worker runs which job: the only place where attempts are issued and taken back.

#include <set>
#include <vector>

#include "common/base/check.h"
#include "common/base/mark.h"
#include "master/core/scheduler.h"

namespace sheaf::master {

void Scheduler::dispatch(Actions& actions) {
  const bool has_changed = workers_.take_news() || !touched_.empty();
  for (const RunId id : touched_) {
    const auto run = runs_.find(id);
    if (run == runs_.end()) {
      queue_.remove(id);
      lease_ends_.erase(id);
      continue;
    }
    index(run->second);
  }
  touched_.clear();
  if (!has_changed) return;

  // Whom a run in front waits for. What is assigned here leaves less room, never more, so a run that gets nothing now gets
  // nothing in this step.
  std::set<WorkerId> reserved;
  auto place = queue_.places().begin();
  while (place != queue_.places().end() && workers_.has_room_somewhere()) {
    Run& run = runs_.at(place->run);
    const JobKey key = *run.next_waiting();
    const OpenJob& next = run.open_next();
    if (run.options().traits.no_rerun && next.may_have_begun) {
      SHEAF_MARK("scheduler_never_begins_again");
      give_up_job(run, key, "its worker was lost when it may have begun, and it is not to be run again", 0, actions);
      index(run);
      place = queue_.places().begin();
      continue;
    }
    Worker* worker = choose_worker(run, next, reserved);
    if (worker == nullptr) {
      ++place;
      continue;
    }
    assign(*worker, run, key, actions);
    const RunQueue::Place before = *place;
    index(run);  // Its leases too: what the worker's build does not fit was revoked.
    place = queue_.places().upper_bound(before);
  }
}

void Scheduler::index(const Run& run) {
  queue_.update(run);
  if (const auto end = run.first_lease_end()) {
    lease_ends_[run.id()] = *end;
  } else {
    lease_ends_.erase(run.id());
  }
}

Worker* Scheduler::choose_worker(const Run& run, const OpenJob& job, std::set<WorkerId>& reserved) {
  const UsableWorkers alike = workers_.usable(run.need());
  std::vector<WorkerId> too_full;
  for (const auto& [load, id] : workers_.by_load(run.need())) {
    // Near the end a prefetched job would wait behind another while some other slot falls idle.
    if (load >= 0 && alike.workers > 1 && run.is_at_tail(alike.slots)) {
      SHEAF_MARK("scheduler_keeps_last_jobs");
      break;
    }
    if (job.refused_by == id) {
      SHEAF_MARK("scheduler_spares_refuser");
      if (alike.workers > 1) continue;
    }
    if (reserved.contains(id)) continue;
    Worker* worker = workers_.find(id);
    if (!run.admits(worker->kinds)) continue;
    if (worker->fits(job.payload_bytes)) return worker;
    too_full.push_back(id);
  }
  // A job that does not fit into what a worker holds now makes it take nothing else: else small jobs of other runs could keep
  // it from ever being empty enough.
  if (!too_full.empty()) SHEAF_MARK("scheduler_waits_for_bytes");
  reserved.insert(too_full.begin(), too_full.end());
  return nullptr;
}

void Scheduler::assign(Worker& worker, Run& run, JobKey key, Actions& actions) {
  const JobId job{run.id(), key};
  const Attempt attempt{config_.epoch, ++attempts_issued_};
  bind(run, worker, actions);
  workers_.hold(worker, job, {attempt, run.find_open(key)->payload_bytes, now_});
  run.add_attempt(key, {attempt, worker.id, AttemptState::kLive});
  stats_.assigned += 1;
  actions.emplace_back(Assign{worker.id, job, attempt});
}

void Scheduler::bind(Run& run, const Worker& worker, Actions& actions) {
  if (!run.options().bind_fingerprint || !run.fingerprint().empty()) return;
  const std::string& fingerprint = worker.kinds.at(run.need().kind);
  if (run.has_silent_attempts()) {
    // Workers of another build may be heard again, but what they would bring will not fit.
    for (const auto& [key, job] : run.open()) {
      for (const IssuedAttempt& attempt : job.attempts) {
        if (attempt.state != AttemptState::kSilent) continue;
        if (workers_.find(attempt.worker)->kinds.at(run.need().kind) == fingerprint) continue;
        SHEAF_MARK("scheduler_revokes_silent_misfit");
        revoke(run, key, attempt, actions);
      }
    }
  }
  run.bind_fingerprint(fingerprint);
}

bool Scheduler::end_attempt(Run& run, JobKey key, Attempt attempt, std::optional<Instant> runs_until) {
  const IssuedAttempt* issued = run.find_open(key)->find(attempt);
  SHEAF_CHECK(issued != nullptr && issued->state != AttemptState::kGone);
  Worker* holder = workers_.find(issued->worker);
  SHEAF_CHECK(holder != nullptr);  // hand_back_all() ends the attempts of a worker before it is removed.
  workers_.release(*holder, {run.id(), key}, attempt);
  return run.set_attempt(key, attempt, holder->id, AttemptState::kGone, runs_until);
}

void Scheduler::revoke(Run& run, JobKey key, const IssuedAttempt& attempt, Actions& actions) {
  const Revoke action{attempt.worker, {run.id(), key}, attempt.attempt};
  // What it may run goes on until it has heard of this. A silent attempt without an end has had its time.
  const bool may_run = !run.may_run_twice() && (attempt.state == AttemptState::kLive || attempt.runs_until);
  end_attempt(run, key, attempt.attempt, may_run ? std::optional(revoked_end()) : std::nullopt);
  stats_.revoked += 1;
  actions.emplace_back(action);
}

void Scheduler::revoke_all(Run& run, JobKey key, const OpenJob& job, Actions& actions) {
  for (const IssuedAttempt& attempt : job.attempts) {
    if (attempt.state != AttemptState::kGone) revoke(run, key, attempt, actions);
  }
}

}  // namespace sheaf::master
