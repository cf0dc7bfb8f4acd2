#include "worker/ops/weighted_sums.h"

#include <algorithm>
#include <opencv2/core/utility.hpp>

#include "common/base/check.h"
#include "worker/ops/weighted_sums_kernels.h"

namespace sheaf::worker {

namespace {

constexpr std::uint8_t kNothing = 0x80;  ///< In a shuffle: the upper half of a sample.

#if defined(__x86_64__)
/// Asks OpenCV, so that what turns its vectors off (cv::setUseOptimized, OPENCV_CPU_DISABLE=AVX2) turns ours off as well.
bool has_wide_vectors() {
  return cv::checkHardwareSupport(CV_CPU_AVX2);
}
#endif

}  // namespace

template <typename Out>
void add_weighted_rows(const std::int16_t* const* rows, const Taps& taps, int shift, Out* out, int size) {
  SHEAF_CHECK(taps.weights.size() % 2 == 0);
  const RowSum<std::int16_t, Out> sum{rows, taps.weights.data(), static_cast<int>(taps.weights.size()), taps.bits + shift, out,
                                      size};
#if defined(__x86_64__)
  if (has_wide_vectors()) return wide::add_rows(sum);
#endif
  narrow::add_rows(sum);
}

template <typename In, typename Out>
void add_symmetric_rows(const In* const* rows, const SymmetricTaps& taps, int shift, Out* out, int size) {
  SHEAF_CHECK(taps.weights.size() % 2 == 0);
  const RowSum<In, Out> sum{rows, taps.weights.data(), static_cast<int>(taps.weights.size()), taps.bits + shift, out, size};
#if defined(__x86_64__)
  if (has_wide_vectors()) return wide::add_folded_rows(sum);
#endif
  narrow::add_folded_rows(sum);
}

SampleTaps::SampleTaps(const std::vector<Taps>& taps) : bits_(taps.at(0).bits) {
  for (const Taps& sample : taps) {
    SHEAF_CHECK(sample.bits == bits_ && sample.weights.size() % kPair == 0);
    pairs_ = std::max(pairs_, static_cast<int>(sample.weights.size()) / kPair);
  }
  const std::size_t groups = (taps.size() + kGroup - 1) / kGroup;
  const auto taps_of = [&](std::size_t x) -> const Taps& { return taps[std::min(x, taps.size() - 1)]; };
  for (std::size_t x = 0; x < groups * kGroup; ++x) {
    first_.push_back(taps_of(x).first);
    begin_ = std::min(begin_, first_.back());
    end_ = std::max(end_, first_.back() + kPair * (pairs_ - 1) + kRead);
  }
  for (std::size_t group = 0; group < groups; ++group) {
    for (std::size_t k = 0; k < static_cast<std::size_t>(pairs_) * kPair; k += kPair) {
      for (std::size_t x = group * kGroup; x < (group + 1) * kGroup; ++x) {
        const std::vector<std::int16_t>& weights = taps_of(x).weights;
        for (std::size_t i = k; i < k + kPair; ++i) weights_.push_back(i < weights.size() ? weights[i] : std::int16_t{0});
      }
    }
  }
  for (std::size_t x = 0; x < first_.size(); ++x) {
    const int place = first_[x] - first_[x / kQuarter * kQuarter];
    if (place < 0 || place + kPair > kRead) {
      order_.clear();
      return;
    }
    for (int i = 0; i < kPair; ++i) order_.insert(order_.end(), {static_cast<std::uint8_t>(place + i), kNothing});
  }
}

void add_weighted_samples(const std::uint8_t* row, const SampleTaps& taps, int shift, std::int16_t* out) {
  const SampleSum sum{.row = row,
                      .first = taps.first(),
                      .weights = taps.weights(),
                      .order = taps.order().empty() ? nullptr : taps.order().data(),
                      .groups = taps.groups(),
                      .pairs = taps.pairs(),
                      .bits = taps.bits() + shift,
                      .out = out};
#if defined(__x86_64__)
  if (has_wide_vectors()) return wide::add_samples(sum);
#endif
  narrow::add_samples(sum);
}

template void add_weighted_rows(const std::int16_t* const*, const Taps&, int, std::int16_t*, int);
template void add_weighted_rows(const std::int16_t* const*, const Taps&, int, std::uint8_t*, int);
template void add_symmetric_rows(const std::uint8_t* const*, const SymmetricTaps&, int, std::int16_t*, int);
template void add_symmetric_rows(const std::int16_t* const*, const SymmetricTaps&, int, std::int16_t*, int);
template void add_symmetric_rows(const std::int16_t* const*, const SymmetricTaps&, int, std::uint8_t*, int);

}  // namespace sheaf::worker
