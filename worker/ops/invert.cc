#include <opencv2/core.hpp>

#include "worker/ops/ops.h"
#include "worker/ops/planes.h"

namespace sheaf::worker {

namespace {

/// sum - x, cut off at 0 and 255, for every x.
cv::Mat mirrored(int sum) {
  cv::Mat table(1, 256, CV_8U);
  for (int x = 0; x < 256; ++x) table.at<uchar>(x) = cv::saturate_cast<uchar>(sum - x);
  return table;
}

class Invert : public FrameOp {
 public:
  explicit Invert(const ops::PixelLayout& layout) : layout_(layout) {}

 protected:
  Result<OpOutput> do_apply(OpInput input) override {
    AVFrame& frame = *input.frame;
    if (Status status = make_writable(frame); !status) return propagate(status);
    const cv::Mat& luma = is_limited_range(frame, layout_) ? limited_ : full_;
    for (int plane = 0; plane < layout_.planes; ++plane) {
      cv::Mat target = plane_of(frame, layout_, plane);
      cv::LUT(target, plane > 0 && layout_.model == ops::ColorModel::kYuv ? chroma_ : luma, target);
    }
    return OpOutput{std::move(input.frame), {}};
  }

 private:
  ops::PixelLayout layout_;
  cv::Mat full_ = mirrored(255);
  cv::Mat limited_ = mirrored(16 + 235);
  cv::Mat chroma_ = mirrored(2 * 128);
};

}  // namespace

std::unique_ptr<FrameOp> make_invert(const v1::OpCall&, const ops::PixelLayout& layout, const ops::Geometry&) {
  return std::make_unique<Invert>(layout);
}

}  // namespace sheaf::worker
