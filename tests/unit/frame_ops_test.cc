#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>
#include <vector>

#include "common/media/frame_digest.h"
#include "common/ops/catalogue.h"
#include "common/ops/parse.h"
#include "common/ops/pixel_layout.h"
#include "tests/unit/exact_gaussian.h"
#include "tests/unit/test_frames.h"
#include "worker/ops/op_factory.h"

namespace sheaf::worker {
namespace {

using ::testing::HasSubstr;

constexpr int kWidth = 53;  // Odd, so that subsampled planes round up.
constexpr int kHeight = 39;

[[maybe_unused]] const bool kIsSetUp = (set_up_opencv(), true);

media::FramePtr run_op(const std::string& text, media::FramePtr frame) {
  const auto call = ops::parse_op(text);
  EXPECT_TRUE(call.has_value()) << text;
  const ops::Geometry in{frame->width, frame->height, av_get_pix_fmt_name(static_cast<AVPixelFormat>(frame->format))};
  auto op = make_op(*call, in);
  EXPECT_TRUE(op.has_value()) << op.error().message();
  auto output = (*op)->apply({.frame = std::move(frame)});
  EXPECT_TRUE(output.has_value()) << output.error().message();
  EXPECT_EQ(output->record, "");
  const ops::Geometry out = *ops::output_geometry(*call, in);
  EXPECT_EQ(output->frame->width, out.width);
  EXPECT_EQ(output->frame->height, out.height);
  return std::move(output->frame);
}

/// Sample `channel` of pixel (x, y) of a plane; beyond the border the edge repeats.
int sample(const AVFrame& frame, const ops::PixelLayout& layout, int plane, int x, int y, int channel) {
  x = std::clamp(x, 0, layout.plane_width(plane, frame.width) - 1);
  y = std::clamp(y, 0, layout.plane_height(plane, frame.height) - 1);
  const int channels = layout.channels[static_cast<std::size_t>(plane)];
  return frame.data[plane][y * frame.linesize[plane] + x * channels + channel];
}

/// Calls `check` for every sample of every plane.
void for_each_sample(const AVFrame& frame, const ops::PixelLayout& layout,
                     const std::function<void(int plane, int x, int y, int channel)>& check) {
  for (int plane = 0; plane < layout.planes; ++plane) {
    for (int y = 0; y < layout.plane_height(plane, frame.height); ++y) {
      for (int x = 0; x < layout.plane_width(plane, frame.width); ++x) {
        for (int channel = 0; channel < layout.channels[static_cast<std::size_t>(plane)]; ++channel)
          check(plane, x, y, channel);
      }
    }
  }
}

bool is_chroma(const ops::PixelLayout& layout, int plane) {
  return layout.model == ops::ColorModel::kYuv && plane > 0;
}

/// The unused byte of formats like bgr0.
bool is_unused(const ops::PixelLayout& layout, int channel) {
  return layout.channels[0] == 4 && std::find(layout.rgb.begin(), layout.rgb.end(), channel) == layout.rgb.end();
}

TEST(OpFactoryTest, HasWhatTheCatalogueSaysAndNothingElse) {
  std::set<std::string> catalogued;
  for (const ops::OpSpec& op : ops::catalogue()) catalogued.insert(op.name);
  const std::vector<std::string> names = implemented_ops();
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()), catalogued);
  EXPECT_EQ(names.size(), catalogued.size());
}

TEST(OpFactoryTest, RefusesWhatCannotBe) {
  v1::OpCall call;
  call.set_name("evil");
  EXPECT_EQ(make_op(call, {64, 48, "gray"}).error().code, ErrorCode::kUsage);
  call.set_name("blur");
  EXPECT_THAT(make_op(call, {64, 48, "gray"}).error().message(), HasSubstr("needs the argument sigma"));
  EXPECT_THAT(make_op(*ops::parse_op("blur"), {64, 48, "yuv420p10le"}).error().message(), HasSubstr("more than 8 bits"));
}

/// Every op with every pixel format that it takes.
class FormatTest : public ::testing::TestWithParam<ops::PixelLayout> {
 protected:
  const ops::PixelLayout& layout() const { return GetParam(); }
  media::FramePtr frame(int number = 3) const {
    return test::make_test_frame(std::string(layout().name).c_str(), kWidth, kHeight, number);
  }
};

INSTANTIATE_TEST_SUITE_P(All, FormatTest, ::testing::ValuesIn(ops::pixel_layouts()),
                         [](const auto& test) { return "_" + std::string(test.param.name); });

