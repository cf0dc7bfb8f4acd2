#include "client/exit_code.h"

#include <algorithm>

#include "common/base/check.h"

namespace sheaf::client {

int exit_code(const std::vector<Error>& errors, int signal) {
  SHEAF_CHECK(!errors.empty());
  const bool wrong_use =
      std::any_of(errors.begin(), errors.end(), [](const Error& error) { return error.code == ErrorCode::kUsage; });
  if (wrong_use) return sheaf::exit_code(ErrorCode::kUsage);
  if (errors.front().code == ErrorCode::kStopped && signal != 0) return 128 + signal;
  return sheaf::exit_code(errors.front().code);
}

}  // namespace sheaf::client
