#pragma once

/// Pixel formats by libavutil's names, as far as ops need to know them, without libavutil.

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace sheaf::ops {

enum class ColorModel {
  kYuv,  ///< Luma in plane 0, chroma in the planes after it.
  kRgb,  ///< Red, green and blue.
  kGray,
};

/// How the bytes of an 8-bit pixel format lie in its planes: each plane is rows of pixels, each pixel some bytes (channels).
struct PixelLayout {
  std::string_view name = {};
  ColorModel model = ColorModel::kYuv;
  int planes = 1;
  std::array<int, 3> channels = {1, 0, 0};  ///< Bytes a pixel of each plane.
  int chroma_shift_x = 0;                   ///< Chroma planes are 2^shift times narrower, rounded up.
  int chroma_shift_y = 0;
  /// For RGB: where red, green and blue are. In a packed format the channel of plane 0, in a planar one the plane.
  std::array<int, 3> rgb = {0, 1, 2};

  int plane_width(int plane, int width) const;
  int plane_height(int plane, int height) const;
};

/// Errors: kUsage, with the reason, for a format that no op takes: more than 8 bits, alpha, palettes, unknown names.
Result<PixelLayout> find_pixel_layout(std::string_view name);

/// Every format that find_pixel_layout() takes.
const std::vector<PixelLayout>& pixel_layouts();

}  // namespace sheaf::ops
