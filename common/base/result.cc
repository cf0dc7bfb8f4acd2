#include "common/base/result.h"

#include "common/base/text.h"

namespace sheaf {

const char* error_code_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kFailed: return "failed";
    case ErrorCode::kUsage: return "usage";
    case ErrorCode::kInput: return "input";
    case ErrorCode::kOutput: return "output";
    case ErrorCode::kCluster: return "cluster";
    case ErrorCode::kState: return "state";
    case ErrorCode::kStopped: return "stopped";
    case ErrorCode::kOutputClosed: return "output_closed";
  }
  return "failed";
}

std::string Error::message() const {
  std::string line;
  if (!where.empty()) line += where + ": ";
  line += what;
  if (!advice.empty()) line += "; " + advice;
  return escape_control(line);
}

}  // namespace sheaf
