#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/local/local_stream.h"
#include "worker/executor/job_kind.h"
#include "worker/executor/slots.h"

namespace sheaf::worker {

using JobKinds = std::vector<std::unique_ptr<JobKind>>;

struct HostConfig {
  std::uint32_t threads = 1;         ///< Slots.
  std::string scratch = "/var/tmp";  ///< Directory for large results.
};

/// An executor's side of executor.proto: takes jobs from the link, has its slots do them, returns what they made. It knows no
/// kind: the program that makes it brings them.
///
/// The thread that calls run() owns the socket; slots have threads of their own.
class ExecutorHost {
 public:
  ExecutorHost(Fd socket, JobKinds kinds, const HostConfig& config);
  /// Cancels what runs and waits until it has stopped. A program that leaves need not wait: it may just end.
  ~ExecutorHost();

  /// Says that it is ready, and works until the link closes the socket. Errors: kFailed when the link sends what is no message,
  /// or the system gives no descriptors.
  Status run();

 private:
  struct OpenRun {
    std::uint64_t number = 0;
    std::shared_ptr<OpenedRun> run;
  };

  void say_ready();
  void on_frame(local::LocalFrame frame);
  void on_run(const v1::ExecutorRun& request);
  void on_job(local::LocalFrame frame);
  void on_result(SlotResult result);
  JobKind* find_kind(const std::string& name) const;

  local::LocalStream link_;
  JobKinds kinds_;
  HostConfig config_;
  std::deque<OpenRun> runs_;  ///< The last kOpenRunsMax that were opened: the link counts alike.
  std::map<Attempt, std::shared_ptr<std::atomic<bool>>> running_;
  std::unique_ptr<Slots> slots_;  ///< Last: its threads end before what they use.
};

}  // namespace sheaf::worker
