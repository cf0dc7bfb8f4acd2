#pragma once

/// A Gaussian blur in double precision, with nothing cut off that could matter: slow, and the formula itself.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

namespace sheaf::test {

/// The Gaussian of `sigma` at whole numbers from -reach to reach, scaled to the sum 1.
inline std::vector<double> exact_gaussian_weights(double sigma, int reach) {
  std::vector<double> weights;
  double sum = 0;
  for (int x = -reach; x <= reach; ++x) {
    weights.push_back(std::exp(-x * x / (2 * sigma * sigma)));
    sum += weights.back();
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

/// What the blur of one channel of a plane should be, row by row. `sample(x, y)` is asked for pixels inside only; beyond the
/// border the edge repeats.
inline std::vector<double> exact_gaussian(int width, int height, double sigma_x, double sigma_y,
                                          const std::function<int(int x, int y)>& sample) {
  const auto reach_of = [](double sigma) { return static_cast<int>(std::ceil(6 * sigma)); };
  const auto at = [&](int x, int y) { return static_cast<std::size_t>(y * width + x); };
  std::vector<double> columns(static_cast<std::size_t>(width * height));
  std::vector<double> both(columns.size());
  const std::vector<double> down = exact_gaussian_weights(sigma_y, reach_of(sigma_y));
  const std::vector<double> across = exact_gaussian_weights(sigma_x, reach_of(sigma_x));
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int k = -reach_of(sigma_y); k <= reach_of(sigma_y); ++k) {
        columns[at(x, y)] +=
            down[static_cast<std::size_t>(k + reach_of(sigma_y))] * sample(x, std::clamp(y + k, 0, height - 1));
      }
    }
  }
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int k = -reach_of(sigma_x); k <= reach_of(sigma_x); ++k) {
        both[at(x, y)] +=
            across[static_cast<std::size_t>(k + reach_of(sigma_x))] * columns[at(std::clamp(x + k, 0, width - 1), y)];
      }
    }
  }
  return both;
}

}  // namespace sheaf::test
