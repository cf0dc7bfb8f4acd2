#include "common/media/convert.h"

#include <algorithm>
#include <array>
#include <string_view>

extern "C" {
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
}

namespace sheaf::media {

namespace {

/// The old names for full-range YUV, which say in the format what belongs into the color range.
constexpr std::array<std::array<std::string_view, 2>, 5> kFullRangeTwins = {{{"yuvj420p", "yuv420p"},
                                                                             {"yuvj422p", "yuv422p"},
                                                                             {"yuvj444p", "yuv444p"},
                                                                             {"yuvj440p", "yuv440p"},
                                                                             {"yuvj411p", "yuv411p"}}};

/// The same samples in each, in another arrangement. In a row, later ones are preferred: planar formats, and bgr0, which ffv1
/// takes.
const std::vector<std::vector<std::string>>& families() {
  static const std::vector<std::vector<std::string>> table = {
      {"yuv420p", "nv12", "nv21"},      {"yuv422p", "nv16", "yuyv422", "uyvy422", "yvyu422"},
      {"yuv444p", "nv24", "nv42"},      {"bgr0", "gbrp", "rgb24", "bgr24", "rgb0", "0rgb", "0bgr"},
      {"bgra", "rgba", "argb", "abgr"},
  };
  return table;
}

std::string_view twin_of(std::string_view name) {
  for (const auto& [full, plain] : kFullRangeTwins) {
    if (name == full) return plain;
  }
  return {};
}

bool is_full_range(const AVFrame& frame) {
  return frame.color_range == AVCOL_RANGE_JPEG ||
         !twin_of(av_get_pix_fmt_name(static_cast<AVPixelFormat>(frame.format))).empty();
}

bool is_rgb(AVPixelFormat format) {
  return (av_pix_fmt_desc_get(format)->flags & AV_PIX_FMT_FLAG_RGB) != 0;
}

}  // namespace

std::vector<std::string> equivalent_pixel_formats(const std::string& source) {
  std::vector<std::string> names;
  const std::string_view plain = twin_of(source);
  // yuvj420p becomes yuv420p, whose range goes along as a tag. The other way round would invent a range.
  const std::string base(plain.empty() ? std::string_view(source) : plain);
  if (!plain.empty()) names.push_back(base);
  for (const auto& family : families()) {
    if (std::find(family.begin(), family.end(), base) == family.end()) continue;
    for (const std::string& name : family) {
      if (name != base) names.push_back(name);
    }
  }
  return names;
}

void Converter::ScalerDeleter::operator()(SwsContext* scaler) const {
  sws_freeContext(scaler);
}

Result<Converter> Converter::open(const std::string& pixel_format) {
  const AVPixelFormat format = av_get_pix_fmt(pixel_format.c_str());
  if (format == AV_PIX_FMT_NONE || sws_isSupportedOutput(format) == 0) {
    return fail(ErrorCode::kUsage, "frames cannot be converted to the pixel format '" + pixel_format + "'");
  }
  return Converter(format);
}

Status Converter::set_up(const AVFrame& frame) {
  const int full = is_full_range(frame) ? 1 : 0;
  if (scaler_ && source_format_ == frame.format && width_ == frame.width && height_ == frame.height &&
      color_space_ == frame.colorspace && color_range_ == full) {
    return {};
  }
  const auto source = static_cast<AVPixelFormat>(frame.format);
  const std::string names = std::string(av_get_pix_fmt_name(source)) + " to " + av_get_pix_fmt_name(format_);
  scaler_.reset(sws_getContext(frame.width, frame.height, source, frame.width, frame.height, format_,
                               SWS_BICUBIC | SWS_ACCURATE_RND | SWS_BITEXACT | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP, nullptr,
                               nullptr, nullptr));
  if (!scaler_) return fail(ErrorCode::kFailed, "swscale cannot convert " + names);
  // The same range on both sides, said aloud: swscale's defaults would squeeze full range into limited. Between RGB formats
  // there is no range to keep, and some of these converters refuse to be asked.
  if (!is_rgb(source) || !is_rgb(format_)) {
    const int* matrix = sws_getCoefficients(frame.colorspace);
    sws_setColorspaceDetails(scaler_.get(), matrix, is_rgb(source) ? 1 : full, matrix, is_rgb(format_) ? 1 : full, 0, 1 << 16,
                             1 << 16);
  }
  source_format_ = frame.format;
  width_ = frame.width;
  height_ = frame.height;
  color_space_ = frame.colorspace;
  color_range_ = full;
  return {};
}

Result<FramePtr> Converter::convert(FramePtr frame) {
  const auto source = static_cast<AVPixelFormat>(frame->format);
  if (source == format_) return frame;
  if (twin_of(av_get_pix_fmt_name(source)) == av_get_pix_fmt_name(format_)) {
    // Only the name changes; the planes are the same bytes.
    frame->format = format_;
    frame->color_range = AVCOL_RANGE_JPEG;
    return frame;
  }
  if (Status status = set_up(*frame); !status) return propagate(status);
  FramePtr converted = make_frame();
  converted->format = format_;
  converted->width = frame->width;
  converted->height = frame->height;
  int error = av_frame_get_buffer(converted.get(), 0);
  if (error >= 0) error = av_frame_copy_props(converted.get(), frame.get());
  if (error >= 0) {
    error = sws_scale(scaler_.get(), frame->data, frame->linesize, 0, frame->height, converted->data, converted->linesize);
  }
  if (error < 0) return fail(ErrorCode::kFailed, "cannot convert a frame: " + av_error_text(error));
  return converted;
}

}  // namespace sheaf::media
