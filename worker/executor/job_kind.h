#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "common/base/result.h"
#include "common/runtime/blob.h"
#include "worker/core/job_output.h"

namespace sheaf::worker {

/// What a slot hands to a kind along with the payload.
struct JobContext {
  std::stop_token stop;       ///< Look at it at least once a frame; when a stop is requested, stop and return kStopped.
  std::string scratch;        ///< Directory for large results (Blob).
  std::string directories{};  ///< Directory for what a job leaves lying: gone with the worker at the latest.
  unsigned slot = 1;          ///< Of this process, from 1 on: no two jobs at the same time have the same.
};

/// One run as one executor process sees it: made once from the run's setup, shared by all slots of the process.
///
/// Thread-safe: every slot calls run() at the same time as the others.
class RunContext {
 public:
  virtual ~RunContext() = default;

  /// Does one job. Errors: kInput when the payload's content is at fault (then `where` names the place in the input), kFailed
  /// for the rest, kStopped when cancelled. Never throws.
  virtual Result<JobOutput> run(const Blob& payload, const JobContext& context) = 0;
};

/// What a job of one kind is: the part that an executor program adds. Lives as long as the process.
class JobKind {
 public:
  virtual ~JobKind() = default;

  /// "video", "command", "block".
  virtual std::string name() const = 0;

  /// What results may depend on beside the job: versions of libraries and of ops. Workers with equal fingerprints give equal
  /// bytes.
  virtual std::string fingerprint() const = 0;

  /// Opens a run from its setup (serialized, made by the stage of the same kind). Errors: kUsage when the setup asks for what
  /// this executor does not have.
  virtual Result<std::unique_ptr<RunContext>> open_run(const std::string& setup) = 0;
};

}  // namespace sheaf::worker
