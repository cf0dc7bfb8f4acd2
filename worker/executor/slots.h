#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "common/base/ids.h"
#include "common/local/local_stream.h"
#include "common/runtime/blob.h"
#include "common/runtime/task_threads.h"
#include "worker/executor/job_kind.h"

namespace sheaf::worker {

/// One run in an executor: opened by the first slot that has a job of it, then shared by all. Thread-safe.
class OpenedRun {
 public:
  /// `kind` outlives it; null if this executor does not have the kind.
  OpenedRun(JobKind* kind, std::string kind_name, std::string setup);

  /// Opens the run at the first call, which the others wait for. Errors: kUsage as JobKind::open_run().
  Result<RunContext*> context();

 private:
  JobKind* kind_;
  std::string kind_name_;
  std::string setup_;
  std::once_flag opened_;
  Result<std::unique_ptr<RunContext>> context_;
};

/// One job for a slot.
struct SlotTask {
  JobId job;
  Attempt attempt;
  std::shared_ptr<OpenedRun> run;
  local::LocalFrame frame;  ///< ExecutorJob, and the payload: a large one is read by the slot, not by who hands it over.
  std::shared_ptr<std::atomic<bool>> cancelled = std::make_shared<std::atomic<bool>>(false);
};

/// What a slot made of it.
struct SlotResult {
  JobId job;
  Attempt attempt;
  Result<JobOutput> result;
};

/// T threads that do jobs. They share nothing but the runs, and no error or exception of a job ends one. Cancel
/// those that run before the threads are to end.
using Slots = TaskThreads<SlotTask, SlotResult>;

/// `scratch`: the directory for large results. Errors: as TaskThreads::make().
Result<std::unique_ptr<Slots>> make_slots(std::uint32_t threads, std::string scratch);

}  // namespace sheaf::worker
