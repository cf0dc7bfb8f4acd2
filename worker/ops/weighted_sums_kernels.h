#pragma once

#include <cstdint>

// The loops behind weighted_sums.h. Each width of vectors has a .cc of its own that includes this file and may be compiled for
// newer processors. Nothing here is seen by the linker (an inline function that was compiled for AVX2 could end up in a program
// that runs without), so nothing of the standard library but types stands here either.

namespace sheaf::worker {

/// out[x] = (sum over k of weights[k] * rows[k][x]) / 2^bits, for x from 0 to size - 1.
template <typename In, typename Out>
struct RowSum {
  const In* const* rows;
  const std::int16_t* weights;
  int count;  ///< Of the weights; even.
  int bits;
  Out* out;
  int size;
};

/// See SampleTaps, whose names these are.
struct SampleSum {
  const std::uint8_t* row;
  const int* first;
  const std::int16_t* weights;
  const std::uint8_t* order;  ///< Or null.
  int groups;
  int pairs;
  int bits;
  std::int16_t* out;
};

/// Vectors of 128 bits, on every processor.
namespace narrow {
template <typename In, typename Out>
void add_rows(const RowSum<In, Out>& sum);
/// weights[k] counts for both rows[2k] and rows[2k + 1].
template <typename In, typename Out>
void add_folded_rows(const RowSum<In, Out>& sum);
void add_samples(const SampleSum& sum);
}  // namespace narrow

/// Vectors of 256 bits: needs AVX2.
namespace wide {
template <typename In, typename Out>
void add_rows(const RowSum<In, Out>& sum);
template <typename In, typename Out>
void add_folded_rows(const RowSum<In, Out>& sum);
void add_samples(const SampleSum& sum);
}  // namespace wide

namespace {

inline void put(int value, std::int16_t& out) {
  out = static_cast<std::int16_t>(value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value);
}

inline void put(int value, std::uint8_t& out) {
  out = static_cast<std::uint8_t>(value < 0 ? 0 : value > UINT8_MAX ? UINT8_MAX : value);
}

/// Rows as they are.
template <typename In>
struct Rows {
  const In* const* rows;

  template <typename Vectors>
  auto block(int k, int x) const {
    return Vectors::load(rows[k] + x);
  }
  int sample(int k, int x) const { return rows[k][x]; }
};

/// Row k is the sum of the two at distance k.
template <typename In>
struct FoldedRows {
  const In* const* rows;

  template <typename Vectors>
  auto block(int k, int x) const {
    return Vectors::load_sum(rows[2 * k] + x, rows[2 * k + 1] + x);
  }
  int sample(int k, int x) const { return rows[2 * k][x] + rows[2 * k + 1][x]; }
};

/// `Vectors` has kBlock, the samples in one turn of the loop; load() and load_sum(), which give as many samples of 16 bits;
/// and Sums, their 32-bit sums. Two rows are taken at a time, their samples side by side, so that one instruction multiplies
/// and adds both. kCount is the number of weights, or 0 for any: what is known keeps weights and rows in registers.
template <typename Vectors, int kCount, typename Source, typename In, typename Out>
void add_blocks(const Source source, const RowSum<In, Out> sum) {
  constexpr int kBlock = Vectors::kBlock;
  const int count = kCount > 0 ? kCount : sum.count;
  for (int x = 0; x < sum.size; x += kBlock) {
    // The last block may begin within the one before it: the same samples once more.
    const int at = x < sum.size - kBlock ? x : sum.size - kBlock;
    typename Vectors::Sums sums(1 << sum.bits >> 1);
    for (int k = 0; k < count; k += 2) {
      sums.add(source.template block<Vectors>(k, at), source.template block<Vectors>(k + 1, at), sum.weights + k);
    }
    sums.store(sum.bits, sum.out + at);
  }
}

template <typename Vectors, typename Source, typename In, typename Out>
void add_all(const Source& source, const RowSum<In, Out>& sum) {
  if (sum.size >= Vectors::kBlock) {
    switch (sum.count) {
      case 2: return add_blocks<Vectors, 2>(source, sum);
      case 4: return add_blocks<Vectors, 4>(source, sum);
      case 6: return add_blocks<Vectors, 6>(source, sum);
      default: return add_blocks<Vectors, 0>(source, sum);
    }
  }
  for (int x = 0; x < sum.size; ++x) {
    int total = 1 << sum.bits >> 1;
    for (int k = 0; k < sum.count; ++k) total += sum.weights[k] * source.sample(k, x);
    put(total >> sum.bits, sum.out[x]);
  }
}

}  // namespace

}  // namespace sheaf::worker
