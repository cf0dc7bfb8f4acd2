#pragma once

/// AVFrame planes as OpenCV sees them.

#include <opencv2/core/mat.hpp>

#include "common/base/result.h"
#include "common/media/av.h"
#include "common/ops/pixel_layout.h"

namespace sheaf::worker {

/// One plane of `frame` as a matrix of height x width x channels, 8 bit, over the frame's own memory: nothing is copied, and
/// the frame must outlive the matrix. `layout` is the one of the frame's pixel format. Write only to a frame that is writable.
cv::Mat plane_of(const AVFrame& frame, const ops::PixelLayout& layout, int plane);

/// Whether samples of 16..235 mean black..white. YUV whose range is not said counts as limited, as every player takes it; gray
/// and the yuvj formats count as full.
bool is_limited_range(const AVFrame& frame, const ops::PixelLayout& layout);

/// Copies the frame's data if somebody else holds it too. Errors: kFailed when memory is short.
Status make_writable(AVFrame& frame);

/// A new frame of that size with the pixel format, pts and color tags of `like`; its samples are not set.
/// Errors: kFailed when memory is short.
Result<media::FramePtr> new_frame(const AVFrame& like, int width, int height);

}  // namespace sheaf::worker
