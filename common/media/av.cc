#include "common/media/av.h"

#include "common/base/check.h"
#include "common/media/read_log.h"

namespace sheaf::media {

FramePtr make_frame() {
  FramePtr frame(av_frame_alloc());
  SHEAF_CHECK(frame != nullptr);
  return frame;
}

PacketPtr make_packet() {
  PacketPtr packet(av_packet_alloc());
  SHEAF_CHECK(packet != nullptr);
  return packet;
}

std::string av_error_text(int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(error, text, sizeof text);
  return text;
}

void set_up_libav() {
  listen_to_libav();
}

}  // namespace sheaf::media
