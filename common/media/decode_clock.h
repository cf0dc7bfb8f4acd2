#pragma once

#include <cstdint>

#include "common/media/av.h"

namespace sheaf::media {

/// Decode times as the ffmpeg program has them, which invents those that are missing: before the first that a packet states it
/// begins before 0, by the frames that a decoder holds back, and it goes on by durations. It counts microseconds.
class DecodeClock {
 public:
  /// `delay`: the frames that a decoder holds back to put them in order.
  DecodeClock(AVRational time_base, AVRational frame_rate, int delay);

  /// The decode time of the next packet, which states `dts` (AV_NOPTS_VALUE: none).
  std::int64_t next(std::int64_t dts);
  /// Goes on by the packet's duration, 0: unknown. Once for the packet, and once for each frame but the first that it yields.
  void advance(std::int64_t duration);

 private:
  AVRational time_base_;
  std::int64_t frame_microseconds_;
  std::int64_t next_;
};

}  // namespace sheaf::media
