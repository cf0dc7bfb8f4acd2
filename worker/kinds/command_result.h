#pragma once

#include <string>

#include "common/base/result.h"
#include "sheaf/v1/command.pb.h"
#include "worker/core/job_output.h"
#include "worker/kinds/finished_command.h"

namespace sheaf::worker {

/// What is to be said of how a command ended. `program`: what was to be started.
v1::CommandResult result_of(const v1::CommandEnded& end, const std::string& program);

/// What the stage is given: what was written, and `result` behind it. Errors: kFailed when the disk is full.
Result<JobOutput> output_of(FinishedCommand command, v1::CommandResult result);

}  // namespace sheaf::worker
