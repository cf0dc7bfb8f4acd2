#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/media/av.h"

struct SwsContext;

namespace sheaf::media {

/// The pixel formats that hold exactly the samples of `source` in another arrangement, best first: nv12 for yuv420p, bgr0 for
/// rgb24. Only 8-bit formats; nothing is resampled, no matrix applied.
std::vector<std::string> equivalent_pixel_formats(const std::string& source);

/// Puts frames into another pixel format of the same size, with swscale in its reproducible mode (accurate_rnd + bitexact), the
/// frame's own matrix, and no change of range. Between formats that are equivalent not a sample changes.
///
/// Not thread-safe; one per job.
class Converter {
 public:
  /// `pixel_format`: libavutil's name. Errors: kUsage if there is none of that name or swscale cannot write it.
  static Result<Converter> open(const std::string& pixel_format);

  /// `frame` in the other format: `frame` itself if it has that format already. Time stamps and color tags go along.
  /// Errors: kFailed if swscale refuses the frame.
  Result<FramePtr> convert(FramePtr frame);

 private:
  struct ScalerDeleter {
    void operator()(SwsContext* scaler) const;
  };

  explicit Converter(AVPixelFormat format) : format_(format) {}
  Status set_up(const AVFrame& frame);

  AVPixelFormat format_;
  // The scaler of the last frame; frames of one job differ only if the stream changes.
  std::unique_ptr<SwsContext, ScalerDeleter> scaler_;
  int source_format_ = AV_PIX_FMT_NONE;
  int width_ = 0;
  int height_ = 0;
  int color_space_ = -1;
  int color_range_ = -1;
};

}  // namespace sheaf::media
