#pragma once

#include <memory>
#include <string>

#include "worker/executor/job_kind.h"

namespace sheaf::worker {

/// Opens a run from a serialized VideoSetup, which comes from the network: every part of it is tried before any job is taken.
/// Errors: kUsage for what this worker cannot do, kFailed for a setup that is not well formed.
Result<std::unique_ptr<RunContext>> open_video_run(const std::string& setup);

}  // namespace sheaf::worker
