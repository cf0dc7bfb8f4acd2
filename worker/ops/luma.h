#pragma once

#include <opencv2/core/mat.hpp>

#include "common/media/av.h"
#include "common/ops/pixel_layout.h"

namespace sheaf::worker {

inline constexpr int kNeutralChroma = 128;

/// The frame's brightness, 8 bit, one channel: plane 0 itself for YUV and gray (not a copy), 0.299 R + 0.587 G + 0.114 B for
/// RGB.
cv::Mat luma_of(const AVFrame& frame, const ops::PixelLayout& layout);

/// Makes the frame, which must be writable, show `luma` without color: into plane 0 and neutral chroma for YUV, into all three
/// channels for RGB. The unused byte of formats like bgr0 becomes 0. `luma` may be plane 0 of `frame`.
void show_luma(const cv::Mat& luma, const ops::PixelLayout& layout, AVFrame& frame);

}  // namespace sheaf::worker
