#include "master/stages/video_verify.h"

#include <algorithm>
#include <vector>

extern "C" {
#include <libavutil/mathematics.h>
}

namespace sheaf::stages {

Status verify_output(const std::string& path, const media::PacketIndex& index, const media::Muxer& muxer) {
  const auto mismatch = [&](std::string what) {
    return fail(ErrorCode::kOutput, "the container does not keep all frames: " + std::move(what), path,
                path.ends_with(".mov") ? "" : "use .mov: it keeps times exactly");
  };
  auto file = media::InputFile::open(path);
  if (!file) return mismatch("it cannot be read back (" + file.error().what + ")");
  auto input = media::Input::open(*file, media::Input::Purpose::kVideo);
  if (!input) return mismatch("it cannot be read back (" + input.error().what + ")");
  const AVRational time_base = input->video().time_base;

  // Only the times, and only until they are compared: a second index would double the stage's memory.
  std::vector<std::int64_t> times;
  times.reserve(index.frames());
  const media::PacketPtr packet = media::make_packet();
  for (;;) {
    auto more = input->read(*packet);
    if (!more) return propagate(more);
    if (!*more) break;
    if ((packet->flags & AV_PKT_FLAG_DISCARD) == 0)
      times.push_back(av_rescale_q(packet->pts, time_base, muxer.video_time_base()));
  }
  if (times.size() != index.frames()) {
    return mismatch(std::to_string(times.size()) + " of " + std::to_string(index.frames()) + " are in it");
  }
  std::sort(times.begin(), times.end());
  for (std::uint32_t frame = 0; frame < index.frames(); ++frame) {
    if (times[frame] != muxer.video_time(index.frame_pts(frame))) {
      return mismatch("frame " + std::to_string(frame) + " is at another time");
    }
  }
  return {};
}

}  // namespace sheaf::stages
