#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "common/base/ids.h"
#include "common/base/result.h"
#include "common/base/time.h"
#include "common/runtime/blob.h"
#include "common/wire/message.h"

namespace sheaf::worker {

/// One life of one executor process; never used again within a worker, so that news of an earlier life cannot be taken for a
/// later one's.
using ExecutorId = Id<struct ExecutorTag>;

/// One of the programs that a worker's executors run, by its place in the worker's list of them.
using ProgramIndex = std::size_t;

/// What an executor says of itself when it is ready. Equal for all executors of one program.
struct ExecutorFacts {
  std::uint32_t slots = 1;
  std::map<std::string, std::string> kinds;  ///< What it does, with a fingerprint each (WorkerHello).
};

// What the owner of a WorkerSession has to do, in order.

struct SendMessage {
  wire::Message message;  ///< To the master. One that cannot be sent now waits, in order, until it can or DropUnsent comes.
};
/// What waits to be sent belongs to a link that is no more: the session says it again when it was welcomed.
struct DropUnsent {};

/// Write `bytes` to the end of `payload`, on another thread: a disk may take longer than the master waits for a heartbeat.
/// Answered by on_part_kept() with the same `number`.
struct KeepPart {
  std::uint64_t number = 0;
  Attempt attempt;
  Blob payload;
  Bytes bytes;
};

/// Start an executor; answered by on_executor_ready() or on_executor_lost().
struct StartExecutor {
  ExecutorId executor;
  ProgramIndex program = 0;
};
/// End it now; answered by on_executor_lost().
struct EndExecutor {
  ExecutorId executor;
};

/// Before the first StartJob of that run. The executor keeps the last kOpenRunsMax it was given; a repeated one replaces the
/// former.
struct OpenRun {
  ExecutorId executor;
  RunId run;
  std::string kind;
  std::string setup;
};
/// Answered by on_job_done() or on_executor_lost().
struct StartJob {
  ExecutorId executor;
  JobId job;
  Attempt attempt;
  Blob payload;
};
/// The executor gives the job back if it has not begun: on_job_done() with kStopped. Else it goes on, and ends as any other.
struct AskJobBack {
  ExecutorId executor;
  JobId job;
  Attempt attempt;
};
/// Nobody wants the result; on_job_done() still has to say when the slot is free.
struct CancelJob {
  ExecutorId executor;
  JobId job;
  Attempt attempt;
};

/// What may not run in two copies may run until then, and is ended then: by who starts it, for this process may stand still.
/// Never earlier than the one before.
struct SetLease {
  Instant until;
};

/// End this process. Nothing comes after it.
struct Leave {
  Error reason;  ///< For the log, or the user where the exit code says that something went wrong.
  int exit_code = 0;
};

using Action = std::variant<SendMessage, DropUnsent, KeepPart, StartExecutor, EndExecutor, OpenRun, StartJob, CancelJob,
                            AskJobBack, SetLease, Leave>;
using Actions = std::vector<Action>;

}  // namespace sheaf::worker
