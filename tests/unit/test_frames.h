#pragma once

/// Frames for tests: moving shapes and a fixed noise, the same on every machine.

#include <cstdint>

#include "common/base/check.h"
#include "common/media/av.h"

extern "C" {
#include <libavutil/pixdesc.h>
}

namespace sheaf::test {

/// A frame with all its samples set from (number, plane, row, byte of the row).
inline media::FramePtr make_test_frame(const char* format_name, int width, int height, int number) {
  media::FramePtr frame = media::make_frame();
  const AVPixelFormat format = av_get_pix_fmt(format_name);
  frame->format = format;
  frame->width = width;
  frame->height = height;
  frame->pts = number;
  SHEAF_CHECK(av_frame_get_buffer(frame.get(), 0) >= 0);
  const AVPixFmtDescriptor* descriptor = av_pix_fmt_desc_get(format);
  for (int plane = 0; plane < av_pix_fmt_count_planes(format); ++plane) {
    const int rows = plane == 0 ? height : AV_CEIL_RSHIFT(height, descriptor->log2_chroma_h);
    std::uint32_t noise = 12345U + static_cast<std::uint32_t>(plane);
    for (int y = 0; y < rows; ++y) {
      for (int x = 0; x < frame->linesize[plane]; ++x) {
        noise = noise * 1664525U + 1013904223U;
        const int wave = ((x + 2 * number) / 8 + (y + number) / 8) % 2 == 0 ? 60 : 170;
        frame->data[plane][y * frame->linesize[plane] + x] =
            static_cast<std::uint8_t>(wave + x % 16 + plane * 5 + static_cast<int>(noise >> 28));
      }
    }
  }
  return frame;
}

}  // namespace sheaf::test
