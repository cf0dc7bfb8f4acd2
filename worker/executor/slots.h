#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "common/base/ids.h"
#include "common/local/local_stream.h"
#include "common/runtime/blob.h"
#include "common/runtime/work_threads.h"
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
  std::stop_source stop;
};

/// What a slot made of it.
struct SlotResult {
  JobId job;
  Attempt attempt;
  Result<JobOutput> result;
};

/// Threads that do jobs, in the order in which they came. They share nothing but the runs, and no error or exception of a job
/// ends one. Cancel those that run before the threads are to end.
class Slots {
 public:
  struct Calls {
    /// A slot has got to a job; false: it is not to be done any more.
    std::function<bool(const SlotTask& task)> begin;
    std::function<void(SlotResult result)> answer;
  };

  /// `scratch` and `directories`: as in JobContext. The slot's own thread calls `calls`, so several may at a time.
  Slots(std::uint32_t threads, std::string scratch, std::string directories, Calls calls);

  void post(SlotTask task) { threads_.post(std::move(task)); }

 private:
  void work(SlotTask task);

  const std::string scratch_;
  const std::string directories_;
  const Calls calls_;
  std::atomic<unsigned> numbered_ = 0;  ///< Slots that have got their number.
  WorkThreads<SlotTask> threads_;       ///< Last: they end before what they use.
};

}  // namespace sheaf::worker
