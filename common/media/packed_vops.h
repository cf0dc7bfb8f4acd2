#pragma once

#include <cstddef>
#include <deque>
#include <memory>

extern "C" {
#include <libavcodec/bsf.h>
}

#include "common/base/result.h"
#include "common/media/av.h"

namespace sheaf::media {

/// Takes the "packed bitstream" of old MPEG-4 encoders (DivX, Xvid in AVI) apart: there a packet holds a P picture and the B
/// picture that is shown before it, and an empty packet follows later to keep the count. A decoder gives such frames the times
/// of the wrong packets. Here every picture becomes a packet of its own, with its own time: a B picture is shown when it is
/// decoded, any other one when the next of its sort is decoded (as ISO/IEC 14496-2 orders them, and as libavformat generates
/// times).
class PackedVops {
 public:
  /// Whether a stream says that it is packed, in its extradata.
  static bool is_packed(const AVCodecParameters& parameters);

  /// Afterwards `stream` no longer says so. Errors: kFailed if this build of libavcodec lacks the filter for it.
  static Result<std::unique_ptr<PackedVops>> open(AVStream& stream);

  /// Takes the content of `packet`, of that stream; nullptr: there are no more. Errors: kInput.
  Status send(AVPacket* packet);
  /// The next packet with its time; false if more must be sent first, or there are no more.
  bool receive(AVPacket& packet);

 private:
  struct FilterDeleter {
    void operator()(AVBSFContext* filter) const { av_bsf_free(&filter); }
  };

  void take(PacketPtr packet);

  std::unique_ptr<AVBSFContext, FilterDeleter> filter_;
  std::deque<PacketPtr> queue_;
  std::size_t ready_ = 0;  ///< So many packets at the front have their times.
};

}  // namespace sheaf::media
