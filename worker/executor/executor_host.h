#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "common/local/local_stream.h"
#include "worker/executor/job_kind.h"
#include "worker/executor/slots.h"

namespace sheaf::worker {

using JobKinds = std::vector<std::unique_ptr<JobKind>>;

struct HostConfig {
  std::uint32_t threads = 1;             ///< Slots.
  std::string scratch = "/var/tmp";      ///< Directory for large results.
  std::string directories = "/var/tmp";  ///< Directory for what a job leaves lying.
};

/// An executor's side of executor.proto: takes jobs from the link, has its slots do them, returns what they made. It knows no
/// kind: the program that makes it brings them.
///
/// The thread that calls run() reads from the socket. Slots have threads of their own, and each writes its own answers: there
/// is no waiting for another thread between two jobs, and none begins before the answer of the one before is on its way.
class ExecutorHost {
 public:
  ExecutorHost(Fd socket, JobKinds kinds, const HostConfig& config);
  /// Cancels what runs and waits until it has stopped. A program that leaves need not wait: it may just end.
  ~ExecutorHost();

  /// Says that it is ready, and works until the link closes the socket. Errors: kFailed when the link sends what is no message.
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
  void on_cancel(const v1::ExecutorCancel& cancel);
  // From here on: by any thread.
  bool begin(Attempt attempt);
  void end_and_answer(SlotResult result);
  void answer(SlotResult result);
  JobKind* find_kind(const std::string& name) const;

  local::LocalStream link_;
  JobKinds kinds_;
  HostConfig config_;
  std::deque<OpenRun> runs_;  ///< The last kOpenRunsMax that were opened: the link counts alike.

  /// A job that is not answered.
  struct Given {
    JobId job;
    std::stop_source stop;
    bool has_begun = false;
  };
  std::mutex given_mutex_;
  std::map<Attempt, Given> given_;
  std::mutex sending_;  ///< Whoever has it may write to the socket.
  Slots slots_;         ///< Last: its threads end before what they use.
};

}  // namespace sheaf::worker
