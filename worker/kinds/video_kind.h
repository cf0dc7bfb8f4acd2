#pragma once

#include <memory>

#include "worker/executor/job_kind.h"

namespace sheaf::worker {

/// The kind "video": decodes the packets of a VideoJob, puts the frames that the job owns through the run's ops, encodes them,
/// and returns a VideoResult. Sets libav and OpenCV up for the whole process: one thread a slot, quiet.
std::unique_ptr<JobKind> make_video_kind();

}  // namespace sheaf::worker
