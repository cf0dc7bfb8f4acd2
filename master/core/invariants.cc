// What must hold after every step. Aborts, because the caller could not repair it.

#include "common/base/check.h"
#include "master/core/scheduler.h"

namespace sheaf::master {

void Run::check_invariants() const {
  std::uint64_t open_bytes = 0;
  std::uint64_t spool_bytes = 0;
  std::uint64_t committing = 0;
  std::uint64_t live_attempts = 0;
  std::uint64_t silent_attempts = 0;
  std::uint64_t idle = 0;
  std::uint64_t leased = 0;
  for (const auto& [key, job] : open_) {
    SHEAF_CHECK(key < first_fresh() && !committed_.contains(key));
    open_bytes += job.payload_bytes;
    bool has_live = false;
    std::uint64_t copies = job.earlier_runs_until ? 1 : 0;
    for (const IssuedAttempt& attempt : job.attempts) {
      if (attempt.state == AttemptState::kLive) live_attempts += 1;
      if (attempt.state == AttemptState::kSilent) silent_attempts += 1;
      has_live = has_live || attempt.state == AttemptState::kLive;
      if (attempt.state == AttemptState::kLive || attempt.runs_until) copies += 1;
      SHEAF_CHECK(attempt.state != AttemptState::kLive || !attempt.runs_until);
      // One result is enough; and a stopped run has nothing with any worker.
      if (job.committing || is_stopped_) SHEAF_CHECK(attempt.state == AttemptState::kGone);
    }
    // What this is all for. Of a stopped run nothing is ever begun again.
    SHEAF_CHECK(may_run_twice() ? !job.copies_end() : copies <= 1);
    if (is_stopped_) {
      SHEAF_CHECK(leased_.empty());
    } else if (!job.committing && !has_live) {
      SHEAF_CHECK(job.leased_until == job.copies_end());
      if (job.leased_until) SHEAF_CHECK(leased_.contains({*job.leased_until, key}));
    } else {
      SHEAF_CHECK(!job.leased_until);
    }
    if (job.leased_until) leased += 1;
    if (job.committing) {
      committing += 1;
      spool_bytes += job.committing->result_bytes;
    } else if (!has_live && !is_stopped_ && !job.leased_until) {
      idle += 1;
      SHEAF_CHECK(waiting_.contains(key));  // Nothing is ever neither waiting, running, leased nor on the way to the disk.
    }
  }
  SHEAF_CHECK(idle == waiting_.size() && leased == leased_.size() && fresh_.size() <= jobs_fed_);
  for (const FreshJob& job : fresh_) open_bytes += job.payload_bytes;

  std::uint64_t delivered = 0;
  std::uint64_t delivered_bytes = 0;
  for (const auto& [key, job] : committed_) {
    SHEAF_CHECK(key < first_fresh() && job.is_delivered != undelivered_.contains(key));
    spool_bytes += job.result_bytes;
    if (!job.is_delivered) continue;
    delivered += 1;
    delivered_bytes += job.result_bytes;
  }
  SHEAF_CHECK(delivered + undelivered_.size() == committed_.size());
  for (const auto& [seq, parts] : missing_) {
    SHEAF_CHECK(seq < jobs_fed_ && parts.next >= 1 && parts.next <= parts.last && !is_open({seq, 0}));
  }
  SHEAF_CHECK(open_bytes == open_bytes_ && spool_bytes == spool_bytes_ && committing == committing_);
  SHEAF_CHECK(delivered == delivered_ && delivered_bytes == delivered_bytes_);
  SHEAF_CHECK(live_attempts == live_attempts_ && silent_attempts == silent_attempts_);
  SHEAF_CHECK(view_.jobs_committed == view_.jobs_bound + committed_.size());
}

void Scheduler::check_invariants() const {
  workers_.check_invariants();
  std::uint64_t held_by_jobs = 0;
  for (const auto& [id, run] : runs_) {
    run.check_invariants();
    for (const auto& [key, job] : run.open()) {
      for (const IssuedAttempt& attempt : job.attempts) {
        SHEAF_CHECK(attempt.attempt.epoch == config_.epoch && attempt.attempt.n <= attempts_issued_);
        if (attempt.state == AttemptState::kGone) continue;
        held_by_jobs += 1;
        const auto worker = workers_.all().find(attempt.worker);
        SHEAF_CHECK(worker != workers_.all().end());
        SHEAF_CHECK(worker->second.expired == (attempt.state == AttemptState::kSilent));
        const auto held = worker->second.held.find({id, key});
        SHEAF_CHECK(held != worker->second.held.end() && held->second.attempt == attempt.attempt);
        SHEAF_CHECK(held->second.payload_bytes == job.payload_bytes && run.admits(worker->second.kinds));
      }
    }
  }
  SHEAF_CHECK(held_by_jobs == workers_.view().held);  // And so no worker holds anything that no job knows of.

  SHEAF_CHECK(touched_.empty());
  std::set<RunQueue::Place> places;
  for (const auto& [id, run] : runs_) {
    if (run.next_waiting()) places.insert({run.options().priority, run.live_attempts(), id});
    const auto lease_end = lease_ends_.find(id);
    SHEAF_CHECK(run.first_lease_end() == (lease_end == lease_ends_.end() ? std::nullopt : std::optional(lease_end->second)));
  }
  SHEAF_CHECK(places == queue_.places());
  check_nothing_can_be_given();
}

void Scheduler::check_nothing_can_be_given() const {
  for (const auto& [id, worker] : workers_.all()) {
    if (!worker.has_room()) continue;
    for (const RunQueue::Place& place : queue_.places()) {
      const Run& run = runs_.at(place.run);
      const OpenJob* job = run.find_open(*run.next_waiting());
      const UsableWorkers alike = workers_.usable(run.need());
      const bool keeps = worker.load() >= 0 && alike.workers > 1 && run.is_at_tail(alike.slots);
      const bool spares = job != nullptr && job->refused_by == id && alike.workers > 1;
      if (!run.admits(worker.kinds) || keeps || spares) continue;
      SHEAF_CHECK(!worker.fits(run.next_waiting_bytes()));
      break;  // It is kept for this one.
    }
  }
}

}  // namespace sheaf::master
