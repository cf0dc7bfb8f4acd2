#include "common/media/decoder.h"

#include <cstring>

extern "C" {
#include <libavutil/imgutils.h>
#include <libavutil/mem.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
}

namespace sheaf::media {

namespace {

constexpr std::size_t kExtradataBytesMax = 16 * 1024 * 1024;

template <class Enum>
Enum to_enum(int value, int end, Enum otherwise) {
  return value >= 0 && value < end ? static_cast<Enum>(value) : otherwise;
}

/// Not the stream's fault, and nothing that the next packet would make good.
bool is_fatal(int error) {
  return error == AVERROR(ENOMEM) || error == AVERROR(ENOSYS);
}

}  // namespace

Result<CodecParametersPtr> to_codec_parameters(const v1::StreamParameters& stream) {
  const AVCodecDescriptor* descriptor = avcodec_descriptor_get_by_name(stream.codec().c_str());
  if (descriptor == nullptr || descriptor->type != AVMEDIA_TYPE_VIDEO) {
    return fail(ErrorCode::kUsage, "there is no video codec '" + stream.codec() + "' in this build of libavcodec");
  }
  const AVPixelFormat format = av_get_pix_fmt(stream.pixel_format().c_str());
  if (format == AV_PIX_FMT_NONE) {
    return fail(ErrorCode::kUsage, "there is no pixel format '" + stream.pixel_format() + "' in this build of libavutil");
  }
  if (stream.width() <= 0 || stream.height() <= 0 ||
      av_image_check_size(static_cast<unsigned>(stream.width()), static_cast<unsigned>(stream.height()), 0, nullptr) < 0) {
    return fail(ErrorCode::kUsage,
                "frames of " + std::to_string(stream.width()) + "x" + std::to_string(stream.height()) + " cannot be decoded");
  }
  if (stream.extradata().size() > kExtradataBytesMax) return fail(ErrorCode::kUsage, "the stream's extradata is too large");

  CodecParametersPtr parameters(avcodec_parameters_alloc());
  if (!parameters) return fail(ErrorCode::kFailed, "out of memory");
  parameters->codec_type = AVMEDIA_TYPE_VIDEO;
  parameters->codec_id = descriptor->id;
  parameters->codec_tag = stream.codec_tag();
  if (!stream.extradata().empty()) {
    parameters->extradata = static_cast<std::uint8_t*>(av_mallocz(stream.extradata().size() + AV_INPUT_BUFFER_PADDING_SIZE));
    if (parameters->extradata == nullptr) return fail(ErrorCode::kFailed, "out of memory");
    std::memcpy(parameters->extradata, stream.extradata().data(), stream.extradata().size());
    parameters->extradata_size = static_cast<int>(stream.extradata().size());
  }
  parameters->width = stream.width();
  parameters->height = stream.height();
  parameters->format = format;
  parameters->profile = stream.profile();
  parameters->level = stream.level();
  parameters->bit_rate = stream.bit_rate();
  parameters->bits_per_coded_sample = stream.bits_per_coded_sample();
  parameters->bits_per_raw_sample = stream.bits_per_raw_sample();
  parameters->video_delay = stream.video_delay() >= 0 && stream.video_delay() <= 16 ? stream.video_delay() : 0;
  parameters->color_range = to_enum(stream.color_range(), AVCOL_RANGE_NB, AVCOL_RANGE_UNSPECIFIED);
  parameters->color_primaries = to_enum(stream.color_primaries(), AVCOL_PRI_NB, AVCOL_PRI_UNSPECIFIED);
  parameters->color_trc = to_enum(stream.color_transfer(), AVCOL_TRC_NB, AVCOL_TRC_UNSPECIFIED);
  parameters->color_space = to_enum(stream.color_space(), AVCOL_SPC_NB, AVCOL_SPC_UNSPECIFIED);
  parameters->chroma_location = to_enum(stream.chroma_location(), AVCHROMA_LOC_NB, AVCHROMA_LOC_UNSPECIFIED);
  parameters->field_order = to_enum(stream.field_order(), AV_FIELD_BT + 1, AV_FIELD_UNKNOWN);
  const v1::Rational& aspect = stream.sample_aspect_ratio();
  if (aspect.num() > 0 && aspect.den() > 0) parameters->sample_aspect_ratio = {aspect.num(), aspect.den()};
  return parameters;
}

Result<Decoder> Decoder::open(const v1::StreamParameters& stream, Purpose purpose) {
  auto parameters = to_codec_parameters(stream);
  if (!parameters) return propagate(parameters);
  const AVCodec* codec = avcodec_find_decoder((*parameters)->codec_id);
  if (codec == nullptr) return fail(ErrorCode::kUsage, "this build of libavcodec has no decoder for " + stream.codec());
  CodecContextPtr context(avcodec_alloc_context3(codec));
  if (!context) return fail(ErrorCode::kFailed, "out of memory");
  if (const int error = avcodec_parameters_to_context(context.get(), parameters->get()); error < 0) {
    return fail(ErrorCode::kUsage, "the decoder for " + stream.codec() + " refuses the stream: " + av_error_text(error));
  }
  context->pkt_timebase = {stream.time_base().num(), stream.time_base().den()};
  context->framerate = {stream.frame_rate().num(), stream.frame_rate().den()};
  context->thread_count = purpose == Purpose::kPictures ? 1 : 0;
  if (purpose == Purpose::kOrder) context->skip_loop_filter = AVDISCARD_ALL;
  if (stream.x264_build() > 0 && context->codec_id == AV_CODEC_ID_H264 && context->priv_data != nullptr) {
    av_opt_set_int(context->priv_data, "x264_build", stream.x264_build(), 0);
  }
  if (const int error = avcodec_open2(context.get(), codec, nullptr); error < 0) {
    return fail(ErrorCode::kUsage, "the decoder for " + stream.codec() + " refuses the stream: " + av_error_text(error));
  }
  return Decoder(std::move(context));
}

Status Decoder::send(const AVPacket* packet) {
  const int error = avcodec_send_packet(context_.get(), packet);
  if (error >= 0 || error == AVERROR_EOF) return {};
  if (is_fatal(error)) return fail(ErrorCode::kFailed, "the decoder stopped: " + av_error_text(error));
  ++damaged_packets_;
  return {};
}

Result<FramePtr> Decoder::receive() {
  while (true) {
    FramePtr frame = make_frame();
    const int error = avcodec_receive_frame(context_.get(), frame.get());
    if (error >= 0) {
      if ((frame->flags & AV_FRAME_FLAG_DISCARD) != 0) continue;
      return frame;
    }
    if (error == AVERROR(EAGAIN) || error == AVERROR_EOF) return FramePtr();
    if (is_fatal(error)) return fail(ErrorCode::kFailed, "the decoder stopped: " + av_error_text(error));
    ++damaged_packets_;  // It goes on with what follows.
  }
}

std::int64_t frame_pts(const AVFrame& frame) {
  return frame.pts != AV_NOPTS_VALUE ? frame.pts : frame.best_effort_timestamp;
}

bool is_damaged(const AVFrame& frame) {
  return frame.decode_error_flags != 0 || (frame.flags & AV_FRAME_FLAG_CORRUPT) != 0;
}

}  // namespace sheaf::media
