#pragma once

#include <string>

namespace sheaf::worker {

/// All that the bytes of a video result may depend on beside the job: versions of libav* and OpenCV, of the ops, and what each
/// encoder makes of two small frames. The last says more than a version: the encoders' libraries come on their own, and one
/// that gives other bytes on another processor shows it here. To find out takes a tenth of a second, so what was found is kept
/// in the user's cache, under a name that says of which code and which processor.
std::string video_fingerprint();

}  // namespace sheaf::worker