TEST_P(FormatTest, CopyChangesNothing) {
  const Digest before = media::frame_digest(*frame());
  EXPECT_EQ(media::frame_digest(*run_op("copy", frame())), before);
}

TEST_P(FormatTest, NoOpTouchesAFrameThatSomebodyElseHolds) {
  // The edge repeated at a border, or a frame that the decoder still refers to, is held twice.
  for (const char* text : {"gray", "blur", "edges", "resize:width=30", "invert"}) {
    const media::FramePtr original = frame();
    const Digest before = media::frame_digest(*original);
    media::FramePtr shared = media::make_frame();
    ASSERT_GE(av_frame_ref(shared.get(), original.get()), 0);
    const media::FramePtr result = run_op(text, std::move(shared));
    EXPECT_EQ(media::frame_digest(*original), before) << text;
    EXPECT_EQ(result->pts, 3) << text;
    EXPECT_EQ(result->format, original->format) << text;
  }
}

TEST_P(FormatTest, GrayKeepsLumaAndDropsColor) {
  const media::FramePtr before = frame();
  const media::FramePtr after = run_op("gray", frame());
  const bool is_planar_rgb = layout().model == ops::ColorModel::kRgb && layout().planes == 3;
  for_each_sample(*after, layout(), [&](int plane, int x, int y, int channel) {
    const int value = sample(*after, layout(), plane, x, y, channel);
    if (is_chroma(layout(), plane)) {
      ASSERT_EQ(value, 128);
    } else if (layout().model != ops::ColorModel::kRgb) {
      ASSERT_EQ(value, sample(*before, layout(), plane, x, y, channel));
    } else if (!is_unused(layout(), channel)) {
      const auto color = [&](std::size_t index) {
        return is_planar_rgb ? sample(*before, layout(), layout().rgb[index], x, y, 0)
                             : sample(*before, layout(), 0, x, y, layout().rgb[index]);
      };
      ASSERT_NEAR(value, 0.299 * color(0) + 0.587 * color(1) + 0.114 * color(2), 0.51);
    }
  });
}

TEST_P(FormatTest, InvertMirrorsEverySample) {
  for (const AVColorRange range : {AVCOL_RANGE_UNSPECIFIED, AVCOL_RANGE_MPEG, AVCOL_RANGE_JPEG}) {
    media::FramePtr before = frame();
    media::FramePtr input = frame();
    input->color_range = range;
    const media::FramePtr after = run_op("invert", std::move(input));
    const bool limited = layout().model == ops::ColorModel::kYuv
                             ? range != AVCOL_RANGE_JPEG && !layout().name.starts_with("yuvj")
                             : layout().model == ops::ColorModel::kGray && range == AVCOL_RANGE_MPEG;
    for_each_sample(*after, layout(), [&](int plane, int x, int y, int channel) {
      const int sum = is_chroma(layout(), plane) ? 256 : limited ? 251 : 255;
      const int expected = std::clamp(sum - sample(*before, layout(), plane, x, y, channel), 0, 255);
      ASSERT_EQ(sample(*after, layout(), plane, x, y, channel), expected);
    });
  }
}

TEST_P(FormatTest, BlurIsAGaussianOfEachPlane) {
  const media::FramePtr before = frame();
  for (const double sigma : {0.3, 1.7, 8.0, 50.0}) {
    const media::FramePtr after = run_op("blur:sigma=" + std::to_string(sigma), frame());
    for (int plane = 0; plane < layout().planes; ++plane) {
      const int width = layout().plane_width(plane, kWidth);
      const double sigma_x = is_chroma(layout(), plane) ? sigma / (1 << layout().chroma_shift_x) : sigma;
      const double sigma_y = is_chroma(layout(), plane) ? sigma / (1 << layout().chroma_shift_y) : sigma;
      for (int channel = 0; channel < layout().channels[static_cast<std::size_t>(plane)]; ++channel) {
        const auto exact = test::exact_gaussian(width, layout().plane_height(plane, kHeight), sigma_x, sigma_y,
                                                [&](int x, int y) { return sample(*before, layout(), plane, x, y, channel); });
        for (std::size_t i = 0; i < exact.size(); ++i) {
          const int x = static_cast<int>(i) % width;
          const int y = static_cast<int>(i) / width;
          ASSERT_NEAR(sample(*after, layout(), plane, x, y, channel), exact[i], 1) << sigma << " " << x << " " << y;
        }
      }
    }
  }
}

