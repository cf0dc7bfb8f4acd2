#pragma once

#include <vector>

#include "common/base/result.h"

namespace sheaf {

/// What the programs of sheaf exit with: the one list, which the table in README.md repeats for users.
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;   ///< The run failed.
inline constexpr int kExitUsage = 2;    ///< An option, op, argument or template is wrong.
inline constexpr int kExitInput = 3;    ///< The input is missing, not what it should be, damaged, or changed.
inline constexpr int kExitOutput = 4;   ///< The output exists, cannot be written, or its container cannot carry a stream.
inline constexpr int kExitCluster = 5;  ///< No master, no worker, refused, or another version.
inline constexpr int kExitState = 7;    ///< The state directory is damaged or belongs to another command.
inline constexpr int kExitOutputClosed = 141;  ///< The reader of stdout has gone: `sheaf ops | head -1`. Silent.

/// 130 for SIGINT, 143 for SIGTERM: as a shell says that a signal has ended a command.
constexpr int exit_code_of_signal(int signal) {
  return 128 + signal;
}

/// kStopped is 130 here; who knows which signal it was says so.
int exit_code(ErrorCode code);

/// What several errors at once exit with: wrong use comes before everything else, because what it was used for is then in
/// doubt; otherwise the first one decides. `signal`: which one stopped the run, for kStopped; 0 when none did. `errors` is not
/// empty (checked).
int exit_code(const std::vector<Error>& errors, int signal = 0);

}  // namespace sheaf
