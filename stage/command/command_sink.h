#pragma once

#include <memory>

#include "sheaf/v1/command.pb.h"
#include "stage/command/batch_progress.h"
#include "stage/stage_kind.h"

namespace sheaf::stage {

/// Writes what each command wrote: one item's stdout, then its stderr, then the next item's. Counts those that failed.
/// Errors: kFailed when the process has no descriptors left.
Result<std::unique_ptr<ResultSink>> make_command_sink(const v1::CommandSetup& setup, std::shared_ptr<BatchProgress> progress);

}  // namespace sheaf::stage
