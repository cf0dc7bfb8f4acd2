#pragma once

#include <memory>

#include "common/runtime/task_threads.h"
#include "worker/core/actions.h"

namespace sheaf::worker {

struct KeptPart {
  std::uint64_t number = 0;
  Attempt attempt;
  Result<Blob> payload;
};

/// A thread that writes what comes of large payloads: a disk may stand still for longer than the master waits for a heartbeat.
/// It has one part under way for each job that is being received, and those of links that have broken meanwhile.
using PartWriter = TaskThreads<KeepPart, KeptPart>;

/// Errors: as TaskThreads::make().
Result<std::unique_ptr<PartWriter>> make_part_writer();

}  // namespace sheaf::worker
