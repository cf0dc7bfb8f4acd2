#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/digest.h"
#include "common/base/ids.h"
#include "master/core/config.h"

/// What can happen to a Scheduler. Ids of workers and runs are given by the master; everything else in an event may come from
/// the network and is not trusted.
namespace sheaf::master {

// --- workers

/// What a worker does: the kinds of its jobs, and for each what its results depend on beside the job (versions of libraries and
/// the like): results of equal fingerprints can be bound together.
using KindFingerprints = std::map<std::string, std::string>;

/// What a run wants of a worker: that it does this kind of job and, unless `fingerprint` is empty, with that fingerprint.
struct WorkerNeed {
  std::string kind{};
  std::string fingerprint{};
  auto operator<=>(const WorkerNeed&) const = default;
};

/// An attempt that a worker brings along when it comes back. One that it has finished already may be listed: its JobDone
/// follows.
struct HeldAttempt {
  JobId job{};
  Attempt attempt{};
};

/// A worker is there: a new one, or one that comes back under a new id. Its old id, if there is one, is best reported as
/// WorkerLost first; if not, what it brings moves over to the new id.
struct WorkerJoined {
  WorkerId worker{};
  std::uint32_t slots = 1;
  std::uint32_t prefetch = 0;             ///< Jobs that it may hold beyond its slots.
  std::uint64_t bytes_max = 64ULL << 20;  ///< Payload bytes of the jobs that it holds. One job is always allowed.
  KindFingerprints kinds{{"", ""}};
  std::vector<HeldAttempt> running{};
};
/// Any message came from it. JobDone and JobFailed say so by themselves.
struct WorkerHeard {
  WorkerId worker{};
};
/// Its link is gone. Its jobs go to others, those that may not run twice when its lease is over; what it has done still counts
/// if it comes back.
struct WorkerLost {
  WorkerId worker{};
};
/// It said goodbye, and hands back what it held. It may still be ending what it has not answered for.
struct WorkerLeft {
  WorkerId worker{};
};
/// It finishes what it holds and gets no new jobs.
struct WorkerDraining {
  WorkerId worker{};
};

// --- runs and their stages

/// What may be done to the jobs of a run: its kind says so, and the master only reads it (docs/ARCHITECTURE.md, "Kinds").
struct RunTraits {
  bool deterministic = false;  ///< Two results of a job are equal: a difference is an alarm, and two copies may run.
  /// Two copies may run although they are not deterministic; also: stragglers may get a second attempt.
  bool second_attempt = false;
  bool divisible = false;     ///< SplitAsked is allowed.
  bool binds_faults = false;  ///< A job that cannot be done does not end the run: what is wrong is committed as its result.
  bool no_rerun = false;      ///< A job that may have begun is never begun again: then it cannot be done.
  bool any_order = false;     ///< Results are delivered as they are committed; otherwise in the order of keys.
};

/// A run begins. It has no stage until StageAttached.
struct RunOpened {
  RunId run{};
  std::string kind{};  ///< Only workers that do it get its jobs.
  int priority = 0;    ///< Higher goes first.
  RunTraits traits{};
  std::uint64_t memory_window_bytes = kMemoryWindowBytes;  ///< Payload fed and not committed. One job is always allowed.
  std::uint64_t spool_window_bytes =
      kSpoolWindowBytes;           ///< Results committed and not accepted. The oldest job is always allowed.
  std::uint32_t attempts_max = 3;  ///< Failed tries after which the run fails.
  std::uint32_t jobs_at_once = 0;  ///< With workers at most; 0: no limit.
  std::string fingerprint{};       ///< Only workers with this one get jobs; empty: any worker.
  bool bind_fingerprint = false;   ///< With an empty `fingerprint`: the first worker that is given a job decides it.
};
/// How much there will be, if that is known: for progress only, and replaced by a later one. When the feed has ended, it is
/// known.
struct RunPlanned {
  RunId run{};
  std::optional<std::uint64_t> jobs{};
  std::optional<std::uint64_t> units{};
};
/// One more job. Jobs come as (0, 0), (1, 0), (2, 0), ...; the parts of a split job s as (s, 1), (s, 2), ... once each. One
/// that has been fed before (by a stage that started again) is ignored; one that leaves out another fails the run.
struct JobFed {
  RunId run{};
  JobKey key{};
  std::uint64_t payload_bytes = 0;
  std::uint64_t units = 0;
};
/// There were `jobs` jobs in all, parts of split ones not counted.
struct FeedEnded {
  RunId run{};
  std::uint64_t jobs = 0;
};
/// A stage works for the run: the first one, or one that was started again. What has not been accepted is delivered (again).
struct StageAttached {
  RunId run{};
};
/// The stage is gone: nothing is delivered or asked until another is attached. Workers carry on within the windows.
struct StageLost {
  RunId run{};
};

/// The stage's answers to Deliver, perhaps over an earlier link. Anything about a job that is not committed only raises
/// `stats().stale_answers`.
struct ResultAccepted {
  JobId job{};
};
/// The result cannot be bound: its result is dropped and the job is done again, with a payload that the hub has put in place of
/// the old.
struct RedoAsked {
  JobId job{};
  std::uint32_t revision = 0;  ///< Grows with every Redo of the job, from 1.
  std::uint64_t payload_bytes = 0;
  std::string reason{};
};
/// The job is replaced by its parts (seq, 1) to (seq, parts), which the stage feeds next, beside its credit.
struct SplitAsked {
  JobId job{};
  std::uint32_t parts = 0;
  std::string reason{};
};

/// The user gave the run up. Everything that runs is revoked; the run is forgotten at RunEnded.
struct RunCancelled {
  RunId run{};
  std::string reason{};
};
/// Published, or given up: forget it.
struct RunEnded {
  RunId run{};
};

// --- answers of workers

/// The whole result has arrived.
struct JobDone {
  WorkerId worker{};
  JobId job{};
  Attempt attempt{};
  Digest digest{};
  std::uint64_t result_bytes = 0;
};

enum class FailureKind {
  kJob,           ///< The job's own error: counts as a failed try.
  kExecutorLost,  ///< Its executor died under it: a strike.
  kRefused,       ///< The worker could not start it: others are asked first.
  kUnstarted,     ///< The worker did not come to it. It costs nothing.
  kLeaseEnded,    ///< The worker was not heard for too long to go on with it. It costs nothing either, but it had begun.
};

struct JobFailed {
  WorkerId worker{};
  JobId job{};
  Attempt attempt{};
  FailureKind kind = FailureKind::kJob;
  bool retryable = true;  ///< For kJob: false if another try cannot help.
  std::string reason{};
};

// --- the master itself

/// The result of a Commit action is durable. Only now is it acknowledged and may be delivered.
struct CommitDone {
  JobId job{};
  Attempt attempt{};
};

/// Time for next_deadline(). The caller feeds everything that has arrived before this, or a pause of its own would look like
/// the silence of every worker.
struct TimePassed {};

using Event = std::variant<WorkerJoined, WorkerHeard, WorkerLost, WorkerLeft, WorkerDraining, RunOpened, RunPlanned, JobFed,
                           FeedEnded, StageAttached, StageLost, ResultAccepted, RedoAsked, SplitAsked, RunCancelled, RunEnded,
                           JobDone, JobFailed, CommitDone, TimePassed>;

}  // namespace sheaf::master
