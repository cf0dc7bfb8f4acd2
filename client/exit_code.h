#pragma once

#include <vector>

#include "common/base/result.h"

namespace sheaf::client {

inline constexpr int kExitDone = 0;
inline constexpr int kExitOutputClosed = 141;  ///< The reader of stdout has gone: `sheaf ops | head -1`. Silent.

/// What several errors at once exit with (one alone: exit_code() of common/base/result.h): wrong use comes before everything
/// else, because what it was used for is then in doubt; otherwise the first one decides. `signal`: which one stopped the run,
/// for kStopped; 0 when none did. `errors` is not empty (checked).
int exit_code(const std::vector<Error>& errors, int signal = 0);

}  // namespace sheaf::client
