#include <cstring>
#include <opencv2/core/hal/intrin.hpp>

#include "worker/ops/weighted_sums_kernels.h"

namespace sheaf::worker::narrow {

namespace {

struct Vectors {
  static constexpr int kBlock = cv::v_uint8::nlanes;

  struct Block {
    cv::v_int16 low;
    cv::v_int16 high;
  };

  static Block load(const std::uint8_t* row) {
    cv::v_uint16 low, high;
    cv::v_expand(cv::vx_load(row), low, high);
    return {cv::v_reinterpret_as_s16(low), cv::v_reinterpret_as_s16(high)};
  }

  static Block load(const std::int16_t* row) { return {cv::vx_load(row), cv::vx_load(row + kBlock / 2)}; }

  template <typename Sample>
  static Block load_sum(const Sample* one, const Sample* other) {
    const Block a = load(one);
    const Block b = load(other);
    return {a.low + b.low, a.high + b.high};
  }

  struct Sums {
    explicit Sums(int start) {
      for (cv::v_int32& sum : sums) sum = cv::vx_setall_s32(start);
    }

    void add(const Block& a, const Block& b, const std::int16_t* weights) {
      int both = 0;
      std::memcpy(&both, weights, sizeof both);
      const cv::v_int16 pair = cv::v_reinterpret_as_s16(cv::vx_setall_s32(both));
      cv::v_int16 zipped[4];
      cv::v_zip(a.low, b.low, zipped[0], zipped[1]);
      cv::v_zip(a.high, b.high, zipped[2], zipped[3]);
      for (int i = 0; i < 4; ++i) sums[i] += cv::v_dotprod(zipped[i], pair);
    }

    void store(int bits, std::int16_t* out) {
      shift(bits);
      cv::v_store(out, cv::v_pack(sums[0], sums[1]));
      cv::v_store(out + kBlock / 2, cv::v_pack(sums[2], sums[3]));
    }

    void store(int bits, std::uint8_t* out) {
      shift(bits);
      cv::v_store(out, cv::v_pack_u(cv::v_pack(sums[0], sums[1]), cv::v_pack(sums[2], sums[3])));
    }

    void shift(int bits) {
      for (cv::v_int32& sum : sums) sum = sum >> bits;
    }

    cv::v_int32 sums[4];
  };
};

}  // namespace

template <typename In, typename Out>
void add_rows(const RowSum<In, Out>& sum) {
  add_all<Vectors>(Rows<In>{sum.rows}, sum);
}

template <typename In, typename Out>
void add_folded_rows(const RowSum<In, Out>& sum) {
  add_all<Vectors>(FoldedRows<In>{sum.rows}, sum);
}

void add_samples(const SampleSum& sum) {
  const std::int16_t* weights = sum.weights;
  for (int group = 0; group < sum.groups; ++group) {
    cv::v_int32x4 sums[4];
    for (cv::v_int32x4& each : sums) each = cv::v_setall_s32(1 << sum.bits >> 1);
    for (int pair = 0; pair < sum.pairs; ++pair, weights += 32) {
      for (int i = 0; i < 4; i += 2) {
        // Not v_lut_pairs(): it reads pairs of bytes as numbers of 16 bits, which may not stand at odd addresses.
        std::uint8_t pairs[16];
        const int* first = sum.first + group * 16 + i * 4;
        for (int k = 0; k < 8; ++k) std::memcpy(pairs + k * 2, sum.row + first[k] + pair * 2, 2);
        cv::v_uint16x8 samples[2];
        cv::v_expand(cv::v_load(pairs), samples[0], samples[1]);
        sums[i] += cv::v_dotprod(cv::v_reinterpret_as_s16(samples[0]), cv::v_load(weights + i * 8));
        sums[i + 1] += cv::v_dotprod(cv::v_reinterpret_as_s16(samples[1]), cv::v_load(weights + i * 8 + 8));
      }
    }
    for (cv::v_int32x4& each : sums) each = each >> sum.bits;
    cv::v_store(sum.out + group * 16, cv::v_pack(sums[0], sums[1]));
    cv::v_store(sum.out + group * 16 + 8, cv::v_pack(sums[2], sums[3]));
  }
}

template void add_rows(const RowSum<std::int16_t, std::int16_t>&);
template void add_rows(const RowSum<std::int16_t, std::uint8_t>&);
template void add_folded_rows(const RowSum<std::uint8_t, std::int16_t>&);
template void add_folded_rows(const RowSum<std::int16_t, std::int16_t>&);
template void add_folded_rows(const RowSum<std::int16_t, std::uint8_t>&);

}  // namespace sheaf::worker::narrow
