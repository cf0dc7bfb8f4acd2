#include "worker/ops/taps.h"

#include <algorithm>
#include <cmath>

namespace sheaf::worker {

namespace {

constexpr int kBitsMax = 16;

std::int16_t to_integer(double weight, int bits) {
  return static_cast<std::int16_t>(std::lround(std::ldexp(weight, bits)));
}

}  // namespace

int bits_for(double peak) {
  int bits = kBitsMax;
  while (std::ldexp(peak, bits) > 32000) --bits;
  return bits;
}

Taps make_taps(int first, const std::vector<double>& weights, int bits) {
  Taps taps{.first = first, .bits = bits, .weights = {}};
  // What is rounded is the sum so far, so that what rounding leaves is spread over all of them.
  double sum = 0;
  int rounded = 0;
  for (const double weight : weights) {
    sum += weight;
    const int next = static_cast<int>(std::lround(std::ldexp(sum, bits)));
    taps.weights.push_back(static_cast<std::int16_t>(next - rounded));
    rounded = next;
  }
  if (taps.weights.size() % 2 == 1) taps.weights.push_back(0);
  return taps;
}

SymmetricTaps make_symmetric_taps(const std::vector<double>& weights) {
  double sum = weights[0];
  for (std::size_t k = 1; k < weights.size(); ++k) sum += 2 * weights[k];
  SymmetricTaps taps{.reach = static_cast<int>(weights.size()) - 1, .bits = bits_for(weights[0] / sum / 2), .weights = {0}};
  int left = 1 << taps.bits >> 1;
  for (std::size_t k = 1; k < weights.size(); ++k) {
    taps.weights.push_back(to_integer(weights[k] / sum, taps.bits));
    left -= taps.weights.back();
  }
  taps.weights[0] = static_cast<std::int16_t>(left);
  if (taps.weights.size() % 2 == 1) taps.weights.push_back(0);
  return taps;
}

}  // namespace sheaf::worker
