#include "common/media/frame_digest.h"

#include <vector>

#include "common/base/check.h"

extern "C" {
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
}

namespace sheaf::media {

namespace {

/// Which byte of a packed pixel nobody uses; -1 if there is none.
int unused_byte(AVPixelFormat format) {
  switch (format) {
    case AV_PIX_FMT_RGB0:
    case AV_PIX_FMT_BGR0: return 3;
    case AV_PIX_FMT_0RGB:
    case AV_PIX_FMT_0BGR: return 0;
    default: return -1;
  }
}

void update(Hasher& hasher, const std::uint8_t* bytes, std::size_t size) {
  hasher.update(std::as_bytes(std::span(bytes, size)));
}

void update(Hasher& hasher, int number) {
  hasher.update(std::as_bytes(std::span(&number, 1)));
}

int plane_rows(const AVFrame& frame, const AVPixFmtDescriptor& descriptor, int plane) {
  if (plane == 0 || plane == 3) return frame.height;
  return AV_CEIL_RSHIFT(frame.height, descriptor.log2_chroma_h);
}

}  // namespace

Digest frame_digest(const AVFrame& frame) {
  const auto format = static_cast<AVPixelFormat>(frame.format);
  const AVPixFmtDescriptor* descriptor = av_pix_fmt_desc_get(format);
  SHEAF_CHECK(descriptor != nullptr && (descriptor->flags & AV_PIX_FMT_FLAG_HWACCEL) == 0);
  Hasher hasher;
  update(hasher, frame.format);
  update(hasher, frame.width);
  update(hasher, frame.height);
  const bool has_palette = (descriptor->flags & AV_PIX_FMT_FLAG_PAL) != 0;
  const int planes = has_palette ? 1 : av_pix_fmt_count_planes(format);
  const int unused = unused_byte(format);
  std::vector<std::uint8_t> row_copy;
  for (int plane = 0; plane < planes; ++plane) {
    const int row_bytes = av_image_get_linesize(format, frame.width, plane);
    SHEAF_CHECK(row_bytes > 0);
    const int rows = plane_rows(frame, *descriptor, plane);
    for (int y = 0; y < rows; ++y) {
      const std::uint8_t* row = frame.data[plane] + static_cast<std::ptrdiff_t>(y) * frame.linesize[plane];
      if (unused >= 0) {
        row_copy.assign(row, row + row_bytes);
        for (std::size_t i = static_cast<std::size_t>(unused); i < row_copy.size(); i += 4) row_copy[i] = 0;
        row = row_copy.data();
      }
      update(hasher, row, static_cast<std::size_t>(row_bytes));
    }
  }
  if (has_palette) update(hasher, frame.data[1], AVPALETTE_SIZE);
  return hasher.digest();
}

std::string digest_bytes(const Digest& digest) {
  std::string bytes;
  for (const std::uint64_t half : {digest.high, digest.low}) {
    for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>(half >> shift & 0xff);
  }
  return bytes;
}

}  // namespace sheaf::media
