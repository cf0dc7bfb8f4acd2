#pragma once

#include <string>
#include <utility>

#include "common/runtime/blob.h"

namespace sheaf::worker {

/// What one attempt at a job has become.
struct JobOutput {
  // Not explicit: where nobody measures, the result alone will do.
  JobOutput(Blob result_bytes, std::string measured = {}) : result(std::move(result_bytes)), measures(std::move(measured)) {}

  Blob result;
  /// What this attempt took: serialized, the kind's own, at most wire::kMeasuresBytesMax. Not part of the result: two attempts
  /// at a job give equal results, which is checked, and never equal times.
  std::string measures;
};

}  // namespace sheaf::worker
