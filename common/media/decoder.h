#pragma once

#include "common/base/result.h"
#include "common/media/av.h"
#include "sheaf/v1/video.pb.h"

namespace sheaf::media {

/// What libavcodec needs to decode the stream, from the wire's form. Errors: kUsage for a codec, pixel format or size that this
/// build does not know; nothing in `stream` is trusted.
Result<CodecParametersPtr> to_codec_parameters(const v1::StreamParameters& stream);

/// It never shows frames that it knows to be incomplete: what is missing can be found out, what is
/// wrong cannot (AV_CODEC_FLAG_OUTPUT_CORRUPT and AV_CODEC_FLAG2_SHOW_ALL stay off).
///
/// Not thread-safe; one per job, never used again: state of an earlier job would make results depend on the order of jobs.
class Decoder {
 public:
  enum class Purpose {
    kPictures,  ///< On one thread.
    kOrder,     ///< Which frames come out when; the pictures are not quite right. On all cores.
  };

  /// Errors: kUsage if this build of libavcodec cannot decode the stream.
  static Result<Decoder> open(const v1::StreamParameters& stream, Purpose purpose = Purpose::kPictures);

  /// Gives the decoder a packet (nullptr: that was the last one). Fetch with receive() until it has no more before the next
  /// call. A packet that cannot be decoded is not an error: its frames are missing, and others follow. It only raises
  /// damaged_packets(). Errors: kFailed for what is not the stream's fault (memory).
  Status send(const AVPacket* packet);

  /// The next frame in presentation order; null when more packets are needed, or after the last packet when there are none
  /// left. Frames that the container hides (edit lists) do not come out. Errors: as send().
  Result<FramePtr> receive();

  int damaged_packets() const { return damaged_packets_; }

 private:
  explicit Decoder(CodecContextPtr context) : context_(std::move(context)) {}

  CodecContextPtr context_;
  int damaged_packets_ = 0;
};

/// The frame's presentation time in the stream's time base: its own, or where it has none the decoder's best guess.
/// AV_NOPTS_VALUE if there is no guess either.
std::int64_t frame_pts(const AVFrame& frame);

/// Whether the decoder says that the frame is not what the encoder meant: errors were hidden, or parts are missing.
bool is_damaged(const AVFrame& frame);

}  // namespace sheaf::media
