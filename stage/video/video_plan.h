#pragma once

#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/media/encoder.h"
#include "common/media/input.h"
#include "common/media/packet_index.h"
#include "sheaf/v1/video.pb.h"
#include "stage/video/cut_plan.h"

namespace sheaf::stage {

/// What every job of a run shares, and what the planner has to know of it.
struct VideoSetupPlan {
  v1::VideoSetup setup;
  double frame_cost = 1;                   ///< Of ops and encoder, in decodes of one frame.
  std::uint32_t encoder_gop_frames = 250;  ///< As in CutOptions.
  bool has_seams = false;                  ///< Whether pictures depend on one another.
};

/// Works out the setup for the video of `input`: from stream parameters over the ops to the encoder's settings. Errors: kUsage
/// when the ops, the encoder or the size do not fit; kInput when the video is of a sort that is not supported yet.
Result<VideoSetupPlan> plan_setup(const v1::VideoRequest& request, media::Input& input);

/// Cuts the video into jobs.
std::vector<JobCut> plan_jobs(const media::PacketIndex& index, const VideoSetupPlan& setup, std::uint32_t chunk_frames);

}  // namespace sheaf::stage
