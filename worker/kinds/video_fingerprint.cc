#include "worker/kinds/video_fingerprint.h"

#include "common/base/check.h"
#include "common/base/digest.h"
#include "common/media/encoder.h"
#include "common/ops/catalogue.h"
#include "common/runtime/kept_text.h"
#include "worker/kinds/loaded_code.h"
#include "worker/ops/op_factory.h"

extern "C" {
#include <libavutil/avutil.h>
#include <libswscale/swscale.h>
}

namespace sheaf::worker {

namespace {

constexpr int kSize = 64;  // Pixels; large enough for all encoders.

std::string version_text(unsigned version) {
  return std::to_string(AV_VERSION_MAJOR(version)) + "." + std::to_string(AV_VERSION_MINOR(version)) + "." +
         std::to_string(AV_VERSION_MICRO(version));
}

media::FramePtr sample_frame(int number) {
  media::FramePtr frame = media::make_frame();
  frame->format = AV_PIX_FMT_YUV420P;
  frame->width = kSize;
  frame->height = kSize;
  frame->pts = number;
  SHEAF_CHECK(av_frame_get_buffer(frame.get(), 0) >= 0);
  for (int plane = 0; plane < 3; ++plane) {
    const int size = plane == 0 ? kSize : kSize / 2;
    for (int y = 0; y < size; ++y) {
      for (int x = 0; x < size; ++x) {
        frame->data[plane][y * frame->linesize[plane] + x] = static_cast<std::uint8_t>((x + number) * (y + 3) + 40 * plane);
      }
    }
  }
  return frame;
}

/// "absent" where libavcodec was built without it.
std::string encoder_fingerprint(const std::string& name) {
  v1::EncoderSettings settings;
  settings.set_codec(name);
  settings.set_width(kSize);
  settings.set_height(kSize);
  settings.set_pixel_format("yuv420p");
  settings.mutable_time_base()->set_num(1);
  settings.mutable_time_base()->set_den(25);
  auto encoder = media::Encoder::open(settings);
  if (!encoder) return "absent";
  Hasher hasher;
  hasher.update(std::as_bytes(std::span(encoder->extradata())));
  std::vector<media::PacketPtr> packets;
  for (int number = 0; number < 2; ++number) {
    if (!encoder->encode(sample_frame(number).get(), packets)) return "broken";
  }
  if (!encoder->encode(nullptr, packets)) return "broken";
  for (const media::PacketPtr& packet : packets) {
    hasher.update(std::as_bytes(std::span(packet->data, static_cast<std::size_t>(packet->size))));
  }
  return hasher.digest().hex().substr(0, 16);
}

}  // namespace

namespace {

std::string measure_fingerprint() {
  std::string text = "video libavcodec=" + version_text(avcodec_version()) + " libavutil=" + version_text(avutil_version()) +
                     " libswscale=" + version_text(swscale_version()) + " opencv=" + opencv_version();
  for (const std::string& name : media::encoder_names()) text += " " + name + "=" + encoder_fingerprint(name);
  return text + " ops: " + ops::catalogue_fingerprint();
}

}  // namespace

std::string video_fingerprint() {
  const auto code = loaded_code();
  return code ? kept_text("video-fingerprint", code->hex(), measure_fingerprint) : measure_fingerprint();
}

}  // namespace sheaf::worker
