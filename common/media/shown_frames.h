#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/media/input.h"

namespace sheaf::media {

/// What a decoder shows of a video when it decodes all of it from front to back.
struct ShownFrames {
  /// For each packet in decode order the time at which its picture is shown, in units of the stream's time base; INT64_MIN if
  /// none is shown: the packet holds no picture of its own, a hidden one, or one that nothing before it allows to rebuild.
  std::vector<std::int64_t> pts;
  /// So many packets could not be decoded after the first picture had been shown; those before it may lack what the file does
  /// not have.
  int damaged = 0;
  int unclaimed = 0;            ///< So many pictures came out of no packet that is known, or of one that has shown another.
  std::uint32_t not_later = 0;  ///< So many pictures are not shown later than the one that came out before them.
};

/// Decodes the whole video of `input`, which must be fresh and opened for it: for streams whose container does not say when
/// which picture is shown. What the pictures look like is of no interest here, so the decoder works with all cores and leaves
/// out what the order does not depend on.
///
/// Times are those that the ffmpeg program finds: of the packet that the picture is in where it has one, else of the decode
/// time (decode_clock.h) of the packet at which the picture came out. (Source: process_input_packet() and decode_video() of
/// ffmpeg 5.1, and best_effort_timestamp of libavcodec.)
///
/// Errors: kInput when the file cannot be read, kUsage when there is no decoder, kFailed as Decoder::send().
Result<ShownFrames> decode_in_order(Input& input);

}  // namespace sheaf::media
