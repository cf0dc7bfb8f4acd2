#pragma once

#include "common/base/result.h"
#include "common/base/time.h"
#include "common/runtime/blob.h"
#include "sheaf/v1/executor.pb.h"
#include "worker/executor/job_kind.h"
#include "worker/spawner/command_start.h"

namespace sheaf::worker {

/// A command that has ended, with all that it wrote.
struct FinishedCommand {
  v1::CommandEnded end;
  Blob output;
  Blob errors;
  Duration wall{};
};

/// Reads what `command` writes until it has ended. What does not fit into memory goes to files in the context's scratch
/// directory. Errors: kStopped when the context asks for it, or the worker's lease is over, once the command is gone; kFailed
/// when what it writes cannot be kept, or the spawner is gone.
Result<FinishedCommand> finish_command(StartedCommand command, const JobContext& context);

}  // namespace sheaf::worker
