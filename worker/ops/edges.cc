#include <opencv2/imgproc.hpp>

#include "common/ops/check.h"
#include "worker/ops/luma.h"
#include "worker/ops/ops.h"
#include "worker/ops/planes.h"

namespace sheaf::worker {

namespace {

class Edges : public FrameOp {
 public:
  Edges(const ops::PixelLayout& layout, double low, double high) : layout_(layout), low_(low), high_(high) {}

 protected:
  Result<OpOutput> do_apply(OpInput input) override {
    AVFrame& frame = *input.frame;
    cv::Mat edges;  // 255 on edges, 0 elsewhere.
    cv::Canny(luma_of(frame, layout_), edges, low_, high_, 3, false);
    if (is_limited_range(frame, layout_)) {
      cv::Mat in_range(edges.size(), edges.type(), cv::Scalar::all(kLimitedBlack));
      in_range.setTo(cv::Scalar::all(kLimitedWhite), edges);
      edges = in_range;
    }
    if (Status status = make_writable(frame); !status) return propagate(status);
    show_luma(edges, layout_, frame);
    return OpOutput{std::move(input.frame), {}};
  }

 private:
  static constexpr int kLimitedBlack = 16;
  static constexpr int kLimitedWhite = 235;

  ops::PixelLayout layout_;
  double low_;
  double high_;
};

}  // namespace

std::unique_ptr<FrameOp> make_edges(const v1::OpCall& call, const ops::PixelLayout& layout, const ops::Geometry&) {
  return std::make_unique<Edges>(layout, ops::number_argument(call, "low"), ops::number_argument(call, "high"));
}

}  // namespace sheaf::worker
