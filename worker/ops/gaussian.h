#pragma once

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <vector>

#include "worker/ops/gaussian_axis.h"

namespace sheaf::worker {

/// A Gaussian blur of 8-bit planes: every sample within 1 of the exact one, the same bytes on every processor, at a cost that
/// hardly depends on sigma. Beyond the border the edge repeats.
///
/// Not thread-safe: it keeps its memory from one plane to the next.
class Gaussian {
 public:
  /// Sigmas in samples of the plane, over 0.
  Gaussian(double sigma_x, double sigma_y);

  /// Blurs `in`, 8 bit with any number of channels, into `out`, which has the same size and type and does not overlap.
  void apply(const cv::Mat& in, cv::Mat& out);

 private:
  /// Samples in units of 2^-kFraction levels.
  using Samples = std::vector<std::int16_t>;

  /// Row `y` of what narrowing the columns of `in` gives, at `out`. Rows outside count too.
  void narrow_column(const cv::Mat& in, int y, std::int16_t* out);
  void apply_in_steps(const cv::Mat& in, cv::Mat& out);
  /// All of the horizontal axis, on one row of `width` pixels of `channels` samples.
  template <typename Out>
  void blur_row(const std::int16_t* row, int width, int channels, Out* out);
  void split_phases(const std::int16_t* row, int width, int channels);
  template <typename Out>
  void widen_row(int width, int channels, Out* out);

  GaussianAxis x_;
  GaussianAxis y_;
  Samples line_;
  Samples narrowed_;  ///< Rows that are a step apart.
  Samples smoothed_;
  std::vector<Samples> phases_;  ///< A row, one part by the remainder of x divided by the step.
  Samples narrowed_row_;
  Samples smoothed_row_;
  std::vector<std::uint8_t> widened_u8_;
  Samples widened_s16_;
  std::vector<const std::uint8_t*> plane_rows_;
  std::vector<const std::int16_t*> rows_;
};

}  // namespace sheaf::worker
