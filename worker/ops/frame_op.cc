#include "worker/ops/frame_op.h"

#include <new>
#include <opencv2/core.hpp>

namespace sheaf::worker {

Result<OpOutput> FrameOp::apply(OpInput input) {
  try {
    return do_apply(std::move(input));
  } catch (const cv::Exception& exception) {
    return fail(ErrorCode::kFailed, "OpenCV: " + exception.err);
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::kFailed, "out of memory");
  }
}

}  // namespace sheaf::worker
