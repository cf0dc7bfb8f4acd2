#include "common/base/exit_code.h"

#include <algorithm>
#include <csignal>

#include "common/base/check.h"

namespace sheaf {

int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::kFailed: return kExitFailed;
    case ErrorCode::kUsage: return kExitUsage;
    case ErrorCode::kInput: return kExitInput;
    case ErrorCode::kOutput: return kExitOutput;
    case ErrorCode::kCluster: return kExitCluster;
    case ErrorCode::kState: return kExitState;
    case ErrorCode::kStopped: return exit_code_of_signal(SIGINT);
    case ErrorCode::kOutputClosed: return kExitOutputClosed;
  }
  return kExitFailed;
}

int exit_code(const std::vector<Error>& errors, int signal) {
  SHEAF_CHECK(!errors.empty());
  const bool wrong_use =
      std::any_of(errors.begin(), errors.end(), [](const Error& error) { return error.code == ErrorCode::kUsage; });
  if (wrong_use) return kExitUsage;
  if (errors.front().code == ErrorCode::kStopped && signal != 0) return exit_code_of_signal(signal);
  return exit_code(errors.front().code);
}

}  // namespace sheaf
