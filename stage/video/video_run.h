#pragma once

#include "common/base/result.h"
#include "stage/stage_kind.h"

namespace sheaf::stage {

/// One video in, one video out: `run.request` is a VideoRequest. The RunOpener of the kind "video".
Result<OpenedRun> open_video_run(const v1::RunDescription& run, const StageOptions& options);

}  // namespace sheaf::stage
