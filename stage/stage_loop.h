#pragma once

#include "common/base/result.h"
#include "common/runtime/fd.h"
#include "common/runtime/signals.h"
#include "sheaf/v1/executor.pb.h"
#include "stage/stage_kind.h"

namespace sheaf::stage {

/// Runs one stage until it is done or given up: one thread for the master's messages, which never waits for a file, one for the
/// source, which may wait for input, and one for the sink, which opens the run with `open_run`. Returns the exit code.
/// `lifeline`: closes when the parent is gone.
Result<int> run_stage(const v1::StageSetup& setup, const Fd& lifeline, SignalFd& signals, const RunOpener& open_run);

}  // namespace sheaf::stage
