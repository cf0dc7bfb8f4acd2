#include <immintrin.h>

#include "worker/ops/weighted_sums_kernels.h"

// Not with OpenCV's intrinsics: theirs keep the order of samples in each step, with a shuffle across the halves of a register
// that costs as much as the step. What is zipped here within each half is packed within each half again.

namespace sheaf::worker::wide {

namespace {

struct Vectors {
  static constexpr int kBlock = 32;

  struct Block {
    __m256i low;
    __m256i high;
  };

  static __m128i load_128(const void* from) { return _mm_loadu_si128(static_cast<const __m128i*>(from)); }
  static __m256i load_256(const void* from) { return _mm256_loadu_si256(static_cast<const __m256i*>(from)); }

  static Block load(const std::uint8_t* row) {
    return {_mm256_cvtepu8_epi16(load_128(row)), _mm256_cvtepu8_epi16(load_128(row + 16))};
  }

  static Block load(const std::int16_t* row) { return {load_256(row), load_256(row + 16)}; }

  template <typename Sample>
  static Block load_sum(const Sample* one, const Sample* other) {
    const Block a = load(one);
    const Block b = load(other);
    return {_mm256_add_epi16(a.low, b.low), _mm256_add_epi16(a.high, b.high)};
  }

  struct Sums {
    explicit Sums(int start) {
      for (__m256i& sum : sums) sum = _mm256_set1_epi32(start);
    }

    void add(const Block& a, const Block& b, const std::int16_t* weights) {
      int both = 0;
      __builtin_memcpy(&both, weights, sizeof both);
      const __m256i pair = _mm256_set1_epi32(both);
      const __m256i zipped[4] = {_mm256_unpacklo_epi16(a.low, b.low), _mm256_unpackhi_epi16(a.low, b.low),
                                 _mm256_unpacklo_epi16(a.high, b.high), _mm256_unpackhi_epi16(a.high, b.high)};
      for (int i = 0; i < 4; ++i) sums[i] = _mm256_add_epi32(sums[i], _mm256_madd_epi16(zipped[i], pair));
    }

    void store(int bits, std::int16_t* out) {
      const Block packed = pack(bits);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), packed.low);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + 16), packed.high);
    }

    void store(int bits, std::uint8_t* out) {
      const Block packed = pack(bits);
      const __m256i bytes = _mm256_packus_epi16(packed.low, packed.high);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_permute4x64_epi64(bytes, 0b11'01'10'00));
    }

    Block pack(int bits) {
      const __m128i count = _mm_cvtsi32_si128(bits);
      for (__m256i& sum : sums) sum = _mm256_sra_epi32(sum, count);
      return {_mm256_packs_epi32(sums[0], sums[1]), _mm256_packs_epi32(sums[2], sums[3])};
    }

    __m256i sums[4];
  };
};

/// Pairs of neighbours that lie close together: a shuffle of 16 samples finds four.
class NearPairs {
 public:
  /// Of eight samples from `x` on.
  NearPairs(const SampleSum& sum, int x)
      : low_(sum.row + sum.first[x]), high_(sum.row + sum.first[x + 4]), order_(Vectors::load_256(sum.order + x * 4)) {}

  __m256i load(int pair) const {
    const __m256i low = _mm256_castsi128_si256(Vectors::load_128(low_ + pair * 2));
    return _mm256_shuffle_epi8(_mm256_inserti128_si256(low, Vectors::load_128(high_ + pair * 2), 1), order_);
  }

 private:
  const std::uint8_t* low_;
  const std::uint8_t* high_;
  __m256i order_;
};

/// Pairs that lie anywhere.
class FarPairs {
 public:
  FarPairs(const SampleSum& sum, int x) : row_(sum.row), places_(Vectors::load_256(sum.first + x)) {}

  __m256i load(int pair) const {
    const __m256i fours = _mm256_i32gather_epi32(reinterpret_cast<const int*>(row_ + pair * 2), places_, 1);
    const __m128i order = _mm_setr_epi8(0, -1, 1, -1, 4, -1, 5, -1, 8, -1, 9, -1, 12, -1, 13, -1);
    return _mm256_shuffle_epi8(fours, _mm256_broadcastsi128_si256(order));
  }

 private:
  const std::uint8_t* row_;
  __m256i places_;
};

/// kCount pairs a sample, or 0: as many as sum.pairs says.
template <typename Pairs, int kCount>
void add_all_samples(const SampleSum sum) {
  const int count = kCount > 0 ? kCount : sum.pairs;
  const __m256i half = _mm256_set1_epi32(1 << sum.bits >> 1);
  const __m128i bits = _mm_cvtsi32_si128(sum.bits);
  const std::int16_t* weights = sum.weights;
  for (int x = 0; x < sum.groups * 16; x += 16) {
    const Pairs low(sum, x);
    const Pairs high(sum, x + 8);
    __m256i low_sums = half;
    __m256i high_sums = half;
    for (int pair = 0; pair < count; ++pair, weights += 32) {
      low_sums = _mm256_add_epi32(low_sums, _mm256_madd_epi16(low.load(pair), Vectors::load_256(weights)));
      high_sums = _mm256_add_epi32(high_sums, _mm256_madd_epi16(high.load(pair), Vectors::load_256(weights + 16)));
    }
    const __m256i packed = _mm256_packs_epi32(_mm256_sra_epi32(low_sums, bits), _mm256_sra_epi32(high_sums, bits));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(sum.out + x), _mm256_permute4x64_epi64(packed, 0b11'01'10'00));
  }
}

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
  if (sum.order == nullptr) return add_all_samples<FarPairs, 0>(sum);
  switch (sum.pairs) {
    case 1: return add_all_samples<NearPairs, 1>(sum);
    case 2: return add_all_samples<NearPairs, 2>(sum);
    case 3: return add_all_samples<NearPairs, 3>(sum);
    case 4: return add_all_samples<NearPairs, 4>(sum);
    case 6: return add_all_samples<NearPairs, 6>(sum);
    default: return add_all_samples<NearPairs, 0>(sum);
  }
}

template void add_rows(const RowSum<std::int16_t, std::int16_t>&);
template void add_rows(const RowSum<std::int16_t, std::uint8_t>&);
template void add_folded_rows(const RowSum<std::uint8_t, std::int16_t>&);
template void add_folded_rows(const RowSum<std::int16_t, std::int16_t>&);
template void add_folded_rows(const RowSum<std::int16_t, std::uint8_t>&);

}  // namespace sheaf::worker::wide
