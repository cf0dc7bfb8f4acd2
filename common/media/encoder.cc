#include "common/media/encoder.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/media/convert.h"

extern "C" {
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
}

namespace sheaf::media {

namespace {

/// A value from the wire for one of libavutil's enums; what lies outside is "unspecified" or refused by libavcodec itself.
template <class Enum>
Enum to_enum(int value, int end, Enum otherwise) {
  return value >= 0 && value < end ? static_cast<Enum>(value) : otherwise;
}

Status check_settings(const v1::EncoderSettings& settings, const EncoderTraits& traits) {
  const std::string where = settings.codec();
  if (settings.has_crf()) {
    if (traits.crf_default < 0) return fail(ErrorCode::kUsage, where + " has no crf", "--crf", "leave it out");
    if (!(settings.crf() >= 0 && settings.crf() <= traits.crf_max)) {
      return fail(ErrorCode::kUsage,
                  "the crf of " + where + " must lie between 0 and " + std::to_string(std::lround(traits.crf_max)), "--crf");
    }
  }
  if (!settings.preset().empty()) {
    if (traits.presets.empty()) return fail(ErrorCode::kUsage, where + " has no presets", "--preset", "leave it out");
    if (std::find(traits.presets.begin(), traits.presets.end(), settings.preset()) == traits.presets.end()) {
      return fail(ErrorCode::kUsage, where + " has no preset '" + settings.preset() + "'; there are " + join(traits.presets),
                  "--preset", did_you_mean(settings.preset(), traits.presets));
    }
  }
  if (settings.time_base().num() <= 0 || settings.time_base().den() <= 0) {
    return fail(ErrorCode::kUsage, "the time base is not a positive fraction", where);
  }
  return {};
}

/// What to use instead of an encoder that would lose something.
std::string use_lossless() {
  const EncoderTraits& lossless = lossless_encoder();
  return "use --codec " + lossless.name + " with a " + lossless.container_ending + " output";
}

Status check_size(const v1::EncoderSettings& settings, const EncoderTraits& traits, AVPixelFormat format) {
  const std::string size = std::to_string(settings.width()) + "x" + std::to_string(settings.height());
  if (av_image_check_size2(static_cast<unsigned>(settings.width()), static_cast<unsigned>(settings.height()), INT64_C(1) << 30,
                           format, 0, nullptr) < 0 ||
      settings.width() <= 0 || settings.height() <= 0) {
    return fail(ErrorCode::kUsage, "frames of " + size + " cannot be encoded", settings.codec());
  }
  if (traits.takes_odd_sizes) return {};
  const AVPixFmtDescriptor* descriptor = av_pix_fmt_desc_get(format);
  const int step_x = 1 << descriptor->log2_chroma_w;
  const int step_y = 1 << descriptor->log2_chroma_h;
  if (settings.width() % step_x == 0 && settings.height() % step_y == 0) return {};
  const std::string even =
      std::to_string(settings.width() / step_x * step_x) + ",height=" + std::to_string(settings.height() / step_y * step_y);
  return fail(ErrorCode::kUsage,
              settings.codec() + " cannot encode " + size + " in " + settings.pixel_format() +
                  ", where chroma is subsampled: " + (step_x > 1 ? "the width" : "") +
                  (step_x > 1 && step_y > 1 ? " and " : "") + (step_y > 1 ? "the height" : "") + " must be even",
              {}, "add --op resize:width=" + even + ", or " + use_lossless());
}

bool takes(const AVCodec& codec, AVPixelFormat format) {
  for (const AVPixelFormat* one = codec.pix_fmts; one != nullptr && *one != AV_PIX_FMT_NONE; ++one) {
    if (*one == format) return true;
  }
  return false;
}

void set_parameters(const v1::EncoderSettings& settings, AVPixelFormat format, AVCodecContext& context) {
  context.width = settings.width();
  context.height = settings.height();
  context.pix_fmt = format;
  context.time_base = {settings.time_base().num(), settings.time_base().den()};
  if (settings.frame_rate().num() > 0 && settings.frame_rate().den() > 0) {
    context.framerate = {settings.frame_rate().num(), settings.frame_rate().den()};
  }
  if (settings.sample_aspect_ratio().num() > 0 && settings.sample_aspect_ratio().den() > 0) {
    context.sample_aspect_ratio = {settings.sample_aspect_ratio().num(), settings.sample_aspect_ratio().den()};
  }
  context.color_range = to_enum(settings.color_range(), AVCOL_RANGE_NB, AVCOL_RANGE_UNSPECIFIED);
  context.color_primaries = to_enum(settings.color_primaries(), AVCOL_PRI_NB, AVCOL_PRI_UNSPECIFIED);
  context.color_trc = to_enum(settings.color_transfer(), AVCOL_TRC_NB, AVCOL_TRC_UNSPECIFIED);
  context.colorspace = to_enum(settings.color_space(), AVCOL_SPC_NB, AVCOL_SPC_UNSPECIFIED);
  context.chroma_sample_location = to_enum(settings.chroma_location(), AVCHROMA_LOC_NB, AVCHROMA_LOC_UNSPECIFIED);
  context.thread_count = 1;
  context.flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_CLOSED_GOP | AV_CODEC_FLAG_BITEXACT;
}

/// Sets an option of the encoder itself; false if this build of libavcodec does not have it.
bool set_private(AVCodecContext& context, const char* name, const std::string& value) {
  return av_opt_set(context.priv_data, name, value.c_str(), 0) >= 0;
}

}  // namespace

std::string nearest_eight_bit_format(const std::string& source) {
  const AVPixelFormat from = av_get_pix_fmt(source.c_str());
  const AVPixFmtDescriptor* descriptor = av_pix_fmt_desc_get(from);
  const AVCodec* lossless = avcodec_find_encoder_by_name(lossless_encoder().name.c_str());
  SHEAF_CHECK(descriptor != nullptr && lossless != nullptr);
  const bool has_alpha = (descriptor->flags & AV_PIX_FMT_FLAG_ALPHA) != 0;
  AVPixelFormat best = AV_PIX_FMT_NONE;
  for (const AVPixelFormat* one = lossless->pix_fmts; *one != AV_PIX_FMT_NONE; ++one) {
    if (av_pix_fmt_desc_get(*one)->comp[0].depth > 8) continue;
    best = best == AV_PIX_FMT_NONE ? *one : av_find_best_pix_fmt_of_2(best, *one, from, has_alpha ? 1 : 0, nullptr);
  }
  return av_get_pix_fmt_name(best);
}

Result<std::string> lossless_pixel_format(const std::string& encoder, const std::string& source) {
  auto traits = find_encoder(encoder);
  if (!traits) return propagate(traits);
  const AVCodec* codec = avcodec_find_encoder_by_name(encoder.c_str());
  if (codec == nullptr) return fail(ErrorCode::kUsage, "this build of libavcodec has no encoder " + encoder, "--codec");
  const AVPixelFormat format = av_get_pix_fmt(source.c_str());
  const AVPixFmtDescriptor* descriptor = av_pix_fmt_desc_get(format);
  if (descriptor == nullptr) return fail(ErrorCode::kUsage, "there is no pixel format '" + source + "'");
  if (descriptor->comp[0].depth > 8) {
    return fail(ErrorCode::kUsage, "the frames have " + std::to_string(descriptor->comp[0].depth) + " bits a sample (" +
                                       source + "); sheaf takes 8 bits so far");
  }
  if (takes(*codec, format)) return source;
  for (const std::string& equal : equivalent_pixel_formats(source)) {
    if (takes(*codec, av_get_pix_fmt(equal.c_str()))) return equal;
  }
  const bool another_can = !traits->is_lossless && lossless_pixel_format(lossless_encoder().name, source).has_value();
  return fail(ErrorCode::kUsage, encoder + " cannot hold " + source + " frames without loss", "--codec",
              another_can ? use_lossless() : "");
}

Result<Encoder> Encoder::open(const v1::EncoderSettings& settings) {
  auto traits = find_encoder(settings.codec());
  if (!traits) return propagate(traits);
  if (Status status = check_settings(settings, *traits); !status) return propagate(status);
  const AVCodec* codec = avcodec_find_encoder_by_name(settings.codec().c_str());
  if (codec == nullptr)
    return fail(ErrorCode::kUsage, "this build of libavcodec has no encoder " + settings.codec(), "--codec");
  const AVPixelFormat format = av_get_pix_fmt(settings.pixel_format().c_str());
  if (format == AV_PIX_FMT_NONE || !takes(*codec, format)) {
    return fail(ErrorCode::kUsage, settings.codec() + " does not take the pixel format '" + settings.pixel_format() + "'");
  }
  if (Status status = check_size(settings, *traits, format); !status) return propagate(status);

  CodecContextPtr context(avcodec_alloc_context3(codec));
  if (!context) return fail(ErrorCode::kFailed, "out of memory", settings.codec());
  set_parameters(settings, format, *context);
  bool known = true;
  if (traits->crf_default >= 0) {
    // Written out even where it is the default, so that another build of the library with another default gives the same.
    known &= set_private(*context, "crf", std::to_string(settings.has_crf() ? settings.crf() : traits->crf_default));
    known &= set_private(*context, "preset", settings.preset().empty() ? traits->preset_default : settings.preset());
  }
  if (!traits->exact_option.empty()) known &= set_private(*context, traits->exact_option.c_str(), traits->exact_value);
  if (traits->level > 0) context->level = traits->level;
  if (!known)
    return fail(ErrorCode::kUsage, "this build of " + settings.codec() + " has other options than sheaf needs", "--codec");
  if (const int error = avcodec_open2(context.get(), codec, nullptr); error < 0) {
    return fail(ErrorCode::kUsage, settings.codec() + " refuses the settings: " + av_error_text(error), "--codec");
  }
  if (traits->reordered_frames >= 0) context->has_b_frames = traits->reordered_frames;
  return Encoder(std::move(context));
}

Encoder::Encoder(CodecContextPtr context)
    : context_(std::move(context)),
      extradata_(reinterpret_cast<const char*>(context_->extradata), static_cast<std::size_t>(context_->extradata_size)) {}

int Encoder::delay() const {
  return context_->has_b_frames;
}

Status Encoder::encode(const AVFrame* frame, std::vector<PacketPtr>& packets) {
  FramePtr own;
  if (frame != nullptr) {
    own = make_frame();
    if (const int error = av_frame_ref(own.get(), frame); error < 0) {
      return fail(ErrorCode::kFailed, "cannot hand a frame to the encoder: " + av_error_text(error));
    }
    // The source's picture types would pin those of the output, and its side data could steer the encoder; captions are
    // content.
    own->pict_type = AV_PICTURE_TYPE_NONE;
    own->quality = 0;
    std::vector<AVFrameSideDataType> dropped;
    for (int i = 0; i < own->nb_side_data; ++i) {
      if (own->side_data[i]->type != AV_FRAME_DATA_A53_CC) dropped.push_back(own->side_data[i]->type);
    }
    for (const AVFrameSideDataType type : dropped) av_frame_remove_side_data(own.get(), type);
  }
  if (const int error = avcodec_send_frame(context_.get(), own.get()); error < 0) {
    return fail(ErrorCode::kFailed, std::string(context_->codec->name) + " cannot encode a frame: " + av_error_text(error));
  }
  while (true) {
    PacketPtr packet = make_packet();
    const int error = avcodec_receive_packet(context_.get(), packet.get());
    if (error == AVERROR(EAGAIN) || error == AVERROR_EOF) return {};
    if (error < 0) {
      return fail(ErrorCode::kFailed, std::string(context_->codec->name) + " cannot encode a frame: " + av_error_text(error));
    }
    packets.push_back(std::move(packet));
  }
}

}  // namespace sheaf::media
