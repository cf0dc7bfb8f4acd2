#pragma once

#include <memory>
#include <string>

#include "common/base/result.h"
#include "sheaf/v1/video.pb.h"
#include "stage/stage_kind.h"

namespace sheaf::stage {

/// What a stage tells its kind beside the request.
struct StageOptions {
  std::string incarnation;  ///< Of this life of the stage: part of the temporary output's name.
  std::string scratch;      ///< Directory for large payloads; a real disk.
};

/// One video in, one video out. Nothing is opened before plan(). Errors: kUsage when the request lacks what it must have.
Result<std::unique_ptr<StageKind>> make_video_stage(const v1::VideoRequest& request, StageOptions options);

}  // namespace sheaf::stage
