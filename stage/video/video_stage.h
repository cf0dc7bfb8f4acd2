#pragma once

#include <memory>

#include "common/base/result.h"
#include "stage/stage_kind.h"

namespace sheaf::stage {

/// One video in, one video out: `run.request` is a VideoRequest. Nothing is opened before plan(). Errors: kUsage when the
/// request lacks what it must have.
Result<std::unique_ptr<StageKind>> make_video_stage(const v1::RunDescription& run, const StageOptions& options);

}  // namespace sheaf::stage
