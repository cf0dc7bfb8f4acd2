#pragma once

#include "common/base/result.h"
#include "common/runtime/fd.h"
#include "common/runtime/signals.h"
#include "sheaf/v1/executor.pb.h"
#include "stage/stage_kind.h"

namespace sheaf::stage {

/// Runs one stage until it is done or given up: one thread for the master's messages, which never waits for a file, and one for
/// the kind's work, which may. `make_kind` is called on the second, as everything of the kind is. Returns the exit code.
/// `lifeline`: closes when the parent is gone.
Result<int> run_stage(const v1::StageSetup& setup, const Fd& lifeline, SignalFd& signals, const KindMaker& make_kind);

}  // namespace sheaf::stage
