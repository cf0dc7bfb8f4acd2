#include "worker/ops/gaussian.h"

#include <algorithm>
#include <type_traits>

#include "common/base/check.h"

namespace sheaf::worker {

namespace {

/// Between the steps samples are in units of 1/64 level: a step loses less than 0.01, and 255 levels leave room in 16 bits.
constexpr int kFraction = 6;

/// Narrowed samples are made from this index on, up to kNarrowedAfter past that of the last sample: those beyond see nothing
/// but the repeated edge and are equal.
constexpr int kNarrowedBefore = 2;
constexpr int kNarrowedAfter = 3;
/// Smoothed samples that the widest spline reaches.
constexpr int kSmoothedBefore = 1;
constexpr int kSmoothedAfter = 3;

/// The index of the narrowed sample at or before the last of `size` samples.
int last_index(int size, int step) {
  return (size - 1) / step;
}

void copy_pixels(const std::int16_t* from, int from_stride, std::int16_t* to, int count, int channels) {
  if (channels == 1) {
    for (int i = 0; i < count; ++i) to[i] = from[i * from_stride];
    return;
  }
  for (int i = 0; i < count; ++i) std::copy_n(from + i * from_stride * channels, channels, to + i * channels);
}

template <typename Sample>
void spread_pixels(const Sample* from, Sample* to, int to_stride, int count, int channels) {
  if (channels == 1) {
    for (int i = 0; i < count; ++i) to[i * to_stride] = from[i];
    return;
  }
  for (int i = 0; i < count; ++i) std::copy_n(from + i * channels, channels, to + i * to_stride * channels);
}

/// What a step adds to the units that its sums are in.
template <typename In, typename Out>
constexpr int kShift = (std::is_same_v<In, std::int16_t> ? kFraction : 0) - (std::is_same_v<Out, std::int16_t> ? kFraction : 0);

/// Adds up the rows around one. `row(k)` is the row at k, from -reach to reach; `rows` is room for the pointers.
template <typename In, typename Out>
void add_rows_around(const SymmetricTaps& taps, std::vector<const In*>& rows, Out* out, int size, const auto& row) {
  rows.clear();
  for (int k = 0; k < static_cast<int>(taps.weights.size()); ++k) {
    const int distance = std::min(k, taps.reach);  // What lies beyond has the weight 0.
    rows.push_back(row(-distance));
    rows.push_back(row(distance));
  }
  add_symmetric_rows(rows.data(), taps, kShift<In, Out>, out, size);
}

}  // namespace

Gaussian::Gaussian(double sigma_x, double sigma_y) : x_(make_gaussian_axis(sigma_x)), y_(make_gaussian_axis(sigma_y)) {}

void Gaussian::apply(const cv::Mat& in, cv::Mat& out) {
  SHEAF_CHECK(in.depth() == CV_8U && in.size() == out.size() && in.type() == out.type());
  line_.resize(static_cast<std::size_t>(in.cols * in.channels()));
  if (y_.step > 1) return apply_in_steps(in, out);
  for (int y = 0; y < in.rows; ++y) {
    narrow_column(in, y, line_.data());
    blur_row(line_.data(), in.cols, in.channels(), out.ptr(y));
  }
}

void Gaussian::narrow_column(const cv::Mat& in, int y, std::int16_t* out) {
  add_rows_around(y_.narrow, plane_rows_, out, in.cols * in.channels(),
                  [&](int k) { return in.ptr(std::clamp(y * y_.step + k, 0, in.rows - 1)); });
}

void Gaussian::apply_in_steps(const cv::Mat& in, cv::Mat& out) {
  const int length = in.cols * in.channels();
  const int last = last_index(in.rows, y_.step);
  narrowed_.resize(static_cast<std::size_t>(length * (kNarrowedBefore + last + kNarrowedAfter + 1)));
  const auto narrowed = [&](int i) { return narrowed_.data() + (kNarrowedBefore + i) * length; };
  for (int i = -kNarrowedBefore; i <= last + kNarrowedAfter; ++i) narrow_column(in, i, narrowed(i));

  smoothed_.resize(static_cast<std::size_t>(length * (kSmoothedBefore + last + kSmoothedAfter + 1)));
  const auto smoothed = [&](int i) { return smoothed_.data() + (kSmoothedBefore + i) * length; };
  for (int i = -kSmoothedBefore; i <= last + kSmoothedAfter; ++i) {
    add_rows_around(y_.smooth, rows_, line_.data(), length,
                    [&](int k) { return narrowed(std::clamp(i + k, -kNarrowedBefore, last + kNarrowedAfter)); });
    blur_row(line_.data(), in.cols, in.channels(), smoothed(i));
  }

  for (int y = 0; y < in.rows; ++y) {
    const Taps& taps = y_.widen[static_cast<std::size_t>(y % y_.step)];
    rows_.clear();
    for (std::size_t k = 0; k < taps.weights.size(); ++k) {
      rows_.push_back(smoothed(y / y_.step + taps.first + static_cast<int>(k)));
    }
    add_weighted_rows(rows_.data(), taps, kFraction, out.ptr(y), length);
  }
}

template <typename Out>
void Gaussian::blur_row(const std::int16_t* row, int width, int channels, Out* out) {
  split_phases(row, width, channels);
  const auto shifted = [&](int k) {
    const int index = x_.narrow.reach + k;
    return phases_[static_cast<std::size_t>(index % x_.step)].data() + index / x_.step * channels;
  };
  if (x_.step == 1) return add_rows_around(x_.narrow, rows_, out, width * channels, shifted);

  // The narrowed row gets as many copies of its ends as smoothing reaches.
  const int last = last_index(width, x_.step);
  const int reach = x_.smooth.reach;
  const int count = kNarrowedBefore + last + kNarrowedAfter + 1;
  narrowed_row_.resize(static_cast<std::size_t>((count + 2 * reach) * channels));
  std::int16_t* first = narrowed_row_.data() + reach * channels;
  add_rows_around(x_.narrow, rows_, first, count * channels, shifted);
  for (int i = 1; i <= reach; ++i) {
    std::copy_n(first, channels, first - i * channels);
    std::copy_n(first + (count - 1) * channels, channels, first + (count - 1 + i) * channels);
  }

  const int smoothed = kSmoothedBefore + last + kSmoothedAfter + 1;
  smoothed_row_.resize(static_cast<std::size_t>(smoothed * channels));
  add_rows_around(x_.smooth, rows_, smoothed_row_.data(), smoothed * channels,
                  [&](int k) { return first + (kNarrowedBefore - kSmoothedBefore + k) * channels; });
  widen_row(width, channels, out);
}

void Gaussian::split_phases(const std::int16_t* row, int width, int channels) {
  const int step = x_.step;
  const int before = step == 1 ? 0 : kNarrowedBefore;
  const int narrowed = step == 1 ? width : before + last_index(width, step) + kNarrowedAfter + 1;
  const int length = narrowed + 2 * x_.narrow.reach / step;
  phases_.resize(static_cast<std::size_t>(step));
  for (int p = 0; p < step; ++p) {
    Samples& phase = phases_[static_cast<std::size_t>(p)];
    phase.resize(static_cast<std::size_t>(length * channels));
    // Entry i is sample begin + i * step; those before `inside` are the left edge, those from `outside` on the right one.
    const int begin = p - before * step - x_.narrow.reach;
    const int inside = std::min(length, (-begin + step - 1) / step);
    const int outside = std::clamp((width - 1 - begin) / step + 1, inside, length);
    for (int i = 0; i < inside; ++i) std::copy_n(row, channels, phase.data() + i * channels);
    copy_pixels(row + (begin + inside * step) * channels, step, phase.data() + inside * channels, outside - inside, channels);
    for (int i = outside; i < length; ++i) std::copy_n(row + (width - 1) * channels, channels, phase.data() + i * channels);
  }
}

template <typename Out>
void Gaussian::widen_row(int width, int channels, Out* out) {
  auto& widened = [this]() -> auto& {
    if constexpr (std::is_same_v<Out, std::uint8_t>)
      return widened_u8_;
    else
      return widened_s16_;
  }
  ();
  widened.resize(smoothed_row_.size());
  for (int p = 0; p < std::min(x_.step, width); ++p) {
    const Taps& taps = x_.widen[static_cast<std::size_t>(p)];
    rows_.clear();
    for (std::size_t k = 0; k < taps.weights.size(); ++k) {
      rows_.push_back(smoothed_row_.data() + (kSmoothedBefore + taps.first + static_cast<int>(k)) * channels);
    }
    const int count = last_index(width - p, x_.step) + 1;
    add_weighted_rows(rows_.data(), taps, kShift<std::int16_t, Out>, widened.data(), count * channels);
    spread_pixels(widened.data(), out + p * channels, x_.step, count, channels);
  }
}

}  // namespace sheaf::worker
