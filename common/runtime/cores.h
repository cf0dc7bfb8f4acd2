#pragma once

namespace sheaf {

/// The processors that this process may use, at least 1: in a container or under taskset fewer than the machine has.
unsigned usable_cores();

}  // namespace sheaf
