#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/digest.h"
#include "common/base/ids.h"
#include "common/base/time.h"
#include "master/core/config.h"
#include "master/core/events.h"
#include "master/core/stats.h"

namespace sheaf::master {

enum class AttemptState {
  kLive,    ///< With a worker that is heard.
  kSilent,  ///< With an expired worker. The job counts as not running, but the worker may come back to it.
  kGone,    ///< Lost, failed, revoked or answered. Its answer may still arrive.
};

/// An attempt that was issued for the present payload of a job.
struct IssuedAttempt {
  Attempt attempt{};
  WorkerId worker{};  ///< Who holds it, or held it last.
  AttemptState state = AttemptState::kLive;
  /// Of an attempt that is not live, in a run whose jobs may not run twice: its copy may run until then. Empty: it has ended.
  std::optional<Instant> runs_until{};
};

/// A result on its way to the disk.
struct Committing {
  Attempt attempt{};
  WorkerId worker{};
  Digest digest{};
  std::uint64_t result_bytes = 0;
};

/// A job that is fed and has never been anywhere else. All that a run needs to know of one, since most of those that wait are.
struct FreshJob {
  std::uint64_t payload_bytes = 0;
  std::uint64_t units = 0;
};

/// A job that is fed and not committed, once it was its turn. With the fresh ones there are at most `jobs_window` of them, and
/// the parts of one split job.
struct OpenJob {
  std::uint64_t payload_bytes = 0;
  std::uint64_t units = 0;
  std::uint32_t revision = 0;
  std::uint32_t tries = 0;  ///< That failed by the job's own error.
  std::uint32_t strikes =
      0;  ///< Evidence against the job. Whom to suspect when an executor dies will be decided before this is raised.
  std::uint32_t refusals = 0;
  std::optional<WorkerId> refused_by{};
  bool may_have_begun = false;  ///< An attempt has ended that may have begun, and no result came of it.
  std::vector<IssuedAttempt> attempts{};
  std::optional<Committing> committing{};
  std::optional<Instant> earlier_runs_until{};  ///< As `runs_until`, of an attempt at an earlier payload.
  std::optional<Instant> leased_until{};        ///< Where it stands among the leased ones.

  IssuedAttempt* find(Attempt attempt);
  bool has(Attempt attempt) const;
  bool has_live_attempt() const;
  /// Whether a copy of another attempt may run while one of this attempt does.
  bool may_run_beside(Attempt attempt) const;
  /// When no attempt can have a copy that runs any more; empty: none has one, save for a live attempt.
  std::optional<Instant> copies_end() const;
};

/// A job whose result is durable and not yet accepted. It keeps what a late answer is compared with.
struct CommittedJob {
  std::uint64_t units = 0;
  std::uint32_t revision = 0;
  std::uint64_t result_bytes = 0;
  Digest digest{};
  std::vector<IssuedAttempt> attempts{};
  std::optional<Instant> earlier_runs_until{};
  bool is_delivered = false;
};

/// What is to be said of a job that is fed.
enum class FeedVerdict {
  kNext,
  kAlready,  ///< It has been fed before.
  kOutOfOrder,
  kBeyondCredit,
};

/// The parts of a split job that are still to be fed.
struct MissingParts {
  std::uint32_t next = 1;
  std::uint32_t last = 0;
};

/// One run: its window of jobs between "fed" and "accepted", in the order of keys, and the sums that the two windows are made
/// of.
///
/// Only the window is stored. Jobs before it are accepted, jobs behind `jobs_fed()` are not fed: both cost nothing. Operations
/// are O(log window).
class Run {
 public:
  Run(const RunOpened& opened, const SchedulerConfig& config);

  const RunOpened& options() const { return options_; }
  RunId id() const { return options_.run; }
  RunView view() const;

  /// Failed or cancelled: nothing is assigned, delivered or asked any more.
  bool is_stopped() const { return is_stopped_; }
  void stop();

  const WorkerNeed& need() const { return need_; }
  const std::string& fingerprint() const { return need_.fingerprint; }
  /// Whether the worker's results can be bound together with those that the run has.
  /// Never one that does not say what its results depend on, if the run asks for one build.
  bool admits(const KindFingerprints& kinds) const;
  /// From now on only workers with that fingerprint are admitted; until no attempt is live and there is nothing of
  /// theirs. No silent attempt may be left that it does not admit.
  void bind_fingerprint(const std::string& worker_fingerprint);
  bool has_silent_attempts() const { return silent_attempts_ > 0; }

  void plan(std::optional<std::uint64_t> jobs, std::optional<std::uint64_t> units);

  // --- feeding
  // ---------------------------------------------------------------------------------------------------------------------
  FeedVerdict judge_feed(JobKey key) const;
  /// What judge_feed() says; the job is added if it is the next one.
  FeedVerdict feed(const JobFed& job);
  bool end_feed(std::uint64_t jobs);  ///< False if that is not how many were fed.
  std::uint64_t jobs_fed() const { return jobs_fed_; }
  /// The credit that the stage is to be told now, if it is worth a message.
  std::optional<std::pair<std::uint64_t, std::uint64_t>> take_credit();

  // --- running
  // ---------------------------------------------------------------------------------------------------------------------
  /// The job, unless it is fresh: then there is no more to know of it.
  OpenJob* find_open(JobKey key);
  const OpenJob* find_open(JobKey key) const;
  /// Those that are not fresh.
  const std::map<JobKey, OpenJob>& open() const { return open_; }
  std::size_t open_jobs() const { return open_.size() + fresh_.size(); }
  bool is_open(JobKey key) const;
  /// The oldest job that may be assigned now.
  std::optional<JobKey> next_waiting() const;
  /// next_waiting(), whose turn it is: from now on it is not fresh.
  OpenJob& open_next();
  std::uint64_t next_waiting_bytes() const;
  std::uint64_t live_attempts() const { return live_attempts_; }
  /// Whether so few jobs are left that each is best kept for the slot that gets free first.
  bool is_at_tail(std::uint64_t slots) const { return feed_ended_ && waiting_.size() + fresh_.size() <= slots; }

