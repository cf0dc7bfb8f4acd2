#include "common/runtime/cores.h"

#include <sched.h>

#include <algorithm>
#include <thread>

namespace sheaf {

unsigned usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  // Fails where there are more processors than the set has room for.
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
  return std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace sheaf
