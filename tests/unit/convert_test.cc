#include "common/media/convert.h"

#include <gtest/gtest.h>

#include "common/media/frame_digest.h"
#include "tests/unit/test_frames.h"

namespace sheaf::media {
namespace {

FramePtr convert(const char* to, FramePtr frame) {
  auto converter = Converter::open(to);
  EXPECT_TRUE(converter.has_value()) << to;
  auto converted = converter->convert(std::move(frame));
  EXPECT_TRUE(converted.has_value()) << to;
  return std::move(*converted);
}

TEST(ConverterTest, EquivalentFormatsHoldTheSameSamples) {
  // There and back again between any two formats that are said to be equivalent, on an odd size, must change nothing. swscale
  // reads some of them but cannot write them (nv16, nv42): those have no way back, and no encoder is given them.
  int pairs = 0;
  for (const char* source : {"yuv420p", "nv12", "nv21", "yuv422p", "yuyv422", "uyvy422", "yuv444p", "nv24", "rgb24", "bgr24",
                             "bgr0", "rgb0", "0rgb", "0bgr", "gbrp", "bgra", "argb"}) {
    for (const std::string& other : equivalent_pixel_formats(source)) {
      if (!Converter::open(other) || !Converter::open(source)) continue;
      FramePtr frame = test::make_test_frame(source, 54, 39, 5);
      const Digest before = frame_digest(*frame);
      FramePtr back = convert(source, convert(other.c_str(), std::move(frame)));
      EXPECT_EQ(frame_digest(*back), before) << source << " over " << other;
      EXPECT_EQ(back->pts, 5);
      ++pairs;
    }
  }
  EXPECT_GE(pairs, 50);
}

TEST(ConverterTest, FullRangeIsANameAndNotAConversion) {
  FramePtr frame = test::make_test_frame("yuvj420p", 54, 39, 5);
  FramePtr same = test::make_test_frame("yuv420p", 54, 39, 5);
  const FramePtr converted = convert("yuv420p", std::move(frame));
  EXPECT_EQ(frame_digest(*converted), frame_digest(*same));
  EXPECT_EQ(converted->color_range, AVCOL_RANGE_JPEG);
  EXPECT_EQ(equivalent_pixel_formats("yuvj422p").front(), "yuv422p");
  // Nothing becomes full range that was not.
  for (const std::string& name : equivalent_pixel_formats("yuv420p")) EXPECT_FALSE(name.starts_with("yuvj"));
}

TEST(ConverterTest, FullRangeStaysFullInOtherArrangements) {
  FramePtr frame = test::make_test_frame("nv12", 54, 39, 5);
  frame->color_range = AVCOL_RANGE_JPEG;
  frame->data[0][0] = 0;
  frame->data[0][1] = 255;
  const FramePtr converted = convert("yuv420p", std::move(frame));
  EXPECT_EQ(converted->data[0][0], 0);
  EXPECT_EQ(converted->data[0][1], 255);
  EXPECT_EQ(converted->color_range, AVCOL_RANGE_JPEG);
}

TEST(ConverterTest, RefusesUnknownFormats) {
  EXPECT_EQ(Converter::open("nonsense").error().code, ErrorCode::kUsage);
  EXPECT_EQ(Converter::open("").error().code, ErrorCode::kUsage);
}

TEST(FrameDigestTest, SeesPixelsAndNothingElse) {
  const auto digest_after = [](const char* format, auto change) {
    FramePtr frame = test::make_test_frame(format, 54, 39, 5);
    change(*frame);
    return frame_digest(*frame);
  };
  const auto nothing = [](AVFrame&) {};
  for (const char* format : {"yuv420p", "nv12", "gray", "gbrp", "rgb24"}) {
    const Digest plain = digest_after(format, nothing);
    EXPECT_NE(digest_after(format, [](AVFrame& f) { f.data[0][38 * f.linesize[0] + 53] ^= 1; }), plain) << format;
    EXPECT_EQ(digest_after(format, [](AVFrame& f) { f.data[0][f.linesize[0] - 1] ^= 1; }), plain) << format;  // Padding.
    EXPECT_EQ(digest_after(format, [](AVFrame& f) { f.pts = 99; }), plain) << format;
  }
  EXPECT_NE(digest_after("yuv420p", [](AVFrame& f) { f.data[2][19 * f.linesize[2] + 26] ^= 1; }),
            digest_after("yuv420p", nothing));
  EXPECT_NE(digest_after("yuv420p", nothing), digest_after("yuvj420p", nothing));
  // bgr0: blue counts, the fourth byte does not. 0rgb: the first does not.
  EXPECT_NE(digest_after("bgr0", [](AVFrame& f) { f.data[0][0] ^= 1; }), digest_after("bgr0", nothing));
  EXPECT_EQ(digest_after("bgr0", [](AVFrame& f) { f.data[0][3] ^= 1; }), digest_after("bgr0", nothing));
  EXPECT_EQ(digest_after("0rgb", [](AVFrame& f) { f.data[0][4] ^= 1; }), digest_after("0rgb", nothing));
}

TEST(FrameDigestTest, HasAFixedForm) {
  const std::string bytes = digest_bytes({0x0102030405060708, 0x1112131415161718});
  EXPECT_EQ(bytes, std::string("\x08\x07\x06\x05\x04\x03\x02\x01\x18\x17\x16\x15\x14\x13\x12\x11"));
}

}  // namespace
}  // namespace sheaf::media
