#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/media/av.h"
#include "common/media/encoder_traits.h"
#include "sheaf/v1/video.pb.h"

namespace sheaf::media {

/// The pixel format that `encoder` gets for frames of `source`: the source's own where the encoder takes it, else the nearest
/// that loses nothing (libavutil names). Errors: kUsage when every one would lose something.
Result<std::string> lossless_pixel_format(const std::string& encoder, const std::string& source);

/// The format of 8 bits a sample that the lossless encoder takes and that keeps most of `source`: "yuv422p" for "yuv422p10le".
std::string nearest_eight_bit_format(const std::string& source);

/// One encoder with one thread in its reproducible mode: global header, closed GOPs, picture types its own choice. Frames keep
/// the pts they come with. With equal settings every instance gives equal extradata, and equal frames give equal packets.
///
/// Not thread-safe; one per job.
class Encoder {
 public:
  /// Errors: kUsage when libavcodec refuses the settings.
  static Result<Encoder> open(const v1::EncoderSettings& settings);

  const std::string& extradata() const { return extradata_; }
  /// By how many frames decode order runs ahead (has_b_frames): the D of the DTS rule.
  int delay() const;
  const AVCodecContext& context() const { return *context_; }

  /// Encodes `frame` (its pts in the settings' time base) and appends the packets that come out. nullptr ends the stream.
  Status encode(const AVFrame* frame, std::vector<PacketPtr>& packets);

 private:
  explicit Encoder(CodecContextPtr context);

  CodecContextPtr context_;
  std::string extradata_;
};

}  // namespace sheaf::media
