#include "common/ops/pixel_layout.h"

namespace sheaf::ops {

namespace {

PixelLayout planar(std::string_view name, int shift_x, int shift_y) {
  return {.name = name, .planes = 3, .channels = {1, 1, 1}, .chroma_shift_x = shift_x, .chroma_shift_y = shift_y};
}

PixelLayout semi_planar(std::string_view name, int shift_x, int shift_y) {
  return {.name = name, .planes = 2, .channels = {1, 2, 0}, .chroma_shift_x = shift_x, .chroma_shift_y = shift_y};
}

PixelLayout packed_rgb(std::string_view name, int channels, std::array<int, 3> rgb) {
  return {.name = name, .model = ColorModel::kRgb, .planes = 1, .channels = {channels, 0, 0}, .rgb = rgb};
}

std::vector<PixelLayout> make_layouts() {
  return {
      planar("yuv420p", 1, 1),
      planar("yuv422p", 1, 0),
      planar("yuv444p", 0, 0),
      planar("yuv440p", 0, 1),
      planar("yuv411p", 2, 0),
      planar("yuv410p", 2, 2),
      planar("yuvj420p", 1, 1),
      planar("yuvj422p", 1, 0),
      planar("yuvj444p", 0, 0),
      planar("yuvj440p", 0, 1),
      planar("yuvj411p", 2, 0),
      semi_planar("nv12", 1, 1),
      semi_planar("nv21", 1, 1),
      semi_planar("nv16", 1, 0),
      semi_planar("nv24", 0, 0),
      semi_planar("nv42", 0, 0),
      {.name = "gray", .model = ColorModel::kGray},
      packed_rgb("rgb24", 3, {0, 1, 2}),
      packed_rgb("bgr24", 3, {2, 1, 0}),
      packed_rgb("rgb0", 4, {0, 1, 2}),
      packed_rgb("bgr0", 4, {2, 1, 0}),
      packed_rgb("0rgb", 4, {1, 2, 3}),
      packed_rgb("0bgr", 4, {3, 2, 1}),
      {.name = "gbrp", .model = ColorModel::kRgb, .planes = 3, .channels = {1, 1, 1}, .rgb = {2, 0, 1}},
  };
}

/// yuv420p10le, gray12le, gbrp9be, p010le, rgb48le: formats of more than 8 bits end in their byte order.
bool is_deep(std::string_view name) {
  return name.ends_with("le") || name.ends_with("be");
}

bool has_alpha(std::string_view name) {
  return name.starts_with("yuva") || name.starts_with("gbrap") || name.starts_with("ya") || name == "rgba" || name == "bgra" ||
         name == "argb" || name == "abgr";
}

/// Rounded up, as libavutil does: a chroma sample at an odd edge covers what is left.
int shifted(int size, int shift) {
  return (size + (1 << shift) - 1) >> shift;
}

}  // namespace

int PixelLayout::plane_width(int plane, int width) const {
  return model == ColorModel::kYuv && plane > 0 ? shifted(width, chroma_shift_x) : width;
}

int PixelLayout::plane_height(int plane, int height) const {
  return model == ColorModel::kYuv && plane > 0 ? shifted(height, chroma_shift_y) : height;
}

const std::vector<PixelLayout>& pixel_layouts() {
  static const std::vector<PixelLayout> layouts = make_layouts();
  return layouts;
}

Result<PixelLayout> find_pixel_layout(std::string_view name) {
  for (const PixelLayout& layout : pixel_layouts()) {
    if (layout.name == name) return layout;
  }
  const std::string what = "the pixel format " + std::string(name);
  if (is_deep(name)) return fail(ErrorCode::kUsage, what + " has more than 8 bits a sample, which sheaf does not take yet");
  if (has_alpha(name)) return fail(ErrorCode::kUsage, what + " has an alpha channel, which no op takes yet");
  return fail(ErrorCode::kUsage, what + " is none that ops take");
}

}  // namespace sheaf::ops
