#include <opencv2/imgproc.hpp>
#include <utility>

#include "worker/ops/luma.h"
#include "worker/ops/ops.h"
#include "worker/ops/planes.h"

namespace sheaf::worker {

namespace {

/// Plane and channel of red, green or blue (0, 1, 2).
std::pair<int, int> place_of(const ops::PixelLayout& layout, std::size_t color) {
  return layout.planes == 1 ? std::pair(0, layout.rgb[color]) : std::pair(layout.rgb[color], 0);
}

class Gray : public FrameOp {
 public:
  explicit Gray(const ops::PixelLayout& layout) : layout_(layout) {}

 protected:
  Result<OpOutput> do_apply(OpInput input) override {
    if (Status status = make_writable(*input.frame); !status) return propagate(status);
    show_luma(luma_of(*input.frame, layout_), layout_, *input.frame);
    return OpOutput{std::move(input.frame), {}};
  }

 private:
  ops::PixelLayout layout_;
};

}  // namespace

cv::Mat luma_of(const AVFrame& frame, const ops::PixelLayout& layout) {
  if (layout.model != ops::ColorModel::kRgb) return plane_of(frame, layout, 0);
  // Put into one packed order first: cvtColor's fixed-point weights are then the same for every format.
  cv::Mat rgb(frame.height, frame.width, CV_8UC3);
  for (std::size_t color = 0; color < 3; ++color) {
    const auto [plane, channel] = place_of(layout, color);
    const int from_to[] = {channel, static_cast<int>(color)};
    const cv::Mat source = plane_of(frame, layout, plane);
    cv::mixChannels(&source, 1, &rgb, 1, from_to, 1);
  }
  cv::Mat luma;
  cv::cvtColor(rgb, luma, cv::COLOR_RGB2GRAY);
  return luma;
}

void show_luma(const cv::Mat& luma, const ops::PixelLayout& layout, AVFrame& frame) {
  if (layout.model != ops::ColorModel::kRgb) {
    cv::Mat first = plane_of(frame, layout, 0);
    if (luma.data != first.data) luma.copyTo(first);
    for (int plane = 1; plane < layout.planes; ++plane) plane_of(frame, layout, plane).setTo(cv::Scalar::all(kNeutralChroma));
    return;
  }
  for (int plane = 0; plane < layout.planes; ++plane) {
    cv::Mat target = plane_of(frame, layout, plane);
    if (target.channels() == 1) {
      luma.copyTo(target);
      continue;
    }
    if (target.channels() == 4) target.setTo(cv::Scalar::all(0));
    for (std::size_t color = 0; color < 3; ++color) {
      const int from_to[] = {0, layout.rgb[color]};
      cv::mixChannels(&luma, 1, &target, 1, from_to, 1);
    }
  }
}

std::unique_ptr<FrameOp> make_gray(const v1::OpCall&, const ops::PixelLayout& layout, const ops::Geometry&) {
  return std::make_unique<Gray>(layout);
}

}  // namespace sheaf::worker
