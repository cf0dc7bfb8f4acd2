#include <opencv2/imgproc.hpp>

#include "common/base/check.h"
#include "common/ops/check.h"
#include "worker/ops/ops.h"
#include "worker/ops/planes.h"

namespace sheaf::worker {

namespace {

int interpolation_of(const std::string& method) {
  if (method == "nearest") return cv::INTER_NEAREST;
  if (method == "area") return cv::INTER_AREA;
  if (method == "linear") return cv::INTER_LINEAR_EXACT;  // The same on every processor.
  if (method == "cubic") return cv::INTER_CUBIC;
  if (method == "lanczos") return cv::INTER_LANCZOS4;
  SHEAF_CHECK(false);  // The catalogue has no other.
}

class Resize : public FrameOp {
 public:
  Resize(const ops::PixelLayout& layout, const ops::Geometry& out, int interpolation)
      : layout_(layout), out_(out), interpolation_(interpolation) {}

 protected:
  Result<OpOutput> do_apply(OpInput input) override {
    auto resized = new_frame(*input.frame, out_.width, out_.height);
    if (!resized) return propagate(resized);
    for (int plane = 0; plane < layout_.planes; ++plane) {
      cv::Mat target = plane_of(**resized, layout_, plane);
      cv::resize(plane_of(*input.frame, layout_, plane), target, target.size(), 0, 0, interpolation_);
    }
    return OpOutput{std::move(*resized), {}};
  }

 private:
  ops::PixelLayout layout_;
  ops::Geometry out_;
  int interpolation_;
};

}  // namespace

std::unique_ptr<FrameOp> make_resize(const v1::OpCall& call, const ops::PixelLayout& layout, const ops::Geometry& out) {
  return std::make_unique<Resize>(layout, out, interpolation_of(ops::text_argument(call, "method")));
}

}  // namespace sheaf::worker
