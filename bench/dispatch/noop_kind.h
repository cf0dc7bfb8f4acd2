#pragma once

#include "common/kinds/kinds.h"

namespace sheaf::bench {

/// A kind that does nothing, to measure what everything around a job costs. Its programs are never installed.
inline constexpr Kind kNoop{.name = "noop",
                            .deterministic = true,
                            .second_attempt = true,
                            .stage_program = "sheaf-stage-noop",
                            .executor_program = "sheaf-executor-noop"};

/// Of a run's request: "JOBS BYTES many" feeds as far as the credit goes; "JOBS BYTES alone" feeds each job when the one before
/// is bound.
struct NoopRequest {
  unsigned long long jobs = 0;
  unsigned long long job_bytes = 0;  ///< At least kNoopResultBytes.
  bool alone = false;
};

/// What each result is: the beginning of its job.
inline constexpr unsigned kNoopResultBytes = 16;

}  // namespace sheaf::bench
