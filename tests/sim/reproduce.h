#pragma once

#include <cstdint>
#include <string>

namespace sheaf::sim {

/// The command that shows what a seed does.
std::string how_to_reproduce(std::uint64_t seed);

/// From now on a broken invariant (SHEAF_CHECK aborts) prints how to reproduce it: `seed` is what runs.
void announce_seed(std::uint64_t seed);

}  // namespace sheaf::sim
