#include <opencv2/imgproc.hpp>
#include <optional>
#include <vector>

#include "common/base/check.h"
#include "common/ops/check.h"
#include "worker/ops/ops.h"
#include "worker/ops/planes.h"
#include "worker/ops/resampler.h"

namespace sheaf::worker {

namespace {

/// Nothing for nearest, which weighs nothing.
std::optional<Resampling> resampling_of(const std::string& method) {
  if (method == "nearest") return std::nullopt;
  if (method == "area") return Resampling::kArea;
  if (method == "linear") return Resampling::kLinear;
  if (method == "cubic") return Resampling::kCubic;
  if (method == "lanczos") return Resampling::kLanczos;
  SHEAF_CHECK(false);  // The catalogue has no other.
}

class Resize : public FrameOp {
 public:
  Resize(const ops::PixelLayout& layout, const ops::Geometry& out, std::optional<Resampling> resampling)
      : layout_(layout), out_(out), resampling_(resampling) {}

 protected:
  Result<OpOutput> do_apply(OpInput input) override {
    auto resized = new_frame(*input.frame, out_.width, out_.height);
    if (!resized) return propagate(resized);
    for (int plane = 0; plane < layout_.planes; ++plane) {
      const cv::Mat source = plane_of(*input.frame, layout_, plane);
      cv::Mat target = plane_of(**resized, layout_, plane);
      if (resampling_) {
        resampler(plane, source.size(), target.size()).apply(source, target);
      } else {
        cv::resize(source, target, target.size(), 0, 0, cv::INTER_NEAREST_EXACT);
      }
    }
    return OpOutput{std::move(*resized), {}};
  }

 private:
  /// Made from the first frame: all frames of a job have one size.
  Resampler& resampler(int plane, cv::Size in, cv::Size out) {
    if (resamplers_.size() <= static_cast<std::size_t>(plane)) resamplers_.emplace_back(*resampling_, in, out);
    return resamplers_[static_cast<std::size_t>(plane)];
  }

  ops::PixelLayout layout_;
  ops::Geometry out_;
  std::optional<Resampling> resampling_;
  std::vector<Resampler> resamplers_;  ///< One a plane.
};

}  // namespace

std::unique_ptr<FrameOp> make_resize(const v1::OpCall& call, const ops::PixelLayout& layout, const ops::Geometry& out) {
  return std::make_unique<Resize>(layout, out, resampling_of(ops::text_argument(call, "method")));
}

}  // namespace sheaf::worker
