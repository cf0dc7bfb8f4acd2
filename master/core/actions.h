#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "common/base/digest.h"
#include "common/base/ids.h"
#include "common/base/time.h"

/// What a Scheduler asks its caller to do. The order of the actions of one step matters; none of them needs an answer, save for
/// Commit and CommitFault, which CommitDone must follow, or the master must stop.
namespace sheaf::master {

/// Send the job to the worker.
struct Assign {
  WorkerId worker{};
  JobId job{};
  Attempt attempt{};
  bool operator==(const Assign&) const = default;
};
/// Tell the worker to stop that attempt: its result is no longer wanted. The worker may not have it (any more); that is no
/// error.
struct Revoke {
  WorkerId worker{};
  JobId job{};
  Attempt attempt{};
  bool operator==(const Revoke&) const = default;
};
/// Make the result durable, then report CommitDone.
struct Commit {
  JobId job{};
  Attempt attempt{};
  WorkerId worker{};
  Digest digest{};
  std::uint64_t result_bytes = 0;
  bool operator==(const Commit&) const = default;
};
/// The job cannot be done. Make `reason` durable as its result, then report CommitDone.
struct CommitFault {
  JobId job{};
  Attempt attempt{};  ///< None that was issued: for CommitDone.
  std::string reason{};
  bool operator==(const CommitFault&) const = default;
};
/// The worker may forget this answer: it is durable, or it is not needed. Late, stale and failed answers are acknowledged too.
struct AckResult {
  WorkerId worker{};
  JobId job{};
  Attempt attempt{};
  bool operator==(const AckResult&) const = default;
};
/// The bytes that this worker uploaded for this attempt are not needed. Never the bytes of a Commit.
struct DropResult {
  WorkerId worker{};
  JobId job{};
  Attempt attempt{};
  bool operator==(const DropResult&) const = default;
};
/// Send the committed result to the run's stage.
struct Deliver {
  JobId job{};
  bool operator==(const Deliver&) const = default;
};
/// The job's payload will not be sent again.
struct ReleasePayload {
  JobId job{};
  bool operator==(const ReleasePayload&) const = default;
};
/// The job's committed result will not be delivered again: it was accepted, or it is replaced.
struct ReleaseResult {
  JobId job{};
  bool operator==(const ReleaseResult&) const = default;
};
/// Tell the stage how far it may feed: it may begin a job while it has fed fewer than `bytes_until` bytes and fewer than
/// `jobs_until` jobs. Both count from the beginning of the run, over jobs with sub 0 (RunView: bytes_fed, jobs_fed). Neither
/// ever shrinks.
struct AskFeed {
  RunId run{};
  std::uint64_t bytes_until = 0;
  std::uint64_t jobs_until = 0;
  bool operator==(const AskFeed&) const = default;
};
/// The worker was silent for too long; its jobs go to others. Its link stays: if it is heard again, it is used again.
struct ExpireWorker {
  WorkerId worker{};
  Duration silent{};
  bool operator==(const ExpireWorker&) const = default;
};
/// Every job has been accepted: the stage may finish. Said again to a stage that is attached later.
struct RunBound {
  RunId run{};
  bool operator==(const RunBound&) const = default;
};
/// The run cannot be completed. Nothing of it is assigned or delivered any more; RunEnded follows when the caller is done with
/// it.
struct RunFailed {
  RunId run{};
  JobId job{};
  std::string reason{};
  std::uint32_t tries =
      0;  ///< Failed tries, strikes or refusals of the job, whichever ended it; 0 if it was the stage's doing.
  bool operator==(const RunFailed&) const = default;
};
/// Two attempts of one deterministic job gave different results: some machine or library is not what it should be.
struct Alarm {
  JobId job{};
  Digest committed{};
  Digest other{};
  bool operator==(const Alarm&) const = default;
};

using Action = std::variant<Assign, Revoke, Commit, CommitFault, AckResult, DropResult, Deliver, ReleasePayload, ReleaseResult,
                            AskFeed, ExpireWorker, RunBound, RunFailed, Alarm>;

}  // namespace sheaf::master
