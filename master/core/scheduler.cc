#include "master/core/scheduler.h"

#include <algorithm>
#include <variant>

#include "common/base/check.h"
#include "common/base/overload.h"

namespace sheaf::master {

Scheduler::Scheduler(const SchedulerConfig& config) : config_(config) {
  SHEAF_CHECK(config.validate().has_value());
}

void Scheduler::step(Instant now, const Event& event, std::vector<Action>& actions) {
  SHEAF_CHECK(now >= now_);
  now_ = now;
  std::visit(Overload{
                 [&](const WorkerJoined& e) { on_worker_joined(e, actions); },
                 [&](const WorkerHeard& e) {
                   if (Worker* worker = workers_.find(e.worker)) hear(*worker, actions);
                 },
                 [&](const WorkerLost& e) { on_worker_lost(e, actions); },
                 [&](const WorkerLeft& e) { on_worker_left(e, actions); },
                 [&](const WorkerDraining& e) { on_worker_draining(e, actions); },
                 [&](const RunOpened& e) { on_run_opened(e, actions); },
                 [&](const RunPlanned& e) { on_run_planned(e, actions); },
                 [&](const JobFed& e) { on_job_fed(e, actions); },
                 [&](const FeedEnded& e) { on_feed_ended(e, actions); },
                 [&](const StageAttached& e) { on_stage_attached(e, actions); },
                 [&](const StageLost& e) { on_stage_lost(e, actions); },
                 [&](const ResultAccepted& e) { on_result_accepted(e, actions); },
                 [&](const RedoAsked& e) { on_redo_asked(e, actions); },
                 [&](const SplitAsked& e) { on_split_asked(e, actions); },
                 [&](const RunCancelled& e) { on_run_cancelled(e, actions); },
                 [&](const RunEnded& e) { on_run_ended(e, actions); },
                 [&](const JobDone& e) { on_job_done(e, actions); },
                 [&](const JobFailed& e) { on_job_failed(e, actions); },
                 [&](const CommitDone& e) { on_commit_done(e, actions); },
                 [&](const TimePassed&) { on_time_passed(actions); },
             },
             event);
  // Whatever happened, a slot or a job may have become free. Once and last, so that an event that frees a slot and one that
  // asks for the job again are seen together.
  dispatch(actions);
}

std::optional<Instant> Scheduler::next_deadline() const {
  std::optional<Instant> next;
  if (const auto most_silent = workers_.most_silent()) next = most_silent->first + config_.worker_silence_max;
  for (const auto& [run, end] : lease_ends_) next = std::min(next.value_or(end), end);
  return next;
}

std::optional<WorkerView> Scheduler::worker(WorkerId id) const {
  const Worker* worker = workers_.find(id);
  if (worker == nullptr) return std::nullopt;
  WorkerView view{worker->slots, {}, worker->held.size(), worker->heard, worker->draining, worker->expired};
  for (const auto& [kind, fingerprint] : worker->kinds) view.kinds.insert(kind);
  return view;
}

std::optional<RunView> Scheduler::run(RunId id) const {
  const auto place = runs_.find(id);
  if (place == runs_.end()) return std::nullopt;
  RunView view = place->second.view();
  const WorkerNeed& need = place->second.need();
  const UsableWorkers usable = workers_.usable(need);
  const UsableWorkers of_kind = workers_.usable({need.kind, {}});
  view.workers = usable.workers;
  view.slots = usable.slots;
  view.unfit_workers = of_kind.workers - usable.workers;
  view.other_workers = workers_.view().usable - of_kind.workers;
  return view;
}

bool Scheduler::wants(WorkerId worker, JobId job, Attempt attempt) const {
  const Worker* from = workers_.find(worker);
  const Run* run = find_run(job.run);
  if (from == nullptr || run == nullptr || run->is_stopped() || !run->admits(from->kinds)) return false;
  const OpenJob* open = run->find_open(job.key);
  return open != nullptr && !open->committing && open->has(attempt);
}

FeedVerdict Scheduler::judge_feed(JobId job) const {
  const Run* run = find_run(job.run);
  return run == nullptr || run->is_stopped() || !run->has_stage() ? FeedVerdict::kAlready : run->judge_feed(job.key);
}

bool Scheduler::is_memory_full(RunId id) const {
  const Run* run = find_run(id);
  return run != nullptr && run->is_memory_full();
}

bool Scheduler::is_open(JobId job) const {
  const Run* run = find_run(job.run);
  return run != nullptr && run->is_open(job.key);
}

bool Scheduler::is_committed(JobId job) const {
  const Run* run = find_run(job.run);
  return run != nullptr && !run->is_stopped() && run->has_stage() && run->find_committed(job.key) != nullptr;
}

Run* Scheduler::find_run(RunId id) {
  const auto place = runs_.find(id);
  if (place == runs_.end()) return nullptr;
  if (touched_.empty() || touched_.back() != id) touched_.push_back(id);
  return &place->second;
}

const Run* Scheduler::find_run(RunId id) const {
  const auto place = runs_.find(id);
  return place == runs_.end() ? nullptr : &place->second;
}

}  // namespace sheaf::master
