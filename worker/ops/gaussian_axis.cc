#include "worker/ops/gaussian_axis.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sheaf::worker {

namespace {

/// Sigma in samples that are a step apart, at least: below it the steps would show. Chosen so that the kernel is within its
/// bound; at 1.5 it would be off by 0.3 levels.
constexpr double kSigmaPerStepMin = 1.75;
/// How far a Gaussian reaches, in sigmas: what lies beyond weighs less than 0.0005.
constexpr double kReach = 3.5;
constexpr int kBoxes = 4;

SymmetricTaps sampled_gaussian(double sigma) {
  std::vector<double> weights;
  for (int x = 0; x <= std::ceil(kReach * sigma); ++x) weights.push_back(std::exp(-x * x / (2 * sigma * sigma)));
  return make_symmetric_taps(weights);
}

/// Four boxes of `step` samples on each other: 4 * step - 3 weights, whose sum is 1.
std::vector<double> spline(int step) {
  std::vector<double> weights = {1.0};
  for (int box = 0; box < kBoxes; ++box) {
    std::vector<double> wider(weights.size() + static_cast<std::size_t>(step) - 1);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      for (int k = 0; k < step; ++k) wider[i + static_cast<std::size_t>(k)] += weights[i] / step;
    }
    weights = wider;
  }
  return weights;
}

/// What two splines leave to a Gaussian of `sigma` samples: the inverse Fourier transform of exp(-sigma^2 w^2 / 2) / B(w)^8,
/// where B(w) is the frequency response of one box, on the samples that are a step apart.
SymmetricTaps smoothing(double sigma, int step) {
  constexpr int kPoints = 128;  // Of the midpoint rule, which for a smooth periodic function is exact with far fewer.
  const double narrow_sigma = sigma / step;
  const double left_sigma = std::sqrt(narrow_sigma * narrow_sigma - 2.0 * kBoxes / 12);
  std::vector<double> weights;
  for (int m = 0; m <= std::ceil(kReach * left_sigma); ++m) {
    double sum = 0;
    for (int point = 0; point < kPoints; ++point) {
      const double w = (point + 0.5) * std::numbers::pi / kPoints;
      const double box = std::sin(w / 2) / (step * std::sin(w / 2 / step));
      sum += std::cos(m * w) * std::exp(-narrow_sigma * narrow_sigma * w * w / 2) / std::pow(box, 2 * kBoxes);
    }
    weights.push_back(sum / kPoints);
  }
  return make_symmetric_taps(weights);
}

/// Of the spline around each of the samples that are a step apart, what reaches the p-th sample after one of them.
Taps widening(const std::vector<double>& weights, int step, int p) {
  const int reach = static_cast<int>(weights.size()) / 2;
  const int first = -((reach - p) / step);
  std::vector<double> found;
  for (int i = first; std::abs(p - i * step) <= reach; ++i) {
    found.push_back(step * weights[static_cast<std::size_t>(p - i * step + reach)]);
  }
  return make_taps(first, found, bits_for(*std::max_element(found.begin(), found.end())));
}

}  // namespace

GaussianAxis make_gaussian_axis(double sigma) {
  GaussianAxis axis;
  axis.step = std::max(1, static_cast<int>(sigma / kSigmaPerStepMin));
  if (axis.step == 1) {
    axis.narrow = sampled_gaussian(sigma);
    return axis;
  }
  const std::vector<double> weights = spline(axis.step);
  axis.narrow = make_symmetric_taps({weights.begin() + static_cast<std::ptrdiff_t>(weights.size()) / 2, weights.end()});
  axis.smooth = smoothing(sigma, axis.step);
  for (int p = 0; p < axis.step; ++p) axis.widen.push_back(widening(weights, axis.step, p));
  return axis;
}

}  // namespace sheaf::worker
