#include "worker/ops/weighted_rows.h"

#include <opencv2/core/utility.hpp>

#include "common/base/check.h"
#include "worker/ops/weighted_rows_kernel.h"

namespace sheaf::worker {

namespace {

#if defined(__x86_64__)
/// Asks OpenCV, so that what turns its vectors off (cv::setUseOptimized, OPENCV_CPU_DISABLE=AVX2) turns ours off as well.
bool has_wide_vectors() {
  return cv::checkHardwareSupport(CV_CPU_AVX2);
}
#endif

}  // namespace

template <typename In, typename Out>
void add_weighted_rows(const In* const* rows, const Taps& taps, int shift, Out* out, int size) {
  SHEAF_CHECK(taps.weights.size() % 2 == 0);
  const RowSum<In, Out> sum{rows, taps.weights.data(), static_cast<int>(taps.weights.size()), taps.bits + shift, out, size};
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

template void add_weighted_rows(const std::uint8_t* const*, const Taps&, int, std::int16_t*, int);
template void add_weighted_rows(const std::int16_t* const*, const Taps&, int, std::int16_t*, int);
template void add_weighted_rows(const std::int16_t* const*, const Taps&, int, std::uint8_t*, int);
template void add_symmetric_rows(const std::uint8_t* const*, const SymmetricTaps&, int, std::int16_t*, int);
template void add_symmetric_rows(const std::int16_t* const*, const SymmetricTaps&, int, std::int16_t*, int);
template void add_symmetric_rows(const std::int16_t* const*, const SymmetricTaps&, int, std::uint8_t*, int);

}  // namespace sheaf::worker
