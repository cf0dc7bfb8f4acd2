#include "worker/ops/resampling_axis.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <numeric>

#include "common/base/check.h"

namespace sheaf::worker {

namespace {

/// The absolute weights of lanczos add up to 1.55: after both axes 16 bits of white would not fit 32 bits.
constexpr int kBitsMax = 15;

double sinc(double x) {
  return x == 0 ? 1 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x);
}

double reach_of(Resampling method) {
  switch (method) {
    case Resampling::kArea: break;
    case Resampling::kLinear: return 1;
    case Resampling::kCubic: return 2;
    case Resampling::kLanczos: return 3;
  }
  SHEAF_CHECK(false);
}

/// At `distance`, 0 or more and within reach.
double weight_at(Resampling method, double distance) {
  const double d = distance;
  switch (method) {
    case Resampling::kArea: break;
    case Resampling::kLinear: return 1 - d;
    case Resampling::kCubic: return d < 1 ? (1.5 * d - 2.5) * d * d + 1 : ((-0.5 * d + 2.5) * d - 4) * d + 2;
    case Resampling::kLanczos: return sinc(d) * sinc(d / 3);
  }
  SHEAF_CHECK(false);
}

struct Neighbours {
  int first;
  std::vector<double> weights;
};

/// Sample `x` of the new size covers [x * in / out, (x + 1) * in / out) of the old one: here in units of 1 / out.
Neighbours covered(std::int64_t x, std::int64_t in, std::int64_t out) {
  const std::int64_t begin = x * in;
  const std::int64_t end = begin + in;
  Neighbours found{.first = static_cast<int>(begin / out), .weights = {}};
  for (std::int64_t i = found.first; i * out < end; ++i) {
    found.weights.push_back(static_cast<double>(std::min(end, (i + 1) * out) - std::max(begin, i * out)));
  }
  return found;
}

Neighbours around(Resampling method, int x, int in, int out) {
  const double ratio = static_cast<double>(in) / out;
  const double scale = std::max(1.0, ratio);
  const double center = (x + 0.5) * ratio - 0.5;
  const double reach = reach_of(method) * scale;
  // At both ends the weight is 0, so what lies exactly there need not take part.
  Neighbours found{.first = static_cast<int>(std::floor(center - reach)) + 1, .weights = {}};
  for (int i = found.first; i < center + reach; ++i) {
    found.weights.push_back(weight_at(method, std::abs(i - center) / scale));
  }
  return found;
}

}  // namespace

std::vector<Taps> make_resampling_axis(Resampling method, int in, int out) {
  std::vector<Neighbours> samples;
  double peak = 0;
  for (int x = 0; x < out; ++x) {
    samples.push_back(method == Resampling::kArea ? covered(x, in, out) : around(method, x, in, out));
    std::vector<double>& weights = samples.back().weights;
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    for (double& weight : weights) weight /= sum;
    peak = std::max(peak, *std::max_element(weights.begin(), weights.end()));
  }
  std::vector<Taps> axis;
  for (const auto& [first, weights] : samples) axis.push_back(make_taps(first, weights, std::min(kBitsMax, bits_for(peak))));
  return axis;
}

}  // namespace sheaf::worker
