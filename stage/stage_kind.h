#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/ids.h"
#include "common/base/result.h"
#include "common/runtime/blob.h"
#include "sheaf/v1/wire.pb.h"

/// What a kind of run puts into its stage program: a source that cuts the input into jobs, and a sink that binds their results.
namespace sheaf::stage {

/// One job as a stage feeds it.
struct JobOut {
  JobKey key;
  Blob payload;
  std::uint64_t units = 0;  ///< Frames, items.
  std::string label;        ///< For people: "frames 250-374".
};

/// What a kind knows after it has looked at its input, before any work starts.
struct StagePlan {
  std::string setup;                   ///< Serialized, for every executor once (VideoSetup); opaque to the master.
  std::optional<std::uint64_t> jobs;   ///< How many jobs there will be, if that can be known.
  std::optional<std::uint64_t> units;  ///< How many units in all, if that can be known.
  std::vector<std::string> notes;      ///< Sentences for the user: streams that are left out, and the like.
};

/// What a sink says of a result that it was given.
struct Accepted {};
/// The result cannot be bound: the job must be done again with this payload.
struct Redo {
  Blob payload;
  std::string reason;
};
using Binding = std::variant<Accepted, Redo>;

/// What a run has become, for the summary.
struct StageReport {
  std::uint64_t units = 0;
  std::uint64_t output_bytes = 0;
  std::string details;  ///< Serialized (VideoReport); opaque to the master.
};

/// Cuts one run's input into jobs. The stage has a thread for it, its lane, so it may wait for input: results are bound
/// meanwhile. The cut follows from the request and the input alone, so that a stage that is started again cuts alike.
class JobSource {
 public:
  virtual ~JobSource() = default;

  /// The next job, in the order of keys (seq 0, 1, 2, ...); empty after the last, and never called again then. Errors: kInput
  /// if the input cannot be read.
  virtual Result<std::optional<JobOut>> next_job() = 0;

  /// Comes from another thread: no more jobs are needed, and a next_job() that waits for input must return soon, with whatever.
  /// One that never waits for more than a disk has nothing to do.
  virtual void stop() noexcept {}
};

/// Binds the results of one run. The stage has another thread for it, and calls: bind(), as results come; then, when every job
/// is bound, finish() and, once the master has granted it, publish(). abandon() may come at any time and is the last call. All
/// may block on files. What it shares with the source, it shares with another thread.
class ResultSink {
 public:
  virtual ~ResultSink() = default;

  /// Binds the result of `key`. Results come in the order of keys, save for a job that was asked for again with Redo.
  /// `measures`: what the attempt took, as the kind's executor wrote it down; for the report only.
  virtual Result<Binding> bind(JobKey key, Blob result, const std::string& measures) = 0;

  /// Binds, in the place of the result of `key`, that there is none: the job cannot be done. Only in runs that go on then
  /// (RunDescription.binds_faults).
  virtual Result<Binding> bind_fault(JobKey key, Error error) {
    return fail(ErrorCode::kFailed, "job " + to_string(key) + " has no result: " + error.what);
  }

  /// Completes the output under its temporary name and makes it durable. Errors: kOutput.
  virtual Result<StageReport> finish() = 0;

  /// Gives the output its final name. Errors: kOutput, and the temporary file is gone.
  virtual Status publish() = 0;

  /// Removes whatever has been made so far; does nothing after publish().
  virtual void abandon() noexcept = 0;

  /// Comes from another thread: the run is given up, and a bind() that waits for a reader must return soon, with whatever. One
  /// that never waits for more than a disk has nothing to do.
  virtual void stop() noexcept {}
};

/// A run whose input has been looked at.
struct OpenedRun {
  StagePlan plan;
  std::unique_ptr<JobSource> source;
  std::unique_ptr<ResultSink> sink;
};

/// What a stage tells its kind beside the description of the run.
struct StageOptions {
  std::string incarnation;  ///< Part of every temporary name, so that two lives of a stage never write the same file.
  std::string scratch;      ///< Where large payloads may lie: a directory on a real disk.
};

/// Opens the input, checks all that can be checked before work starts, decides the cuts. Called once, on the sink's thread.
/// Errors: kInput, kOutput; kUsage for a request that cannot be read or lacks what it must have.
using RunOpener = std::function<Result<OpenedRun>(const v1::RunDescription& run, const StageOptions& options)>;

}  // namespace sheaf::stage
