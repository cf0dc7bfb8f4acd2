#include "worker/ops/gaussian.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <opencv2/core.hpp>

#include "tests/unit/exact_gaussian.h"

namespace sheaf::worker {
namespace {

/// What each sample counts for the sample `phase` after one that is a whole number of steps away, by distance from that.
std::map<int, double> weights_of(const GaussianAxis& axis, int phase) {
  const auto weight = [](const SymmetricTaps& taps, int k) {
    return std::ldexp(taps.weights[static_cast<std::size_t>(std::abs(k))] * (k == 0 ? 2 : 1), -taps.bits);
  };
  const SymmetricTaps& narrow = axis.narrow;
  const SymmetricTaps& smooth = axis.smooth;
  std::map<int, double> found;
  if (axis.step == 1) {
    for (int n = -narrow.reach; n <= narrow.reach; ++n) found[n] += weight(narrow, n);
    return found;
  }
  const Taps& widen = axis.widen[static_cast<std::size_t>(phase)];
  for (std::size_t w = 0; w < widen.weights.size(); ++w) {
    for (int s = -smooth.reach; s <= smooth.reach; ++s) {
      for (int n = -narrow.reach; n <= narrow.reach; ++n) {
        const int smoothed = widen.first + static_cast<int>(w);
        found[(smoothed + s) * axis.step + n - phase] +=
            std::ldexp(widen.weights[w], -widen.bits) * weight(smooth, s) * weight(narrow, n);
      }
    }
  }
  return found;
}

TEST(GaussianAxisTest, IsWithinAFifthOfALevelWhateverTheSamplesAre) {
  // The worst samples there can be are 255 where a weight is too large and 0 where it is too small. Both sets of weights have
  // the sum 1, so that they are off by half of the sum of all differences.
  for (double sigma = 0.05; sigma <= 100; sigma *= 1.07) {
    const GaussianAxis axis = make_gaussian_axis(sigma);
    const int reach = static_cast<int>(std::ceil(8 * sigma)) + 4;
    const std::vector<double> exact = test::exact_gaussian_weights(sigma, reach);
    for (int phase = 0; phase < axis.step; ++phase) {
      std::map<int, double> difference = weights_of(axis, phase);
      for (int x = -reach; x <= reach; ++x) difference[x] -= exact[static_cast<std::size_t>(x + reach)];
      double sum = 0;
      for (const auto& [x, value] : difference) sum += std::abs(value);
      EXPECT_LE(255 * sum / 2, 0.2) << "sigma " << sigma << " step " << axis.step << " phase " << phase;
    }
  }
}

TEST(GaussianAxisTest, WeightsAddUpToOneExactly) {
  for (double sigma = 0.05; sigma <= 100; sigma *= 1.3) {
    const GaussianAxis axis = make_gaussian_axis(sigma);
    const auto sum_of = [](const std::vector<std::int16_t>& weights) {
      return std::accumulate(weights.begin(), weights.end(), 0);
    };
    EXPECT_EQ(2 * sum_of(axis.narrow.weights), 1 << axis.narrow.bits) << sigma;
    if (axis.step == 1) continue;
    EXPECT_EQ(2 * sum_of(axis.smooth.weights), 1 << axis.smooth.bits) << sigma;
    for (const Taps& taps : axis.widen) EXPECT_EQ(sum_of(taps.weights), 1 << taps.bits) << sigma;
  }
}

/// The largest difference of the blur of a plane from the formula.
double worst_difference(int width, int height, int channels, double sigma_x, double sigma_y,
                        const std::function<int(int x, int y, int channel)>& sample) {
  cv::Mat in(height, width, CV_8UC(channels));
  cv::Mat out(height, width, CV_8UC(channels));
  const auto at = [channels](cv::Mat& plane, int x, int y, int channel) -> std::uint8_t& {
    return plane.ptr(y)[x * channels + channel];
  };
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) at(in, x, y, c) = static_cast<std::uint8_t>(sample(x, y, c));
    }
  }
  Gaussian(sigma_x, sigma_y).apply(in, out);
  double worst = 0;
  for (int c = 0; c < channels; ++c) {
    const std::vector<double> exact =
        test::exact_gaussian(width, height, sigma_x, sigma_y, [&](int x, int y) { return at(in, x, y, c); });
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        worst = std::max(worst, std::abs(at(out, x, y, c) - exact[static_cast<std::size_t>(y * width + x)]));
      }
    }
  }
  return worst;
}

