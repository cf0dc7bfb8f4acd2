#pragma once

#include <vector>

#include "worker/ops/weighted_sums.h"

namespace sheaf::worker {

/// A Gaussian along one axis, in integers and in three steps, whose cost hardly grows with sigma:
///
///   narrow:  narrowed[i] = the samples around i * step, weighted by `narrow`
///   smooth:  smoothed[i] = the narrowed ones around i, weighted by `smooth`
///   widen:   out[i * step + p] = the smoothed ones around i, weighted by widen[p], for p from 0 to step - 1
///
/// `narrow` and `widen` are the cubic B-spline of `step` samples (four boxes on each other): it lets next to nothing through of
/// what every step-th sample alone could not tell apart. `smooth` is what is missing to the Gaussian, found from the quotient
/// of the frequency responses. A sigma that is small against one step has step 1: `narrow` is then the Gaussian itself, and the
/// other two are empty.
///
/// docs/decisions/blur.md has the reasons, and what else was tried.
struct GaussianAxis {
  int step = 1;
  SymmetricTaps narrow;
  SymmetricTaps smooth;
  std::vector<Taps> widen;
};

/// `sigma` in samples, over 0. The three steps together differ from the Gaussian, sampled and scaled to the sum 1, by at most
/// 0.2 of 255 levels, whatever the samples are (tests/unit/gaussian_test.cc adds up the weights and shows it).
GaussianAxis make_gaussian_axis(double sigma);

}  // namespace sheaf::worker
