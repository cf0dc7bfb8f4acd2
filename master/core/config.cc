#include "master/core/config.h"

namespace sheaf::master {

Status SchedulerConfig::validate() const {
  const auto out_of_range = [](const char* field, const char* rule) { return fail(ErrorCode::kUsage, rule, field); };
  if (epoch == 0) return out_of_range("epoch", "starts at 1");
  if (worker_silence_max < std::chrono::milliseconds(1)) return out_of_range("worker_silence_max", "must be at least 1ms");
  if (lease < std::chrono::milliseconds(100)) return out_of_range("lease", "must be at least 100ms");
  if (deliver_window_bytes == 0) return out_of_range("deliver_window_bytes", "must be at least 1");
  if (deliver_jobs_window == 0) return out_of_range("deliver_jobs_window", "must be at least 1");
  if (jobs_window == 0) return out_of_range("jobs_window", "must be at least 1");
  if (spool_jobs_window == 0) return out_of_range("spool_jobs_window", "must be at least 1");
  if (strikes_max == 0) return out_of_range("strikes_max", "must be at least 1");
  if (refusals_max == 0) return out_of_range("refusals_max", "must be at least 1");
  if (revisions_max == 0) return out_of_range("revisions_max", "must be at least 1");
  if (split_parts_max < 2) return out_of_range("split_parts_max", "must be at least 2");
  if (worker_jobs_max == 0) return out_of_range("worker_jobs_max", "must be at least 1");
  return {};
}

}  // namespace sheaf::master
