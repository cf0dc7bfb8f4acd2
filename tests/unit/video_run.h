#pragma once

/// Stage and executor in one process, without master and wire: plan, run every job, bind, publish; then ffmpeg says whether
/// each frame of the output is the frame of the input.

#include <functional>
#include <string>

#include "common/base/result.h"
#include "sheaf/v1/video.pb.h"
#include "stage/stage_kind.h"

namespace sheaf::test {

/// `copy`, losslessly, over whatever is there.
v1::VideoRequest copy_request(const std::string& input, const std::string& output);

struct Outcome {
  stage::StagePlan plan;
  stage::StageReport report;
};

/// Does everything that a cluster does, one job after the other. `planned` is called when the first job can be cut.
Result<Outcome> run_video(const v1::VideoRequest& request, const std::function<void()>& planned = {});

/// Why the request is refused, without overwriting; fails the test if it is not.
Error error_of(v1::VideoRequest request);

/// Every frame's pixels, losslessly encoded, at its time: exactly, in Matroska to its millisecond.
void expect_exact(const std::string& input, const std::string& output);

/// Every frame at its time; the pixels are another codec's.
void expect_same_times(const std::string& input, const std::string& output);

}  // namespace sheaf::test
