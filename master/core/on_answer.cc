// What workers answer, and what becomes of it. The first result of any attempt that was issued for the present payload is
// committed; everything after that is compared, acknowledged and dropped.

#include <utility>

#include "common/base/mark.h"
#include "master/core/scheduler.h"

namespace sheaf::master {

void Scheduler::on_job_done(const JobDone& event, Actions& actions) {
  Worker* worker = workers_.find(event.worker);
  if (worker == nullptr) {
    stats_.stale_answers += 1;
    SHEAF_MARK("scheduler_answer_of_unknown_worker");
    return;
  }
  hear(*worker, actions);
  judge_pace(*worker, event.job, event.attempt, true);

  Run* run = find_run(event.job.run);
  if (run == nullptr) {
    stats_.stale_answers += 1;
    SHEAF_MARK("scheduler_answer_to_unknown_run");
    return drop(event, actions);
  }
  run->end_copy(event.job.key, event.attempt);
  OpenJob* job = run->find_open(event.job.key);
  if (job == nullptr) return on_answer_to_finished_job(*run, event, actions);
  if (wants(event.worker, event.job, event.attempt)) return commit(*run, *job, *worker, event, actions);
  if (!job->has(event.attempt) || run->is_stopped() || !run->admits(worker->kinds)) {
    count_unneeded(*run, event.job.key, event.attempt);
    return drop(event, actions);
  }

  if (job->committing->attempt == event.attempt && job->committing->worker == event.worker) {
    // Sent again, because we have not acknowledged it yet. The acknowledgement follows with the commit, and the bytes are in
    // use.
    stats_.duplicate_answers += 1;
    SHEAF_MARK("scheduler_answer_while_committing");
    return;
  }
  on_second_result(*run, event, job->committing->digest, actions);
}

void Scheduler::judge_pace(Worker& worker, JobId job, Attempt attempt, bool is_done) {
  const auto held = worker.held.find(job);
  if (held == worker.held.end() || held->second.attempt != attempt) return;
  if (now_ - held->second.since >= config_.quick_answer) {
    if (held->second.since < worker.ahead_cut_at) return;  // Of the many that were too many, one is reason enough.
    worker.ahead_cut_at = now_;
    workers_.set_ahead(worker, worker.ahead - (worker.ahead + 7) / 8);
  } else if (is_done && !worker.has_room() && worker.slots + worker.prefetch + worker.ahead < config_.worker_jobs_max) {
    SHEAF_MARK("scheduler_gives_a_quick_worker_more");
    workers_.set_ahead(worker, worker.ahead + 1);
  }
}

void Scheduler::commit(Run& run, OpenJob& job, const Worker& worker, const JobDone& event, Actions& actions) {
  const JobKey key = event.job.key;
  // It need not come from who holds the attempt: a worker that was lost comes back under a new id, with the result in hand.
  if (job.find(event.attempt)->state != AttemptState::kGone) end_attempt(run, key, event.attempt);
  actions.emplace_back(Commit{event.job, event.attempt, event.worker, event.digest, event.result_bytes});
  revoke_all(run, key, job, actions);
  run.begin_commit(key, {event.attempt, event.worker, event.digest, event.result_bytes});
  bind(run, worker, actions);  // The last attempt has ended, perhaps long ago.
  stats_.commits += 1;
}

void Scheduler::on_answer_to_finished_job(const Run& run, const JobDone& event, Actions& actions) {
  if (const CommittedJob* job = run.find_committed(event.job.key)) {
    for (const IssuedAttempt& issued : job->attempts) {
      if (issued.attempt == event.attempt) return on_second_result(run, event, job->digest, actions);
    }
  }
  count_unneeded(run, event.job.key, event.attempt);
  drop(event, actions);
}

void Scheduler::on_second_result(const Run& run, const JobDone& event, const Digest& first, Actions& actions) {
  stats_.late_answers += 1;
  SHEAF_MARK("scheduler_second_result");
  if (run.options().traits.deterministic && event.digest != first) {
    stats_.alarms += 1;
    SHEAF_MARK("scheduler_alarm");
    actions.emplace_back(Alarm{event.job, first, event.digest});
  }
  drop(event, actions);
}

void Scheduler::on_job_failed(const JobFailed& event, Actions& actions) {
  Worker* worker = workers_.find(event.worker);
  if (worker == nullptr) {
    stats_.stale_answers += 1;
    return;
  }
  hear(*worker, actions);
  judge_pace(*worker, event.job, event.attempt, false);
  actions.emplace_back(AckResult{event.worker, event.job, event.attempt});

  Run* run = find_run(event.job.run);
  if (run == nullptr) {
    stats_.stale_answers += 1;
    return;
  }
  const JobKey key = event.job.key;
  if (run->end_copy(key, event.attempt)) stats_.requeued += 1;
  OpenJob* job = run->find_open(key);
  const IssuedAttempt* issued = job == nullptr ? nullptr : job->find(event.attempt);
  if (issued == nullptr || issued->state == AttemptState::kGone) return count_unneeded(*run, key, event.attempt);
  if (end_attempt(*run, key, event.attempt)) stats_.requeued += 1;
  job->may_have_begun = true;

  switch (event.kind) {
    case FailureKind::kJob:
      job->tries += 1;
      stats_.failed_tries += 1;
      if (!event.retryable || job->tries >= run->options().attempts_max)
        give_up_job(*run, key, event.reason, job->tries, actions);
      return;
    case FailureKind::kExecutorLost:
      // Everything that ran in the executor is suspect. To retry suspects alone, and to hold it only against a job that kills
      // alone, belongs here, before the strike.
      job->strikes += 1;
      stats_.strikes += 1;
      run->count_lost_attempt();
      if (job->strikes >= config_.strikes_max) give_up_job(*run, key, event.reason, job->strikes, actions);
      return;
    case FailureKind::kRefused:
      job->refusals += 1;
      job->refused_by = event.worker;
      stats_.refusals += 1;
      if (job->refusals >= config_.refusals_max) give_up_job(*run, key, event.reason, job->refusals, actions);
      return;
    case FailureKind::kUnstarted:
      SHEAF_MARK("scheduler_job_came_back_unstarted");
      // It was the only attempt that could have, where that matters: no other was issued after one that may have begun.
      job->may_have_begun = false;
      return;
    case FailureKind::kLeaseEnded: return;
  }
}

void Scheduler::on_commit_done(const CommitDone& event, Actions& actions) {
  Run* run = find_run(event.job.run);
  OpenJob* job = run == nullptr ? nullptr : run->find_open(event.job.key);
  if (job == nullptr || !job->committing || job->committing->attempt != event.attempt) {
    SHEAF_MARK("scheduler_commit_of_ended_run");  // Acknowledged when the run ended.
    return;
  }
  const WorkerId worker = job->committing->worker;
  run->finish_commit(event.job.key);
  // If the worker is gone, it will send the result again when it comes back, and that one will be late.
  if (workers_.find(worker) != nullptr) actions.emplace_back(AckResult{worker, event.job, event.attempt});
  actions.emplace_back(ReleasePayload{event.job});
  serve_stage(*run, actions);
}

void Scheduler::drop(const JobDone& event, Actions& actions) {
  actions.emplace_back(DropResult{event.worker, event.job, event.attempt});
  actions.emplace_back(AckResult{event.worker, event.job, event.attempt});
}

void Scheduler::count_unneeded(const Run& run, JobKey key, Attempt attempt) {
  // Of finished jobs nothing is kept, so their attempts are not known one by one. What was never fed or issued is no late
  // answer.
  const bool was_issued = attempt.epoch == config_.epoch && attempt.n >= 1 && attempt.n <= attempts_issued_;
  if (was_issued && key.seq < run.jobs_fed()) {
    stats_.late_answers += 1;
    SHEAF_MARK("scheduler_late_answer");
  } else {
    stats_.stale_answers += 1;
    SHEAF_MARK("scheduler_stale_answer");
  }
}

}  // namespace sheaf::master
