#pragma once

#include <memory>

#include "common/local/local_stream.h"
#include "common/runtime/task_threads.h"
#include "worker/core/actions.h"

namespace sheaf::worker {

/// An ExecutorDone whose payload lies in a file.
struct UnreadResult {
  ExecutorId executor;
  local::LocalFrame frame;
};

struct ReadResult {
  ExecutorId executor;
  local::LocalFrame frame;  ///< The ExecutorDone, without its file.
  Result<Blob> payload;
};

/// A thread that reads large results once, to learn their digest: gigabytes from a disk, while the link has to keep up its
/// heartbeats. It has never more of them than the worker has slots.
using PayloadReader = TaskThreads<UnreadResult, ReadResult>;

/// Errors: as TaskThreads::make().
Result<std::unique_ptr<PayloadReader>> make_payload_reader();

}  // namespace sheaf::worker
