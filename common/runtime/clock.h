#pragma once

#include "common/base/time.h"

namespace sheaf {

/// The time on CLOCK_MONOTONIC. Only loops and programs call it; what they drive is given the time.
Instant now();

}  // namespace sheaf
