#pragma once

#include <vector>

#include "client/video_options.h"
#include "common/base/result.h"

namespace sheaf::client {

/// Looks at the two files as far as that goes without opening a video: so that a wrong name is an answer at once and not after
/// a cluster has been started. Only when the stage runs here; the stage checks everything again.
///
/// All faults at once: kInput when the input is missing, a folder, or cannot be read; kOutput when the output exists and may
/// not be replaced, is the input itself (by another name or link, too), is no file, or when its folder is missing or cannot be
/// written.
std::vector<Error> check_video_files(const VideoOptions& options);

}  // namespace sheaf::client
