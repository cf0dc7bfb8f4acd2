#pragma once

#include "stage/stage_kind.h"

namespace sheaf::stage {

/// Descriptor of the file that holds the batch (BatchInput): too long for a message, perhaps, with all its ::: values. The one
/// behind the lifeline.
inline constexpr int kBatchInputFd = 4;

/// RunOpener of the kind "command". Errors: kInput for sources that cannot be opened; kUsage for a batch that cannot be read.
Result<OpenedRun> open_command_run(const v1::RunDescription& run, const StageOptions& options);

}  // namespace sheaf::stage
