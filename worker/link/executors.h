#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/local/local_stream.h"
#include "common/net/channel.h"
#include "worker/core/actions.h"
#include "worker/core/job_output.h"
#include "worker/link/payload_reader.h"
#include "worker/spawner/spawner.h"

namespace sheaf::worker {

/// Which program, and how.
struct ExecutorProgram {
  std::string path;
  std::vector<std::string> arguments;
  bool may_start_commands = false;
};

struct ExecutorIsReady {
  ExecutorId executor;
  ExecutorFacts facts;
};
struct ExecutorWasLost {
  ExecutorId executor;
  Error evidence;
};
struct JobWasDone {
  ExecutorId executor;
  JobId job;
  Attempt attempt;
  Result<JobOutput> output;
  bool final = false;
};
using ExecutorEvent = std::variant<ExecutorIsReady, ExecutorWasLost, JobWasDone>;

/// The link's executors: their sockets, and the spawner that starts them. Everything that an executor said before it ended
/// comes before its ExecutorWasLost. Never blocks.
///
/// Lives on the link's thread.
class Executors {
 public:
  /// `poller` outlives it.
  Executors(Spawner spawner, std::vector<ExecutorProgram> programs, net::Poller& poller, PayloadReader& payloads);

  // The session's actions.
  void perform(const StartExecutor& action);
  void perform(const EndExecutor& action);
  void perform(const OpenRun& action);
  void perform(StartJob action);
  void perform(const CancelJob& action);
  void perform(const AskJobBack& action);
  void perform(const SetLease& action);

  /// Reads what is there after the poller has waited. Errors: kFailed when the spawner is gone: this worker cannot go on.
  Status read(std::vector<ExecutorEvent>& events);
  /// Writes what the sockets take. Errors as read().
  Status flush();

 private:
  struct Executor {
    ProgramIndex program = 0;
    std::optional<local::LocalStream> stream;  ///< Between Spawned and its end.
    std::size_t poll_index = 0;
    std::optional<v1::Exited> exited;
    std::uint64_t payloads_to_read = 0;  ///< Results that it has given, and whose payload is still being read.
  };
  using Entry = std::map<ExecutorId, Executor>::iterator;

  void on_spawner_message(local::LocalFrame frame, std::vector<ExecutorEvent>& events);
  void on_payload(ReadResult done, std::vector<ExecutorEvent>& events);
  /// Reads what `executor` has said, once; false when it has closed or talks nonsense.
  bool read_once(Entry executor, std::vector<ExecutorEvent>& events);
  void on_executor_message(Entry executor, local::LocalFrame frame, std::vector<ExecutorEvent>& events);
  void close(Executor& executor);
  void report_if_over(Entry executor, std::vector<ExecutorEvent>& events);
  void queue(ExecutorId executor, local::LocalFrame frame);
  void kill(ExecutorId executor);

  local::LocalStream spawner_;
  std::size_t spawner_index_;
  std::vector<ExecutorProgram> programs_;  ///< By ProgramIndex.
  net::Poller& poller_;
  PayloadReader& payloads_;
  std::size_t payloads_index_;
  std::map<ExecutorId, Executor> executors_;
};

}  // namespace sheaf::worker
