#pragma once

#include <vector>

#include "worker/ops/taps.h"

namespace sheaf::worker {

/// How a sample of the new size weighs those of the old one around it. With r = in / out, its center lies at
/// (x + 0.5) * r - 0.5 among them; distances are counted in samples of the coarser of the two, so that making smaller takes
/// every sample into account.
enum class Resampling {
  kArea,    ///< By how much of it the new sample covers.
  kLinear,  ///< 1 - |d|, up to a distance of 1.
  kCubic,   ///< Keys's cubic convolution with a = -0.5 (Catmull-Rom), up to 2.
  kLanczos  ///< sinc(d) * sinc(d / 3), up to 3.
};

/// The weights of each of `out` samples that are made of `in`, all with the same bits. `first` counts from the first sample of
/// the input and never goes down; neighbours may lie outside, where the edge repeats.
std::vector<Taps> make_resampling_axis(Resampling method, int in, int out);

}  // namespace sheaf::worker
