#include "stage/kinds.h"

#include "stage/video/video_stage.h"

namespace sheaf::stage {

Result<std::unique_ptr<StageKind>> make_kind(const v1::RunDescription& run, const KindOptions& options) {
  if (run.kind() == "video") {
    v1::VideoRequest request;
    if (!request.ParseFromString(run.request())) return fail(ErrorCode::kUsage, "the request for a video run cannot be read");
    return make_video_stage(request, StageOptions{.incarnation = options.incarnation, .scratch = options.scratch});
  }
  return fail(ErrorCode::kUsage, "this stage does not know the kind of run \"" + run.kind() + "\"");
}

}  // namespace sheaf::stage
