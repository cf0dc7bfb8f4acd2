#include <cmath>
#include <opencv2/imgproc.hpp>

#include "common/ops/check.h"
#include "worker/ops/ops.h"
#include "worker/ops/planes.h"

namespace sheaf::worker {

namespace {

/// Three sigma to each side: what lies beyond weighs less than half a level of 256. Ours and not OpenCV's choice, so that
/// another version of OpenCV cannot choose differently.
int kernel_size(double sigma) {
  return 2 * static_cast<int>(std::ceil(3 * sigma)) + 1;
}

class Blur : public FrameOp {
 public:
  Blur(const ops::PixelLayout& layout, double sigma) : layout_(layout), sigma_(sigma) {}

 protected:
  Result<OpOutput> do_apply(OpInput input) override {
    auto blurred = new_frame(*input.frame, input.frame->width, input.frame->height);
    if (!blurred) return propagate(blurred);
    for (int plane = 0; plane < layout_.planes; ++plane) {
      const bool chroma = plane > 0 && layout_.model == ops::ColorModel::kYuv;
      const double sigma_x = chroma ? sigma_ / (1 << layout_.chroma_shift_x) : sigma_;
      const double sigma_y = chroma ? sigma_ / (1 << layout_.chroma_shift_y) : sigma_;
      cv::Mat target = plane_of(**blurred, layout_, plane);
      cv::GaussianBlur(plane_of(*input.frame, layout_, plane), target, {kernel_size(sigma_x), kernel_size(sigma_y)}, sigma_x,
                       sigma_y, cv::BORDER_REPLICATE);
    }
    return OpOutput{std::move(*blurred), {}};
  }

 private:
  ops::PixelLayout layout_;
  double sigma_;  ///< Pixels of plane 0.
};

}  // namespace

std::unique_ptr<FrameOp> make_blur(const v1::OpCall& call, const ops::PixelLayout& layout, const ops::Geometry&) {
  return std::make_unique<Blur>(layout, ops::number_argument(call, "sigma"));
}

}  // namespace sheaf::worker
