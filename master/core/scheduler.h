#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/base/ids.h"
#include "common/base/time.h"
#include "master/core/actions.h"
#include "master/core/config.h"
#include "master/core/events.h"
#include "master/core/run.h"
#include "master/core/run_queue.h"
#include "master/core/stats.h"
#include "master/core/worker_table.h"

namespace sheaf::master {

/// Decides which worker runs which job, and when to give up on either.
///
/// A pure state machine: no socket, clock, thread, log or payload. The caller feeds it one event at a time and carries out the
/// actions in their order. Equal configuration and equal events give equal actions; tests/sim depends on that.
///
/// A step costs O(log workers + log runs + log window) for each run that it changes and for each job that it assigns; idle
/// workers and idle runs cost nothing. Beyond that, a step that frees a slot or queues a job looks at each run with a job that
/// nobody may take, and for a job that is larger than what workers have left of their byte budgets at each of these. The end of
/// a run or of a worker costs as much as it holds.
///
/// Not thread-safe: the thread that created it makes every call.
class Scheduler {
 public:
  /// `config` must have passed `validate()`.
  explicit Scheduler(const SchedulerConfig& config);
  Scheduler(Scheduler&&) = default;  // Not copied: its indexes point into its tables.
  Scheduler& operator=(Scheduler&&) = default;

  /// Applies `event`, which happened at `now`, and appends what follows from it to `actions`.
  ///
  /// `now` never runs backwards (checked). Events that come from the network are not trusted: an unknown worker or job, or an
  /// attempt that was never issued, only raises `stats().stale_answers`; late answers are normal after a requeue.
  void step(Instant now, const Event& event, std::vector<Action>& actions);

  /// When `step(now, TimePassed{})` would next change anything; empty if only input can.
  std::optional<Instant> next_deadline() const;

  /// Whether that result would be committed if it came now. What is not wanted need not be taken off the wire.
  bool wants(WorkerId worker, JobId job, Attempt attempt) const;
  /// What would become of that job if its JobFed came now. What is not the next one need not be kept. Of a run that is over or
  /// has no stage: kAlready.
  FeedVerdict judge_feed(JobId job) const;
  /// Whether the run's payloads fill their window: what comes beside the credit is better kept elsewhere.
  bool is_memory_full(RunId run) const;
  /// Whether the job is fed and not committed: only then is its payload needed.
  bool is_open(JobId job) const;
  /// Whether the job's result is durable, and the stage may accept it or ask for it again.
  bool is_committed(JobId job) const;

  /// Where the run stands; empty if it was never opened, or has ended.
  std::optional<RunView> run(RunId id) const;
  /// Empty if it is not there.
  std::optional<WorkerView> worker(WorkerId id) const;
  const ClusterView& cluster() const { return workers_.view(); }
  const Stats& stats() const { return stats_; }

  /// Aborts if the tables contradict each other. Costs as much as the tables are long: for tests, and after every step there.
  void check_invariants() const;

 private:
  using Actions = std::vector<Action>;

  // on_worker.cc
  void on_worker_joined(const WorkerJoined& event, Actions& actions);
  void on_worker_lost(const WorkerLost& event, Actions& actions);
  void on_worker_left(const WorkerLeft& event, Actions& actions);
  void on_worker_draining(const WorkerDraining& event, Actions& actions);
  void on_time_passed(Actions& actions);
  void hear(Worker& worker, Actions& actions);
  void expire(Worker& worker, Actions& actions);
  void hand_back_all(Worker& worker);
  /// Until when a copy may run that is with a worker that was heard last at `heard`; empty if that is of no matter to the run.
  std::optional<Instant> lease_end(const Run& run, Instant heard) const;
  void adopt(Worker& worker, const HeldAttempt& held, Actions& actions);

