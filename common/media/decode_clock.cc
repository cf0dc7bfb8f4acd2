#include "common/media/decode_clock.h"

extern "C" {
#include <libavutil/mathematics.h>
}

namespace sheaf::media {

namespace {

constexpr AVRational kMicrosecond{1, AV_TIME_BASE};

}  // namespace

DecodeClock::DecodeClock(AVRational time_base, AVRational frame_rate, int delay) : time_base_(time_base) {
  const bool has_rate = frame_rate.num > 0 && frame_rate.den > 0;
  frame_microseconds_ = has_rate ? AV_TIME_BASE * static_cast<std::int64_t>(frame_rate.den) / frame_rate.num : 0;
  next_ = has_rate ? static_cast<std::int64_t>(-delay * AV_TIME_BASE / av_q2d(frame_rate)) : 0;
}

std::int64_t DecodeClock::next(std::int64_t dts) {
  if (dts != AV_NOPTS_VALUE) next_ = av_rescale_q(dts, time_base_, kMicrosecond);
  return next_ == AV_NOPTS_VALUE ? next_ : av_rescale_q(next_, kMicrosecond, time_base_);
}

void DecodeClock::advance(std::int64_t duration) {
  const std::int64_t step = duration > 0 ? av_rescale_q(duration, time_base_, kMicrosecond) : frame_microseconds_;
  next_ = next_ == AV_NOPTS_VALUE || step == 0 ? AV_NOPTS_VALUE : next_ + step;
}

}  // namespace sheaf::media
