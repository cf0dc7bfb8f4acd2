#pragma once

#include <cstdint>
#include <vector>

namespace sheaf::worker {

/// Weights of neighbours along one axis, in integers, so that every processor adds up to the same. They sum up to exactly
/// 2^bits, so that a flat picture stays flat.
struct Taps {
  int first = 0;  ///< Where neighbour 0 lies, from the sample that is made; neighbour k is k further.
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

/// out[x] = (sum over k of taps.weights[k] * rows[k][x]) / 2^(taps.bits + shift), rounded to nearest (halves up) and cut off at
/// what Out holds, for x from 0 to size - 1. A negative `shift` multiplies. `rows` has as many pointers as there are weights;
/// none of the rows may overlap `out`. The sum must fit 32 bits: |sample| * 2^bits < 2^31.
///
/// The same on every processor: integers, and the vectors' width does not show.
template <typename In, typename Out>
void add_weighted_rows(const In* const* rows, const Taps& taps, int shift, Out* out, int size);

/// The same for symmetric weights, in half the time. rows[2k] and rows[2k + 1] are the two at distance k, for each of the
/// weights. The sum of two samples must fit 16 bits.
template <typename In, typename Out>
void add_symmetric_rows(const In* const* rows, const SymmetricTaps& taps, int shift, Out* out, int size);

}  // namespace sheaf::worker