  /// Whether two copies of a job may run at the same time. If not, jobs are given out under leases.
  bool may_run_twice() const { return options_.traits.deterministic || options_.traits.second_attempt; }
  void add_attempt(JobKey key, const IssuedAttempt& attempt);
  /// Moves an attempt to another state, and the job into or out of the queue accordingly. `runs_until`: as in IssuedAttempt.
  /// True if the job went back to the queue.
  bool set_attempt(JobKey key, Attempt attempt, WorkerId worker, AttemptState state,
                   std::optional<Instant> runs_until = std::nullopt);
  /// The worker has said how the attempt ended. True if the job went back to the queue.
  bool end_copy(JobKey key, Attempt attempt);
  /// The worker that has the attempt was told to stop it, and is heard: a copy that may still run may run until then.
  void extend_copy(JobKey key, Attempt attempt, Instant until);
  /// When the first job may go back to the queue for its lease has run out.
  std::optional<Instant> first_lease_end() const;
  /// Puts those whose leases have run out back into the queue: how many.
  std::uint64_t end_leases(Instant now);
  void count_lost_attempt() { view_.attempts_lost += 1; }

  // --- committing and binding
  // ------------------------------------------------------------------------------------------------------
  /// No attempt of the job may be live or silent any more.
  void begin_commit(JobKey key, const Committing& committing);
  void finish_commit(JobKey key);
  const CommittedJob* find_committed(JobKey key) const;
  /// The next result for the stage, if there is a stage and its window has room. It counts as delivered.
  std::optional<JobKey> take_delivery();
  void accept(JobKey key);
  void redo(JobKey key, std::uint32_t revision, std::uint64_t payload_bytes);
  void split(JobKey key, std::uint32_t parts);
  /// The first part of a split job that is still to be fed.
  std::optional<JobKey> first_missing_part() const;
  /// Parts of split jobs that are still to be fed.
  std::uint64_t missing_parts() const;
  /// What is fed now lies beyond the memory window: jobs done again and parts of split ones, which are fed beside the credit.
  bool is_memory_full() const { return open_bytes_ >= options_.memory_window_bytes; }
  bool is_bound() const;
  /// True once, when the attached stage is to be told that every job is bound.
  bool take_bound();

  void attach_stage();
  void lose_stage();
  bool has_stage() const { return stage_attached_; }

  void check_invariants() const;

 private:
  void add_open(JobKey key, OpenJob job);
  JobKey first_fresh() const { return {jobs_fed_ - fresh_.size(), 0}; }
  /// Brings `waiting_` in line with the job's state.
  bool queue_if_idle(JobKey key, OpenJob& job);
  IssuedAttempt* find_attempt(JobKey key, Attempt attempt);
  bool is_spool_full() const;
  /// No job before `key` is still to be accepted: the stage can go on with nothing else.
  bool is_next_to_bind(JobKey key) const;
  /// Some job before `key` has no committed result yet.
  bool is_behind_a_gap(JobKey key) const;
  CommittedJob take_committed(JobKey key);
  /// The workers of that fingerprint may never come back. As long as there is nothing of theirs, others may have the run.
  void unbind_fingerprint_if_unused();

  RunOpened options_;
  std::uint64_t deliver_window_bytes_;
  std::uint64_t deliver_jobs_window_;
  std::uint64_t jobs_window_;
  std::uint64_t spool_jobs_window_;
  WorkerNeed need_;
  bool is_stopped_ = false;
  bool stage_attached_ = false;
  bool bound_told_ = false;

  std::uint64_t jobs_fed_ = 0;  ///< With sub 0: the seq that comes next.
  std::uint64_t bytes_fed_ = 0;
  std::uint64_t units_fed_ = 0;
  std::uint64_t jobs_split_off_ = 0;  ///< Parts beyond the first one of their job.
  bool feed_ended_ = false;
  std::uint64_t bytes_until_ = 0;  ///< What a stage was told.
  std::uint64_t jobs_until_ = 0;
  bool is_credit_told_ = false;  ///< To the stage that is attached.

  std::map<JobKey, OpenJob> open_;
  std::set<JobKey> waiting_;                     ///< Of those: neither committing nor with a live attempt, nor leased.
  std::set<std::pair<Instant, JobKey>> leased_;  ///< Of those: a copy may run until then, though no attempt is live.
  /// The last ones that were fed, up to job `jobs_fed_`: jobs are begun in the order of keys, so behind all of `open_`.
  std::deque<FreshJob> fresh_;
  std::map<JobKey, CommittedJob> committed_;
  std::set<JobKey> undelivered_;                   ///< Committed, and not with the stage.
  std::map<std::uint64_t, MissingParts> missing_;  ///< By seq.

  std::uint64_t open_bytes_ = 0;
  std::uint64_t spool_bytes_ = 0;
  std::uint64_t committing_ = 0;
  std::uint64_t delivered_ = 0;
  std::uint64_t delivered_bytes_ = 0;
  std::uint64_t live_attempts_ = 0;
  std::uint64_t silent_attempts_ = 0;
  RunView view_;  ///< Its counters; view() fills in the rest.
};

}  // namespace sheaf::master
