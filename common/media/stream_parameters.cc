#include "common/media/stream_parameters.h"

extern "C" {
#include <libavutil/pixdesc.h>
}

namespace sheaf::media {

v1::StreamParameters describe_stream(AVFormatContext& input, AVStream& stream) {
  const AVCodecParameters& parameters = *stream.codecpar;
  v1::StreamParameters result;
  result.set_codec(avcodec_get_name(parameters.codec_id));
  result.set_codec_tag(parameters.codec_tag);
  if (parameters.extradata_size > 0)
    result.set_extradata(parameters.extradata, static_cast<std::size_t>(parameters.extradata_size));
  result.set_width(parameters.width);
  result.set_height(parameters.height);
  if (const char* name = av_get_pix_fmt_name(static_cast<AVPixelFormat>(parameters.format))) result.set_pixel_format(name);
  result.set_profile(parameters.profile);
  result.set_level(parameters.level);
  result.set_bit_rate(parameters.bit_rate);
  result.set_bits_per_coded_sample(parameters.bits_per_coded_sample);
  result.set_bits_per_raw_sample(parameters.bits_per_raw_sample);
  result.set_video_delay(parameters.video_delay);
  result.set_color_range(parameters.color_range);
  result.set_color_primaries(parameters.color_primaries);
  result.set_color_transfer(parameters.color_trc);
  result.set_color_space(parameters.color_space);
  result.set_chroma_location(parameters.chroma_location);
  result.set_field_order(parameters.field_order);
  *result.mutable_sample_aspect_ratio() = from_av(av_guess_sample_aspect_ratio(&input, &stream, nullptr));
  *result.mutable_time_base() = from_av(stream.time_base);
  *result.mutable_frame_rate() = from_av(av_guess_frame_rate(&input, &stream, nullptr));
  return result;
}

}  // namespace sheaf::media
