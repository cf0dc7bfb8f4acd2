#pragma once

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <vector>

#include "worker/ops/resampling_axis.h"
#include "worker/ops/weighted_sums.h"

namespace sheaf::worker {

/// Scales 8-bit planes from one size to another: every sample within 1 of what the formula gives, the same bytes on every
/// processor. Beyond the border the edge repeats.
///
/// Not thread-safe: it keeps its memory from one plane to the next.
class Resampler {
 public:
  Resampler(Resampling method, cv::Size in, cv::Size out);

  /// `in` and `out` have the sizes that were given, 8 bit with any number of channels, and do not overlap.
  void apply(const cv::Mat& in, cv::Mat& out);

 private:
  /// Row `y` of the input, which may lie outside, in the new width.
  const std::int16_t* widened_row(const cv::Mat& in, int y);
  void widen_row(const std::uint8_t* row, int channels, std::int16_t* out);

  cv::Size in_;
  cv::Size out_;
  SampleTaps x_;
  std::vector<Taps> y_;
  int rows_made_ = 0;
  cv::Mat1s rows_;                     ///< Row y of the input, in the new width, at y modulo their number.
  std::vector<std::uint8_t> line_;     ///< One channel of a row, with what lies outside.
  std::vector<std::int16_t> channel_;  ///< One channel of a row, in the new width.
  std::vector<const std::int16_t*> from_;
};

}  // namespace sheaf::worker
