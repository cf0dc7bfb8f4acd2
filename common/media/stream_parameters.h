#pragma once

#include "common/media/av.h"
#include "sheaf/v1/video.pb.h"

namespace sheaf::media {

/// What a decoder on another machine has to know of the video stream `stream` of `input`.
v1::StreamParameters describe_stream(AVFormatContext& input, AVStream& stream);

inline AVRational to_av(const v1::Rational& rational) {
  return {rational.num(), rational.den()};
}
inline v1::Rational from_av(AVRational rational) {
  v1::Rational result;
  result.set_num(rational.num);
  result.set_den(rational.den);
  return result;
}

}  // namespace sheaf::media
