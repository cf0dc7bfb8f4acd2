// Runs, and what their stages feed, are given and answer.

#include <string>
#include <utility>

#include "common/base/check.h"
#include "common/base/mark.h"
#include "master/core/scheduler.h"

namespace sheaf::master {

void Scheduler::on_run_opened(const RunOpened& event, Actions& /*actions*/) {
  SHEAF_CHECK(runs_.emplace(event.run, Run(event, config_)).second);  // Run ids are the master's own.
}

void Scheduler::on_run_planned(const RunPlanned& event, Actions& /*actions*/) {
  if (Run* run = run_of_stage(event.run)) run->plan(event.jobs, event.units);
}

void Scheduler::on_job_fed(const JobFed& event, Actions& actions) {
  Run* run = run_of_stage(event.run);
  if (run == nullptr) return;
  switch (run->feed(event)) {
    case FeedVerdict::kNext: return serve_stage(*run, actions);
    case FeedVerdict::kAlready:
      stats_.refed_jobs += 1;
      SHEAF_MARK("scheduler_job_fed_again");
      return;
    case FeedVerdict::kOutOfOrder:
      return fail_run(*run, event.key, "the stage fed job " + to_string(event.key) + " out of order", 0, actions);
    case FeedVerdict::kBeyondCredit:
      SHEAF_MARK("scheduler_fed_beyond_credit");
      return fail_run(*run, event.key, "the stage fed job " + to_string(event.key) + " beyond its credit", 0, actions);
  }
}

void Scheduler::on_feed_ended(const FeedEnded& event, Actions& actions) {
  Run* run = run_of_stage(event.run);
  if (run == nullptr) return;
  if (!run->end_feed(event.jobs)) {
    const std::string reason = "the stage says that it fed " + std::to_string(event.jobs) + " jobs, but it fed ";
    return fail_run(*run, {run->jobs_fed(), 0}, reason + std::to_string(run->jobs_fed()), 0, actions);
  }
  serve_stage(*run, actions);
}

void Scheduler::on_stage_attached(const StageAttached& event, Actions& actions) {
  Run* run = find_run(event.run);
  if (run == nullptr || run->is_stopped()) return;
  run->attach_stage();
  if (const auto part = run->first_missing_part()) {
    // How the job was to be split died with the stage that asked for it, and its result is gone.
    SHEAF_MARK("scheduler_split_lost");
    return fail_run(*run, *part, "the stage was lost while it split the job", 0, actions);
  }
  serve_stage(*run, actions);
}

void Scheduler::on_stage_lost(const StageLost& event, Actions& /*actions*/) {
  if (Run* run = find_run(event.run)) run->lose_stage();
}

void Scheduler::on_result_accepted(const ResultAccepted& event, Actions& actions) {
  Run* run = run_of_committed(event.job);
  if (run == nullptr) return;
  run->accept(event.job.key);
  stats_.accepted += 1;
  actions.emplace_back(ReleaseResult{event.job});
  serve_stage(*run, actions);
}

void Scheduler::on_redo_asked(const RedoAsked& event, Actions& actions) {
  Run* run = run_of_committed(event.job);
  if (run == nullptr) return;
  const JobKey key = event.job.key;
  const std::uint32_t revision = run->find_committed(key)->revision;
  if (event.revision <= revision) {
    stats_.stale_answers += 1;  // Asked for again over a new link, and done meanwhile.
    return;
  }
  if (event.revision > config_.revisions_max) {
    SHEAF_MARK("scheduler_redo_limit");
    return fail_run(*run, key, "asked for again too often: " + event.reason, 0, actions);
  }
  run->redo(key, event.revision, event.payload_bytes);
  run->end_leases(now_);  // Of those who were told to stop long ago.
  stats_.redos += 1;
  stats_.requeued += 1;
  actions.emplace_back(ReleaseResult{event.job});
  serve_stage(*run, actions);
}

void Scheduler::on_split_asked(const SplitAsked& event, Actions& actions) {
  Run* run = run_of_committed(event.job);
  if (run == nullptr) return;
  const JobKey key = event.job.key;
  if (!run->options().traits.divisible || key.sub != 0 || event.parts < 2 || event.parts > config_.split_parts_max) {
    SHEAF_MARK("scheduler_split_refused");
    const std::string reason = "cannot be split into " + std::to_string(event.parts) + " parts: ";
    return fail_run(*run, key, reason + event.reason, 0, actions);
  }
  if (run->open_jobs() + run->missing_parts() + event.parts > config_.jobs_window + config_.split_parts_max) {
    SHEAF_MARK("scheduler_split_too_many");
    return fail_run(*run, key, "too many parts of split jobs at a time", 0, actions);
  }
  run->split(key, event.parts);
  stats_.splits += 1;
  actions.emplace_back(ReleaseResult{event.job});
  serve_stage(*run, actions);
}

void Scheduler::on_run_cancelled(const RunCancelled& event, Actions& actions) {
  if (Run* run = find_run(event.run)) stop(*run, actions);
}

void Scheduler::on_run_ended(const RunEnded& event, Actions& actions) {
  Run* run = find_run(event.run);
  if (run == nullptr) return;
  stop(*run, actions);
  for (const auto& [key, job] : run->open()) {
    // Its CommitDone will find no run. The worker must not hold the result for ever.
    if (!job.committing || workers_.find(job.committing->worker) == nullptr) continue;
    SHEAF_MARK("scheduler_run_ended_while_committing");
    actions.emplace_back(AckResult{job.committing->worker, {event.run, key}, job.committing->attempt});
  }
  runs_.erase(event.run);
}

Run* Scheduler::run_of_stage(RunId id) {
  Run* run = find_run(id);
  if (run != nullptr && run->has_stage() && !run->is_stopped()) return run;
  stats_.stale_answers += 1;
  SHEAF_MARK("scheduler_stale_stage");
  return nullptr;
}

Run* Scheduler::run_of_committed(JobId job) {
  Run* run = run_of_stage(job.run);
  if (run == nullptr || run->find_committed(job.key) != nullptr) return run;
  stats_.stale_answers += 1;
  SHEAF_MARK("scheduler_stale_binding");
  return nullptr;
}

void Scheduler::serve_stage(Run& run, Actions& actions) {
  while (const auto key = run.take_delivery()) actions.emplace_back(Deliver{{run.id(), *key}});
  if (run.take_bound()) actions.emplace_back(RunBound{run.id()});
  if (const auto credit = run.take_credit()) actions.emplace_back(AskFeed{run.id(), credit->first, credit->second});
}

void Scheduler::give_up_job(Run& run, JobKey key, std::string reason, std::uint32_t tries, Actions& actions) {
  if (!run.options().traits.binds_faults) return fail_run(run, key, std::move(reason), tries, actions);
  SHEAF_MARK("scheduler_commits_a_fault");
  stats_.faults_committed += 1;
  const Attempt none{config_.epoch, 0};
  revoke_all(run, key, *run.find_open(key), actions);
  run.begin_commit(key, {.attempt = none});
  actions.emplace_back(CommitFault{{run.id(), key}, none, std::move(reason)});
}

void Scheduler::fail_run(Run& run, JobKey key, std::string reason, std::uint32_t tries, Actions& actions) {
  stats_.runs_failed += 1;
  SHEAF_MARK("scheduler_run_failed");
  actions.emplace_back(RunFailed{run.id(), {run.id(), key}, std::move(reason), tries});
  stop(run, actions);
}

void Scheduler::stop(Run& run, Actions& actions) {
  run.stop();  // First: what is revoked below must not go back to the queue.
  for (const auto& [key, job] : run.open()) revoke_all(run, key, job, actions);
}

}  // namespace sheaf::master
