#pragma once

#include <optional>

#include "common/base/digest.h"

namespace sheaf::worker {

/// What code this process runs: the build ids of the program and of every library it has loaded (a build id is a hash of what
/// the linker wrote), and the features of the processor. The same digest: the same code, on a processor on
/// which it does the same. Takes less than a millisecond.
///
/// Empty when one of them has no build id, so that nobody can say what it is.
std::optional<Digest> loaded_code();

}  // namespace sheaf::worker
