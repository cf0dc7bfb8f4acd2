#pragma once

#include <cstdint>
#include <vector>

namespace sheaf::worker {

/// Weights of neighbours along one axis, in integers, so that every processor adds up to the same. They sum up to exactly
/// 2^bits, so that a flat picture stays flat.
struct Taps {
  int first = 0;  ///< Where neighbour 0 lies; neighbour k is k further.
  int bits = 0;
  std::vector<std::int16_t> weights;  ///< An even number: the last may be 0.
};

/// The same where both sides weigh the same.
struct SymmetricTaps {
  int reach = 0;  ///< Neighbours on each side.
  int bits = 0;
  /// weights[k] is what each of the two neighbours at distance k counts. The sample itself takes part as both of those at
  /// distance 0: weights[0] is half of what it counts. An even number, from 0 to reach: the last may be 0.
  std::vector<std::int16_t> weights;
};

/// The bits that weights can have of which `peak` is the largest.
int bits_for(double peak);
/// `weights`, whose sum is 1, in integers.
Taps make_taps(int first, const std::vector<double>& weights, int bits);
/// `weights[k]` is for distance k. Scaled to the sum 1.
SymmetricTaps make_symmetric_taps(const std::vector<double>& weights);

}  // namespace sheaf::worker
