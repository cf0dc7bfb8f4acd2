#include "worker/ops/resampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <opencv2/core/utility.hpp>
#include <string>
#include <vector>

namespace sheaf::worker {
namespace {

constexpr Resampling kMethods[] = {Resampling::kArea, Resampling::kLinear, Resampling::kCubic, Resampling::kLanczos};

double sinc(double x) {
  return x == 0 ? 1 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x);
}

/// The formulas of resampling_axis.h.
double kernel(Resampling method, double distance) {
  const double d = std::abs(distance);
  switch (method) {
    case Resampling::kArea: break;
    case Resampling::kLinear: return std::max(0.0, 1 - d);
    case Resampling::kCubic:
      if (d < 1) return 1.5 * d * d * d - 2.5 * d * d + 1;
      return d < 2 ? -0.5 * d * d * d + 2.5 * d * d - 4 * d + 2 : 0;
    case Resampling::kLanczos: return d < 3 ? sinc(d) * sinc(d / 3) : 0;
  }
  return 0;
}

/// What each sample of the input counts in sample x of the output.
std::vector<double> exact_weights(Resampling method, int x, int in, int out) {
  const double ratio = static_cast<double>(in) / out;
  const double scale = std::max(1.0, ratio);
  std::vector<double> weights(static_cast<std::size_t>(in));
  double sum = 0;
  const int beyond = static_cast<int>(std::ceil(4 * scale)) + 1;
  for (int i = -beyond; i < in + beyond; ++i) {
    const double weight = method == Resampling::kArea
                              ? std::max(0.0, std::min((x + 1) * ratio, i + 1.0) - std::max(x * ratio, static_cast<double>(i)))
                              : kernel(method, (i - ((x + 0.5) * ratio - 0.5)) / scale);
    weights[static_cast<std::size_t>(std::clamp(i, 0, in - 1))] += weight;
    sum += weight;
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

std::vector<double> exact(const cv::Mat& in, Resampling method, cv::Size size, int channel) {
  std::vector<std::vector<double>> across, down;
  for (int x = 0; x < size.width; ++x) across.push_back(exact_weights(method, x, in.cols, size.width));
  for (int y = 0; y < size.height; ++y) down.push_back(exact_weights(method, y, in.rows, size.height));
  std::vector<double> rows(static_cast<std::size_t>(in.rows * size.width));
  for (int y = 0; y < in.rows; ++y) {
    for (int x = 0; x < size.width; ++x) {
      for (int i = 0; i < in.cols; ++i) {
        rows[static_cast<std::size_t>(y * size.width + x)] +=
            across[static_cast<std::size_t>(x)][static_cast<std::size_t>(i)] * in.ptr(y)[i * in.channels() + channel];
      }
    }
  }
  std::vector<double> both;
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      double sum = 0;
      for (int i = 0; i < in.rows; ++i) {
        sum +=
            down[static_cast<std::size_t>(y)][static_cast<std::size_t>(i)] * rows[static_cast<std::size_t>(i * size.width + x)];
      }
      both.push_back(std::clamp(sum, 0.0, 255.0));
    }
  }
  return both;
}

cv::Mat noise(cv::Size size, int channels, bool black_and_white) {
  cv::Mat plane(size, CV_8UC(channels));
  std::uint32_t state = 7;
  for (int y = 0; y < plane.rows; ++y) {
    for (int x = 0; x < plane.cols * channels; ++x) {
      state = state * 1664525U + 1013904223U;
      const auto sample = static_cast<std::uint8_t>(state >> 24);
      plane.ptr(y)[x] = black_and_white ? (sample < 128 ? 0 : 255) : sample;
    }
  }
  return plane;
}

cv::Mat resampled(const cv::Mat& in, Resampling method, cv::Size size) {
  cv::Mat out(size, in.type());
  Resampler(method, in.size(), size).apply(in, out);
  return out;
}

/// With the widest vectors of this processor, and with those that every processor has.
class ResamplerTest : public testing::TestWithParam<bool> {
 protected:
  ResamplerTest() { cv::setUseOptimized(GetParam()); }
  ~ResamplerTest() override { cv::setUseOptimized(true); }
};

TEST_P(ResamplerTest, EverySampleIsWithinOneOfTheFormula) {
  const std::pair<cv::Size, cv::Size> cases[] = {
      {{64, 48}, {32, 24}}, {{64, 48}, {128, 96}}, {{53, 41}, {67, 29}}, {{37, 70}, {5, 3}},   {{5, 3}, {37, 70}},
      {{1, 1}, {20, 9}},    {{2, 1}, {1, 2}},      {{90, 60}, {7, 60}},  {{40, 40}, {40, 40}}, {{128, 2}, {20, 2}},
  };
  for (const auto& [in_size, out_size] : cases) {
    for (const Resampling method : kMethods) {
      for (const int channels : {1, 3, 4}) {
        for (const bool black_and_white : {false, true}) {
          const cv::Mat in = noise(in_size, channels, black_and_white);
          const cv::Mat out = resampled(in, method, out_size);
          for (int channel = 0; channel < channels; ++channel) {
            const std::vector<double> wanted = exact(in, method, out_size, channel);
            for (int i = 0; i < out_size.area(); ++i) {
              const int x = i % out_size.width;
              const int y = i / out_size.width;
              ASSERT_NEAR(out.ptr(y)[x * channels + channel], wanted[static_cast<std::size_t>(i)], 0.75)
                  << in_size << " to " << out_size << ", method " << static_cast<int>(method) << ", at " << x << " " << y;
            }
          }
        }
      }
    }
  }
}

TEST_P(ResamplerTest, TheSameSizeChangesNothing) {
  const cv::Mat in = noise({45, 31}, 3, false);
  for (const Resampling method : kMethods) EXPECT_EQ(cv::norm(in, resampled(in, method, in.size()), cv::NORM_INF), 0);
}

TEST_P(ResamplerTest, AFlatPlaneStaysFlat) {
  for (const int level : {0, 1, 128, 255}) {
    const cv::Mat in(33, 57, CV_8UC1, cv::Scalar::all(level));
    for (const Resampling method : kMethods) {
      for (const cv::Size size : {cv::Size(20, 11), cv::Size(100, 90), cv::Size(1, 1), cv::Size(300, 2)}) {
        const cv::Mat out = resampled(in, method, size);
        EXPECT_EQ(cv::countNonZero(out != level), 0) << level << " " << size;
      }
    }
  }
}

TEST_P(ResamplerTest, TheWorstPictureForLanczosIsCutOffAndDoesNotWrapAround) {
  // White where the weight of the sample in the middle is over 0, and the opposite: as far beyond 0 and 255 as it goes.
  for (const int size : {3, 9, 24}) {
    const std::vector<double> weights = exact_weights(Resampling::kLanczos, size / 2, 97, size);
    for (const bool white : {false, true}) {
      cv::Mat1b in(97, 97);
      for (int y = 0; y < in.rows; ++y) {
        for (int x = 0; x < in.cols; ++x) {
          const bool over = weights[static_cast<std::size_t>(x)] * weights[static_cast<std::size_t>(y)] > 0;
          in(y, x) = over == white ? 255 : 0;
        }
      }
      EXPECT_EQ(resampled(in, Resampling::kLanczos, {size, size}).at<std::uint8_t>(size / 2, size / 2), white ? 255 : 0);
    }
  }
}

TEST_P(ResamplerTest, OneObjectScalesOnePlaneAfterTheOther) {
  Resampler resampler(Resampling::kCubic, {40, 30}, {23, 61});
  const cv::Mat first = noise({40, 30}, 1, false);
  const cv::Mat second = noise({40, 30}, 1, true);
  cv::Mat out(61, 23, CV_8UC1);
  resampler.apply(first, out);
  resampler.apply(second, out);
  EXPECT_EQ(cv::norm(out, resampled(second, Resampling::kCubic, {23, 61}), cv::NORM_INF), 0);
}

INSTANTIATE_TEST_SUITE_P(Vectors, ResamplerTest, testing::Bool(),
                         [](const auto& tested) { return tested.param ? "Widest" : "Everywhere"; });

}  // namespace
}  // namespace sheaf::worker