int noise(int x, int y, int channel) {
  std::uint32_t hash = static_cast<std::uint32_t>(x) * 73856093U ^ static_cast<std::uint32_t>(y) * 19349663U ^
                       static_cast<std::uint32_t>(channel) * 83492791U;
  hash = (hash ^ hash >> 13) * 0x5bd1e995U;
  return static_cast<int>(hash >> 24);
}

// Sigmas on both sides of where the number of steps changes; sizes that are odd, of one row, of one column, of one sample, and
// smaller than the kernel.
constexpr double kSigmas[] = {0.1, 0.3, 0.7, 1.0, 1.7, 2.5, 3.4, 3.49, 3.5, 5.2, 5.3, 8, 13.3, 20, 50};
constexpr std::pair<int, int> kSizes[] = {{1, 1}, {1, 37}, {37, 1}, {2, 3}, {7, 5}, {16, 16}, {17, 33}, {53, 39}, {100, 8}};

TEST(GaussianTest, EverySampleIsWithinOneOfTheFormula) {
  const auto black_or_white = [](int x, int y, int channel) { return noise(x, y, channel) < 128 ? 0 : 255; };
  const auto squares = [](int x, int y, int) { return (x / 5 + y / 5) % 2 * 255; };
  const auto stripes = [](int x, int y, int) { return (x + y) % 2 * 255; };  // What every second sample alone does not see.
  for (const double sigma : kSigmas) {
    for (const auto& [width, height] : kSizes) {
      for (const std::function<int(int, int, int)>& sample :
           {std::function<int(int, int, int)>(noise), {black_or_white}, {squares}, {stripes}}) {
        EXPECT_LE(worst_difference(width, height, 1, sigma, sigma, sample), 1) << sigma << " " << width << "x" << height;
      }
    }
  }
}

TEST(GaussianTest, TheAxesAreIndependent) {
  for (const double sigma_x : {0.3, 3.0, 9.0}) {
    for (const double sigma_y : {0.3, 3.0, 9.0}) {
      EXPECT_LE(worst_difference(41, 29, 1, sigma_x, sigma_y, noise), 1) << sigma_x << " " << sigma_y;
    }
  }
}

TEST(GaussianTest, ChannelsAreNotMixed) {
  for (const int channels : {2, 3, 4}) {
    for (const double sigma : {0.3, 2.0, 4.0, 20.0}) {
      for (const auto& [width, height] : kSizes) {
        EXPECT_LE(worst_difference(width, height, channels, sigma, sigma, noise), 1)
            << channels << " " << sigma << " " << width;
      }
    }
  }
}

TEST(GaussianTest, OneObjectBlursPlanesOfAnySize) {
  // What it keeps from one plane must not show in the next.
  Gaussian gaussian(4, 9);
  for (const int size : {60, 3, 31}) {
    cv::Mat in(size, size, CV_8U);
    for (int y = 0; y < size; ++y) {
      for (int x = 0; x < size; ++x) in.at<std::uint8_t>(y, x) = static_cast<std::uint8_t>(noise(x, y, 0));
    }
    cv::Mat out(size, size, CV_8U);
    cv::Mat fresh(size, size, CV_8U);
    gaussian.apply(in, out);
    Gaussian(4, 9).apply(in, fresh);
    EXPECT_EQ(cv::norm(out, fresh, cv::NORM_INF), 0) << size;
  }
}

TEST(GaussianTest, AFlatPlaneStaysAsItIs) {
  for (const double sigma : kSigmas) {
    for (const int level : {0, 1, 77, 254, 255}) {
      cv::Mat out(30, 45, CV_8U);
      Gaussian(sigma, sigma).apply(cv::Mat(30, 45, CV_8U, cv::Scalar(level)), out);
      EXPECT_EQ(cv::norm(out, cv::Mat(30, 45, CV_8U, cv::Scalar(level)), cv::NORM_INF), 0) << sigma << " " << level;
    }
  }
}

}  // namespace
}  // namespace sheaf::worker