TEST_P(FormatTest, ResizeByAreaIsTheMeanOfWhatAPixelCovers) {
  // A factor that divides no plane evenly: each new sample covers parts of old ones.
  const media::FramePtr before = frame();
  const media::FramePtr after = run_op("resize:width=20,height=16", frame());
  for_each_sample(*after, layout(), [&](int plane, int x, int y, int channel) {
    const double scale_x = static_cast<double>(layout().plane_width(plane, kWidth)) / layout().plane_width(plane, 20);
    const double scale_y = static_cast<double>(layout().plane_height(plane, kHeight)) / layout().plane_height(plane, 16);
    double sum = 0;
    for (int sy = 0; sy < kHeight; ++sy) {
      const double part_y = std::min((y + 1) * scale_y, sy + 1.0) - std::max(y * scale_y, static_cast<double>(sy));
      for (int sx = 0; sx < kWidth && part_y > 0; ++sx) {
        const double part_x = std::min((x + 1) * scale_x, sx + 1.0) - std::max(x * scale_x, static_cast<double>(sx));
        if (part_x > 0) sum += part_x * part_y * sample(*before, layout(), plane, sx, sy, channel);
      }
    }
    ASSERT_NEAR(sample(*after, layout(), plane, x, y, channel), sum / (scale_x * scale_y), 0.6);
  });
}

TEST_P(FormatTest, EdgesAreWhiteOnBlackWithoutColor) {
  // A bright square on dark: edges run along its border, and nowhere else.
  media::FramePtr square = frame();
  for_each_sample(*square, layout(), [&](int plane, int x, int y, int channel) {
    const int channels = layout().channels[static_cast<std::size_t>(plane)];
    const bool inside = x >= 15 && x < 35 && y >= 10 && y < 28;
    square->data[plane][y * square->linesize[plane] + x * channels + channel] =
        static_cast<std::uint8_t>(is_chroma(layout(), plane) ? 90
                                  : inside                   ? 220
                                                             : 30);
  });
  const media::FramePtr after = run_op("edges", std::move(square));
  const bool limited = layout().model == ops::ColorModel::kYuv && !layout().name.starts_with("yuvj");
  const int white = limited ? 235 : 255;
  const int black = limited ? 16 : 0;
  std::set<int> on_border;
  for_each_sample(*after, layout(), [&](int plane, int x, int y, int channel) {
    const int value = sample(*after, layout(), plane, x, y, channel);
    if (is_chroma(layout(), plane)) {
      ASSERT_EQ(value, 128);
      return;
    }
    if (is_unused(layout(), channel)) return;
    ASSERT_TRUE(value == white || value == black) << value;
    const bool far_inside = x >= 17 && x < 33 && y >= 12 && y < 26;
    const bool far_outside = x < 13 || x >= 37 || y < 8 || y >= 30;
    if (far_inside || far_outside) {
      ASSERT_EQ(value, black) << x << " " << y;
    } else if (value == white && y == 20) {
      on_border.insert(x);
    }
  });
  EXPECT_EQ(on_border.size(), 2U);  // One pixel left, one right, in a row through the middle.
}

TEST(FrameOpsTest, ResizeKnowsItsMethods) {
  std::set<std::string> digests;
  for (const char* method : {"nearest", "area", "linear", "cubic", "lanczos"}) {
    const auto frame =
        run_op(std::string("resize:width=31,height=17,method=") + method, test::make_test_frame("yuv420p", kWidth, kHeight, 1));
    digests.insert(media::frame_digest(*frame).hex());
  }
  EXPECT_EQ(digests.size(), 5U);
}

TEST(FrameOpsTest, BlurReachesFarBeyondSmallFrames) {
  // A kernel wider than the frame; a flat frame stays flat.
  media::FramePtr frame = test::make_test_frame("yuv420p", 16, 16, 0);
  for (int plane = 0; plane < 3; ++plane) {
    std::fill_n(frame->data[plane], frame->linesize[plane] * (plane == 0 ? 16 : 8), static_cast<std::uint8_t>(77));
  }
  const media::FramePtr after = run_op("blur:sigma=100", std::move(frame));
  EXPECT_EQ(after->data[0][0], 77);
  EXPECT_EQ(after->data[0][15 * after->linesize[0] + 15], 77);
  EXPECT_EQ(after->data[1][0], 77);
}

}  // namespace
}  // namespace sheaf::worker
