#pragma once

#include <memory>

#include "worker/executor/job_kind.h"
#include "worker/spawner/command_start.h"

namespace sheaf::worker {

/// The kind "command": a job is an item of a batch, its result what the command wrote and how it ended
/// (sheaf/v1/command.proto). A command that fails, or cannot be started, is a result like any other.
std::unique_ptr<JobKind> make_command_kind(std::unique_ptr<CommandStart> spawner);

}  // namespace sheaf::worker
