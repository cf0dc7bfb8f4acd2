#include "common/runtime/clock.h"

namespace sheaf {

Instant now() {
  return Instant(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace sheaf