  // on_answer.cc
  void on_job_done(const JobDone& event, Actions& actions);
  void on_job_failed(const JobFailed& event, Actions& actions);
  void on_commit_done(const CommitDone& event, Actions& actions);
  void on_answer_to_finished_job(const Run& run, const JobDone& event, Actions& actions);
  void on_second_result(const Run& run, const JobDone& event, const Digest& first, Actions& actions);
  /// It has answered: is it given more jobs ahead, or fewer?
  void judge_pace(Worker& worker, JobId job, Attempt attempt, bool is_done);
  void commit(Run& run, OpenJob& job, const Worker& worker, const JobDone& event, Actions& actions);
  void drop(const JobDone& event, Actions& actions);
  void count_unneeded(const Run& run, JobKey key, Attempt attempt);

  // on_stage.cc
  void on_run_opened(const RunOpened& event, Actions& actions);
  void on_run_planned(const RunPlanned& event, Actions& actions);
  void on_job_fed(const JobFed& event, Actions& actions);
  void on_feed_ended(const FeedEnded& event, Actions& actions);
  void on_stage_attached(const StageAttached& event, Actions& actions);
  void on_stage_lost(const StageLost& event, Actions& actions);
  void on_result_accepted(const ResultAccepted& event, Actions& actions);
  void on_redo_asked(const RedoAsked& event, Actions& actions);
  void on_split_asked(const SplitAsked& event, Actions& actions);
  void on_run_cancelled(const RunCancelled& event, Actions& actions);
  void on_run_ended(const RunEnded& event, Actions& actions);
  /// The run that the stage speaks of, if it has one and is not stopped; else the answer is stale.
  Run* run_of_stage(RunId id);
  /// As above, and the job is committed. It need not be with the stage: what the stage says of it may be about a delivery over
  /// an earlier link.
  Run* run_of_committed(JobId job);
  /// What a changed window allows: deliveries, then the end, then more credit.
  void serve_stage(Run& run, Actions& actions);
  /// The job cannot be done: its run fails, or goes on without it.
  void give_up_job(Run& run, JobKey key, std::string reason, std::uint32_t tries, Actions& actions);
  void fail_run(Run& run, JobKey key, std::string reason, std::uint32_t tries, Actions& actions);
  void stop(Run& run, Actions& actions);

  // dispatch.cc
  void dispatch(Actions& actions);
  /// The run has changed: brings what is known of all runs up to date.
  void index(const Run& run);
  /// Who is to have the job, which is the run's next: the worker with most free slots that may take it and is not reserved for
  /// another run. When all that may take it are too full, they are reserved for it.
  Worker* choose_worker(const Run& run, const OpenJob& job, std::set<WorkerId>& reserved);
  void assign(Worker& worker, Run& run, JobKey key, Actions& actions);
  /// The run gets something from the worker: from now on from its like alone, if the run asks for that.
  void bind(Run& run, const Worker& worker, Actions& actions);
  /// Takes a live or silent attempt from whoever holds it; `runs_until` as in IssuedAttempt. True if the job went back to the
  /// queue.
  bool end_attempt(Run& run, JobKey key, Attempt attempt, std::optional<Instant> runs_until = std::nullopt);
  /// Until when a copy of a job may run whose worker is told to stop it now, if it is told at all.
  Instant revoked_end() const { return now_ + config_.lease + config_.revoked_max; }
  /// The same, and tells the holder to stop.
  void revoke(Run& run, JobKey key, const IssuedAttempt& attempt, Actions& actions);
  void revoke_all(Run& run, JobKey key, const OpenJob& job, Actions& actions);

  /// For a change: what the run has to give is looked at again at the end of the step.
  Run* find_run(RunId id);
  void check_nothing_can_be_given() const;
  const Run* find_run(RunId id) const;

  SchedulerConfig config_;
  Instant now_{};
  std::uint64_t attempts_issued_ = 0;
  std::map<RunId, Run> runs_;
  RunQueue queue_;
  std::map<RunId, Instant> lease_ends_;  ///< The first one of each run that has leased jobs.
  std::vector<RunId> touched_;           ///< In this step.
  WorkerTable workers_;
  Stats stats_;
};

}  // namespace sheaf::master
