#include "worker/ops/weighted_rows.h"

#include <algorithm>
#include <cstring>
#include <opencv2/core/hal/intrin.hpp>
#include <opencv2/core/saturate.hpp>

#include "common/base/check.h"

namespace sheaf::worker {

namespace {

/// Samples in one turn of the loop: their 32-bit sums fill four registers.
constexpr int kBlock = cv::v_uint8::nlanes;

/// A block of one row.
struct Block {
  cv::v_int16 low;
  cv::v_int16 high;
};

Block load(const std::uint8_t* row) {
  cv::v_uint16 low, high;
  cv::v_expand(cv::vx_load(row), low, high);
  return {cv::v_reinterpret_as_s16(low), cv::v_reinterpret_as_s16(high)};
}

Block load(const std::int16_t* row) {
  return {cv::vx_load(row), cv::vx_load(row + kBlock / 2)};
}

/// Rows as they are.
struct Rows {
  const std::int16_t* const* rows;

  Block block(int k, int x) const { return load(rows[k] + x); }
  int sample(int k, int x) const { return rows[k][x]; }
};

/// Row k is the sum of the two at distance k.
template <typename In>
struct FoldedRows {
  const In* const* rows;

  Block block(int k, int x) const {
    const Block a = load(rows[2 * k] + x);
    const Block b = load(rows[2 * k + 1] + x);
    return {a.low + b.low, a.high + b.high};
  }
  int sample(int k, int x) const { return rows[2 * k][x] + rows[2 * k + 1][x]; }
};

void store(const cv::v_int32 (&sums)[4], std::int16_t* out) {
  cv::v_store(out, cv::v_pack(sums[0], sums[1]));
  cv::v_store(out + kBlock / 2, cv::v_pack(sums[2], sums[3]));
}

void store(const cv::v_int32 (&sums)[4], std::uint8_t* out) {
  cv::v_store(out, cv::v_pack_u(cv::v_pack(sums[0], sums[1]), cv::v_pack(sums[2], sums[3])));
}

/// weights[0] and weights[1] side by side, again and again.
cv::v_int16 pair_of(const std::int16_t* weights) {
  int pair = 0;
  std::memcpy(&pair, weights, sizeof pair);
  return cv::v_reinterpret_as_s16(cv::vx_setall_s32(pair));
}

/// The kernel: two rows at a time, their samples side by side, so that one instruction multiplies and adds both.
template <typename Source, typename Out>
void add_block(const Source& rows, const std::vector<std::int16_t>& weights, int shift, Out* out, int x) {
  const cv::v_int32 half = cv::vx_setall_s32(1 << shift >> 1);
  cv::v_int32 sums[4] = {half, half, half, half};
  const int count = static_cast<int>(weights.size());
  for (int k = 0; k < count; k += 2) {
    const cv::v_int16 pair = pair_of(weights.data() + k);
    const Block a = rows.block(k, x);
    const Block b = rows.block(k + 1, x);
    cv::v_int16 zipped[4];
    cv::v_zip(a.low, b.low, zipped[0], zipped[1]);
    cv::v_zip(a.high, b.high, zipped[2], zipped[3]);
    for (int i = 0; i < 4; ++i) sums[i] += cv::v_dotprod(zipped[i], pair);
  }
  for (cv::v_int32& sum : sums) sum = sum >> shift;
  store(sums, out + x);
}

template <typename Source, typename Out>
void add_rows(const Source& rows, const std::vector<std::int16_t>& weights, int shift, Out* out, int size) {
  SHEAF_CHECK(weights.size() % 2 == 0);
  if (size >= kBlock) {
    // The last block may begin within the one before it: the same samples once more.
    for (int x = 0; x < size; x += kBlock) add_block(rows, weights, shift, out, std::min(x, size - kBlock));
    return;
  }
  for (int x = 0; x < size; ++x) {
    int sum = 1 << shift >> 1;
    for (std::size_t k = 0; k < weights.size(); ++k) sum += weights[k] * rows.sample(static_cast<int>(k), x);
    out[x] = cv::saturate_cast<Out>(sum >> shift);
  }
}

}  // namespace

template <typename Out>
void add_weighted_rows(const std::int16_t* const* rows, const Taps& taps, int shift, Out* out, int size) {
  add_rows(Rows{rows}, taps.weights, taps.bits + shift, out, size);
}

template <typename In, typename Out>
void add_symmetric_rows(const In* const* rows, const SymmetricTaps& taps, int shift, Out* out, int size) {
  add_rows(FoldedRows<In>{rows}, taps.weights, taps.bits + shift, out, size);
}

template void add_weighted_rows(const std::int16_t* const*, const Taps&, int, std::int16_t*, int);
template void add_weighted_rows(const std::int16_t* const*, const Taps&, int, std::uint8_t*, int);
template void add_symmetric_rows(const std::uint8_t* const*, const SymmetricTaps&, int, std::int16_t*, int);
template void add_symmetric_rows(const std::int16_t* const*, const SymmetricTaps&, int, std::int16_t*, int);
template void add_symmetric_rows(const std::int16_t* const*, const SymmetricTaps&, int, std::uint8_t*, int);

}  // namespace sheaf::worker
