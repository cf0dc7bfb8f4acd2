#include "worker/ops/planes.h"

namespace sheaf::worker {

cv::Mat plane_of(const AVFrame& frame, const ops::PixelLayout& layout, int plane) {
  // A negative line size (bottom-up frames) is left to cv::Mat's own check: its step is unsigned and would not fit.
  return cv::Mat(layout.plane_height(plane, frame.height), layout.plane_width(plane, frame.width),
                 CV_8UC(layout.channels[static_cast<std::size_t>(plane)]), frame.data[plane],
                 static_cast<std::size_t>(frame.linesize[plane]));
}

bool is_limited_range(const AVFrame& frame, const ops::PixelLayout& layout) {
  if (layout.model == ops::ColorModel::kRgb || layout.name.starts_with("yuvj")) return false;
  if (layout.model == ops::ColorModel::kGray) return frame.color_range == AVCOL_RANGE_MPEG;
  return frame.color_range != AVCOL_RANGE_JPEG;
}

Status make_writable(AVFrame& frame) {
  if (const int error = av_frame_make_writable(&frame); error < 0) {
    return fail(ErrorCode::kFailed, "cannot copy a frame: " + media::av_error_text(error));
  }
  return {};
}

Result<media::FramePtr> new_frame(const AVFrame& like, int width, int height) {
  media::FramePtr frame = media::make_frame();
  frame->format = like.format;
  frame->width = width;
  frame->height = height;
  int error = av_frame_get_buffer(frame.get(), 0);
  if (error >= 0) error = av_frame_copy_props(frame.get(), &like);
  if (error < 0) return fail(ErrorCode::kFailed, "cannot make a frame: " + media::av_error_text(error));
  return frame;
}

}  // namespace sheaf::worker
