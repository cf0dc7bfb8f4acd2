#pragma once

#include <cstdint>
#include <vector>

#include "worker/ops/taps.h"

namespace sheaf::worker {

/// out[x] = (sum over k of taps.weights[k] * rows[k][x]) / 2^(taps.bits + shift), rounded to nearest (halves up) and cut off at
/// what Out holds, for x from 0 to size - 1. A negative `shift` multiplies. `rows` has as many pointers as there are weights;
/// none of the rows may overlap `out`. The sum must fit 32 bits: |sample| * 2^bits < 2^31.
///
/// The same on every processor: integers, and the vectors' width does not show.
template <typename Out>
void add_weighted_rows(const std::int16_t* const* rows, const Taps& taps, int shift, Out* out, int size);

/// The same for symmetric weights, in half the time. rows[2k] and rows[2k + 1] are the two at distance k, for each of the
/// weights. The sum of two samples must fit 16 bits.
template <typename In, typename Out>
void add_symmetric_rows(const In* const* rows, const SymmetricTaps& taps, int shift, Out* out, int size);

/// How each sample of a row is made of neighbours in another one, in the order in which vectors read it.
class SampleTaps {
 public:
  /// Samples at a time, and as many as a register of 128 bits has sums of.
  static constexpr int kGroup = 16;
  static constexpr int kQuarter = 4;
  /// Neighbours at a time, and how many samples are read to find those of kQuarter.
  static constexpr int kPair = 2;
  static constexpr int kRead = 16;

  /// taps[x] are for sample x; all have the same bits. At least one.
  explicit SampleTaps(const std::vector<Taps>& taps);

  int bits() const { return bits_; }
  int groups() const { return static_cast<int>(first_.size()) / kGroup; }
  int pairs() const { return pairs_; }
  /// What is read lies from begin() to end() - 1.
  int begin() const { return begin_; }
  int end() const { return end_; }
  /// Where the neighbours of each sample begin; as many as fill the groups.
  const int* first() const { return first_.data(); }
  /// Group by group, pair by pair, the weights of each sample.
  const std::int16_t* weights() const { return weights_.data(); }
  /// Where the first pairs lie, from the first neighbour of each quarter of a group, as a shuffle that gives samples of 16
  /// bits. Empty if they lie too far apart.
  const std::vector<std::uint8_t>& order() const { return order_; }

 private:
  int bits_;
  int pairs_ = 0;
  int begin_ = 0;
  int end_ = 0;
  std::vector<int> first_;
  std::vector<std::int16_t> weights_;
  std::vector<std::uint8_t> order_;
};

/// out[x] = (sum over k of taps[x].weights[k] * row[taps[x].first + k]) / 2^(bits + shift), rounded to nearest (halves up) and
/// cut off at what 16 bits hold. `row` can be read from taps.begin() to taps.end() - 1; `out` has room for full groups.
void add_weighted_samples(const std::uint8_t* row, const SampleTaps& taps, int shift, std::int16_t* out);

}  // namespace sheaf::worker
