#include <vector>

#include "common/ops/check.h"
#include "worker/ops/gaussian.h"
#include "worker/ops/ops.h"
#include "worker/ops/planes.h"

namespace sheaf::worker {

namespace {

class Blur : public FrameOp {
 public:
  Blur(const ops::PixelLayout& layout, double sigma) : layout_(layout) {
    for (int plane = 0; plane < layout.planes; ++plane) {
      const bool chroma = plane > 0 && layout.model == ops::ColorModel::kYuv;
      gaussians_.emplace_back(chroma ? sigma / (1 << layout.chroma_shift_x) : sigma,
                              chroma ? sigma / (1 << layout.chroma_shift_y) : sigma);
    }
  }

 protected:
  Result<OpOutput> do_apply(OpInput input) override {
    auto blurred = new_frame(*input.frame, input.frame->width, input.frame->height);
    if (!blurred) return propagate(blurred);
    for (int plane = 0; plane < layout_.planes; ++plane) {
      cv::Mat target = plane_of(**blurred, layout_, plane);
      gaussians_[static_cast<std::size_t>(plane)].apply(plane_of(*input.frame, layout_, plane), target);
    }
    return OpOutput{std::move(*blurred), {}};
  }

 private:
  ops::PixelLayout layout_;
  std::vector<Gaussian> gaussians_;  ///< One a plane.
};

}  // namespace

std::unique_ptr<FrameOp> make_blur(const v1::OpCall& call, const ops::PixelLayout& layout, const ops::Geometry&) {
  return std::make_unique<Blur>(layout, ops::number_argument(call, "sigma"));
}

}  // namespace sheaf::worker
