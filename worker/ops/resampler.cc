#include "worker/ops/resampler.h"

#include <algorithm>

#include "common/base/check.h"

namespace sheaf::worker {

namespace {

/// Between the two axes samples are in units of 1/64 level: 255 levels leave room in 16 bits for what lanczos adds at edges.
constexpr int kFraction = 6;

int longest(const std::vector<Taps>& axis) {
  std::size_t longest = 0;
  for (const Taps& taps : axis) longest = std::max(longest, taps.weights.size());
  return static_cast<int>(longest);
}

/// Samples that a line of the processor's cache has, and more than a group.
constexpr int kAligned = 32;

}  // namespace

Resampler::Resampler(Resampling method, cv::Size in, cv::Size out)
    : in_(in),
      out_(out),
      x_(make_resampling_axis(method, in.width, out.width)),
      y_(make_resampling_axis(method, in.height, out.height)) {}

void Resampler::apply(const cv::Mat& in, cv::Mat& out) {
  SHEAF_CHECK(in.depth() == CV_8U && in.type() == out.type() && in.size() == in_ && out.size() == out_);
  rows_made_ = 0;
  rows_.create(longest(y_), (out_.width * in.channels() + kAligned - 1) / kAligned * kAligned);
  for (int y = 0; y < out_.height; ++y) {
    const Taps& taps = y_[static_cast<std::size_t>(y)];
    from_.clear();
    for (int k = 0; k < static_cast<int>(taps.weights.size()); ++k) from_.push_back(widened_row(in, taps.first + k));
    add_weighted_rows(from_.data(), taps, kFraction, out.ptr(y), out_.width * in.channels());
  }
}

const std::int16_t* Resampler::widened_row(const cv::Mat& in, int y) {
  const int wanted = std::clamp(y, 0, in_.height - 1);
  for (; rows_made_ <= wanted; ++rows_made_) {
    widen_row(in.ptr(rows_made_), in.channels(), rows_.ptr<std::int16_t>(rows_made_ % rows_.rows));
  }
  return rows_.ptr<std::int16_t>(wanted % rows_.rows);
}

void Resampler::widen_row(const std::uint8_t* row, int channels, std::int16_t* out) {
  // What lies outside, on both sides, is the edge once more.
  const int before = std::max(0, -x_.begin());
  const int after = std::max(0, x_.end() - in_.width);
  line_.resize(static_cast<std::size_t>(before + in_.width + after));
  std::uint8_t* line = line_.data() + before;
  for (int channel = 0; channel < channels; ++channel) {
    if (channels == 1) {
      std::copy_n(row, in_.width, line);
    } else {
      for (int x = 0; x < in_.width; ++x) line[x] = row[x * channels + channel];
    }
    std::fill_n(line_.data(), before, line[0]);
    std::fill_n(line + in_.width, after, line[in_.width - 1]);
    if (channels == 1) return add_weighted_samples(line, x_, -kFraction, out);
    channel_.resize(static_cast<std::size_t>(x_.groups() * SampleTaps::kGroup));
    add_weighted_samples(line, x_, -kFraction, channel_.data());
    for (int x = 0; x < out_.width; ++x) out[x * channels + channel] = channel_[static_cast<std::size_t>(x)];
  }
}

}  // namespace sheaf::worker
