#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/base/ids.h"
#include "common/local/local_stream.h"
#include "common/runtime/blob.h"
#include "common/runtime/fd.h"
#include "worker/kinds/job_kind.h"

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

/// T threads that do jobs. They share nothing but the runs, and no error or exception of a job ends one.
class SlotPool {
 public:
  /// Errors: kFailed when the process has no descriptors left.
  static Result<std::unique_ptr<SlotPool>> make(std::uint32_t threads, std::string scratch);
  /// Waits for the jobs that run: cancel them first.
  ~SlotPool();
  SlotPool(const SlotPool&) = delete;
  SlotPool& operator=(const SlotPool&) = delete;

  void start(SlotTask task);

  /// Readable while take_results() has something to give.
  int fd() const { return event_.get(); }
  std::vector<SlotResult> take_results();

 private:
  SlotPool(Fd event, std::string scratch) : event_(std::move(event)), scratch_(std::move(scratch)) {}
  void work();
  Result<JobOutput> perform(SlotTask& task) const;

  Fd event_;
  std::string scratch_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<SlotTask> tasks_;
  std::vector<SlotResult> results_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace sheaf::worker
