#include "common/media/encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "common/media/decoder.h"
#include "common/media/frame_digest.h"
#include "tests/unit/test_frames.h"

namespace sheaf::media {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;

[[maybe_unused]] const bool kIsQuiet = (set_up_libav(), true);

constexpr int kWidth = 64;
constexpr int kHeight = 48;
constexpr int kFrames = 111;

v1::EncoderSettings settings_for(const std::string& codec) {
  v1::EncoderSettings settings;
  settings.set_codec(codec);
  settings.set_width(kWidth);
  settings.set_height(kHeight);
  settings.set_pixel_format("yuv420p");
  settings.mutable_time_base()->set_num(1);
  settings.mutable_time_base()->set_den(90000);
  settings.mutable_frame_rate()->set_num(25);
  settings.mutable_frame_rate()->set_den(1);
  return settings;
}

/// The time of frame `number`: far from zero, as in the middle of a film; with `vfr` at uneven distances.
std::int64_t pts_of(int number, bool vfr) {
  if (!vfr) return 10'000'000 + 3600 * number;
  return 10'000'000 + 3600 * number + (number % 7 == 3 ? 3599 : 0) + 40000 * (number / 10);
}

struct Joined {
  std::vector<PacketPtr> packets;
  std::vector<std::string> extradata;  ///< One a chunk.
  std::vector<int> delays;
};

/// Frames 0 .. frames-1 in chunks of `chunk`, each by a fresh encoder, one chunk's packets after the other's.
Joined encode_in_chunks(const v1::EncoderSettings& settings, int chunk, bool vfr, int frames = kFrames) {
  Joined joined;
  for (int begin = 0; begin < frames; begin += chunk) {
    auto encoder = Encoder::open(settings);
    EXPECT_TRUE(encoder.has_value()) << encoder.error().message();
    if (!encoder) return joined;
    for (int number = begin; number < std::min(begin + chunk, frames); ++number) {
      FramePtr frame = test::make_test_frame("yuv420p", kWidth, kHeight, number);
      frame->pts = pts_of(number, vfr);
      frame->pict_type = AV_PICTURE_TYPE_B;  // The source's type must not steer the encoder.
      EXPECT_TRUE(encoder->encode(frame.get(), joined.packets).has_value());
    }
    EXPECT_TRUE(encoder->encode(nullptr, joined.packets).has_value());
    joined.extradata.push_back(encoder->extradata());
    joined.delays.push_back(encoder->delay());
  }
  return joined;
}

/// The smallest D with sorted_pts[i - D] <= pts_i for every packet i in decode order (notes: the DTS rule), found by trying.
int smallest_delay(const std::vector<PacketPtr>& packets) {
  std::vector<std::int64_t> sorted;
  for (const PacketPtr& packet : packets) sorted.push_back(packet->pts);
  std::sort(sorted.begin(), sorted.end());
  for (int delay = 0;; ++delay) {
    bool fits = true;
    for (std::size_t i = static_cast<std::size_t>(delay); i < packets.size(); ++i) {
      fits = fits && sorted[i - static_cast<std::size_t>(delay)] <= packets[i]->pts;
    }
    if (fits) return delay;
  }
}

class ChunksTest : public ::testing::TestWithParam<std::tuple<std::string, int, bool>> {};

TEST_P(ChunksTest, JoinIntoOneStream) {
  // Goal: packets of chunks that were encoded apart make one stream: equal parameter sets, a key at the front of each, every
  // pts kept, and the encoder's fixed delay large enough for the DTS rule over the whole.
  const auto& [codec, chunk, vfr] = GetParam();
  const Joined joined = encode_in_chunks(settings_for(codec), chunk, vfr);
  ASSERT_EQ(joined.packets.size(), static_cast<std::size_t>(kFrames));
  EXPECT_FALSE(joined.extradata.front().empty());
  EXPECT_THAT(joined.extradata, Each(joined.extradata.front()));
  EXPECT_THAT(joined.delays, Each(joined.delays.front()));
  EXPECT_LE(smallest_delay(joined.packets), joined.delays.front());

  std::vector<std::int64_t> expected;
  for (int number = 0; number < kFrames; ++number) expected.push_back(pts_of(number, vfr));
  std::vector<std::int64_t> pts;
  for (const PacketPtr& packet : joined.packets) pts.push_back(packet->pts);
  for (int begin = 0; begin < kFrames; begin += chunk) {
    EXPECT_NE(joined.packets[static_cast<std::size_t>(begin)]->flags & AV_PKT_FLAG_KEY, 0);
    EXPECT_EQ(pts[static_cast<std::size_t>(begin)], expected[static_cast<std::size_t>(begin)]);
  }
  std::sort(pts.begin(), pts.end());
  EXPECT_EQ(pts, expected);
}

TEST_P(ChunksTest, DecodeAsOneStream) {
  // Goal: one decoder that goes over the joints gives every frame, in order, and sees no damage.
  const auto& [codec, chunk, vfr] = GetParam();
  const Joined joined = encode_in_chunks(settings_for(codec), chunk, vfr);
  v1::StreamParameters stream;
  stream.set_codec(codec == "libx264" ? "h264" : codec == "libx265" ? "hevc" : "ffv1");
  stream.set_pixel_format("yuv420p");
  stream.set_width(kWidth);
  stream.set_height(kHeight);
  stream.set_extradata(joined.extradata.front());
  stream.set_video_delay(joined.delays.front());
  auto decoder = Decoder::open(stream);
  ASSERT_TRUE(decoder.has_value()) << decoder.error().message();
  std::vector<std::int64_t> pts;
  for (std::size_t i = 0; i <= joined.packets.size(); ++i) {
    ASSERT_TRUE(decoder->send(i < joined.packets.size() ? joined.packets[i].get() : nullptr).has_value());
    while (true) {
      auto frame = decoder->receive();
      ASSERT_TRUE(frame.has_value());
      if (!*frame) break;
      EXPECT_FALSE(is_damaged(**frame));
      if (codec == "ffv1") {
        const FramePtr source = test::make_test_frame("yuv420p", kWidth, kHeight, static_cast<int>(pts.size()));
        EXPECT_EQ(frame_digest(**frame), frame_digest(*source));
      }
      pts.push_back(frame_pts(**frame));
    }
  }
  std::vector<std::int64_t> expected;
  for (int number = 0; number < kFrames; ++number) expected.push_back(pts_of(number, vfr));
  EXPECT_EQ(pts, expected);
  EXPECT_EQ(decoder->damaged_packets(), 0);
}

INSTANTIATE_TEST_SUITE_P(All, ChunksTest,
                         ::testing::Combine(::testing::Values("libx264", "libx265", "ffv1"), ::testing::Values(1, 7, 37),
                                            ::testing::Bool()),
                         [](const auto& test) {
                           return std::get<0>(test.param) + "_" + std::to_string(std::get<1>(test.param)) +
                                  (std::get<2>(test.param) ? "_vfr" : "_cfr");
                         });

TEST(EncoderTest, KeepsWithinItsDelayWithEveryPreset) {
  for (const char* codec : {"libx264", "libx265"}) {
    const EncoderTraits traits = *find_encoder(codec);
    for (const std::string& preset : traits.presets) {
      v1::EncoderSettings settings = settings_for(codec);
      settings.set_preset(preset);
      const Joined joined = encode_in_chunks(settings, 12, true, 24);
      EXPECT_LE(smallest_delay(joined.packets), joined.delays.front()) << codec << " " << preset;
      EXPECT_THAT(joined.extradata, Each(joined.extradata.front())) << codec << " " << preset;
    }
  }
}

TEST(EncoderTest, GivesTheSamePacketsEveryTime) {
  for (const std::string& codec : encoder_names()) {
    const Joined first = encode_in_chunks(settings_for(codec), 37, false);
    const Joined second = encode_in_chunks(settings_for(codec), 37, false);
    ASSERT_EQ(first.packets.size(), second.packets.size());
    for (std::size_t i = 0; i < first.packets.size(); ++i) {
      const AVPacket& a = *first.packets[i];
      const AVPacket& b = *second.packets[i];
      EXPECT_TRUE(std::equal(a.data, a.data + a.size, b.data, b.data + b.size)) << codec << " packet " << i;
    }
  }
}

TEST(EncoderTest, WritesItsReproducibleModeIntoTheStream) {
  // x264 writes its settings into a message of the first packet: the only place where they can be seen from outside.
  const Joined joined = encode_in_chunks(settings_for("libx264"), kFrames, false);
  const std::string first(reinterpret_cast<const char*>(joined.packets.front()->data),
                          static_cast<std::size_t>(joined.packets.front()->size));
  EXPECT_THAT(first, HasSubstr("stitchable=1"));
  EXPECT_THAT(first, HasSubstr("open_gop=0"));
  EXPECT_THAT(first, HasSubstr(" threads=1 "));
  EXPECT_THAT(first, HasSubstr("crf=23.0"));
  EXPECT_THAT(first, HasSubstr("keyint=250"));
}

TEST(EncoderTest, TakesCrfAndPreset) {
  v1::EncoderSettings settings = settings_for("libx264");
  settings.set_crf(40);
  settings.set_preset("ultrafast");
  const auto bytes = [](const Joined& joined) {
    int sum = 0;
    for (const PacketPtr& packet : joined.packets) sum += packet->size;
    return sum;
  };
  const Joined coarse = encode_in_chunks(settings, kFrames, false);
  EXPECT_LT(bytes(coarse), bytes(encode_in_chunks(settings_for("libx264"), kFrames, false)));
  EXPECT_EQ(coarse.delays.front(), 0);  // ultrafast has no B-frames.
}

TEST(EncoderTest, RefusesWhatItCannotDo) {
  const auto error_of = [](auto change) {
    v1::EncoderSettings settings = settings_for("libx264");
    change(settings);
    auto encoder = Encoder::open(settings);
    if (encoder.has_value()) return std::string("it opened");
    EXPECT_EQ(encoder.error().code, ErrorCode::kUsage);
    return encoder.error().message();
  };
  EXPECT_THAT(error_of([](auto& s) { s.set_codec("libx246"); }), HasSubstr("did you mean libx264?"));
  EXPECT_THAT(error_of([](auto& s) { s.set_codec("mpeg4"); }), HasSubstr("libx264, libx265, ffv1"));
  EXPECT_THAT(error_of([](auto& s) { s.set_crf(52); }), HasSubstr("between 0 and 51"));
  EXPECT_THAT(error_of([](auto& s) { s.set_crf(std::nan("")); }), HasSubstr("between 0 and 51"));
  EXPECT_THAT(error_of([](auto& s) { s.set_preset("medum"); }), HasSubstr("did you mean medium?"));
  EXPECT_THAT(error_of([](auto& s) { s.set_codec("ffv1"), s.set_crf(20); }), HasSubstr("ffv1 has no crf"));
  EXPECT_THAT(error_of([](auto& s) { s.set_codec("ffv1"), s.set_preset("fast"); }), HasSubstr("ffv1 has no presets"));
  EXPECT_THAT(error_of([](auto& s) { s.set_width(63); }), HasSubstr("width=62,height=48"));
  EXPECT_THAT(error_of([](auto& s) { s.set_width(0); }), HasSubstr("cannot be encoded"));
  EXPECT_THAT(error_of([](auto& s) { s.set_height(-2); }), HasSubstr("cannot be encoded"));
  EXPECT_THAT(error_of([](auto& s) { s.set_pixel_format("bgr0"); }), HasSubstr("does not take the pixel format 'bgr0'"));
  EXPECT_THAT(error_of([](auto& s) { s.mutable_time_base()->set_den(0); }), HasSubstr("time base"));
  v1::EncoderSettings odd = settings_for("ffv1");
  odd.set_width(63);
  odd.set_height(47);
  EXPECT_TRUE(Encoder::open(odd).has_value());
}

TEST(EncoderTest, FindsAPixelFormatThatLosesNothing) {
  EXPECT_EQ(lossless_pixel_format("libx264", "yuv420p"), "yuv420p");
  EXPECT_EQ(lossless_pixel_format("libx264", "yuvj420p"), "yuvj420p");
  EXPECT_EQ(lossless_pixel_format("libx264", "yuyv422"), "yuv422p");
  EXPECT_EQ(lossless_pixel_format("libx264", "gray"), "gray");
  EXPECT_EQ(lossless_pixel_format("libx265", "nv12"), "yuv420p");
  EXPECT_EQ(lossless_pixel_format("libx265", "rgb24"), "gbrp");
  EXPECT_EQ(lossless_pixel_format("ffv1", "yuvj422p"), "yuv422p");
  EXPECT_EQ(lossless_pixel_format("ffv1", "rgb24"), "bgr0");
  EXPECT_EQ(lossless_pixel_format("ffv1", "nv12"), "yuv420p");
  const auto lossy = lossless_pixel_format("libx264", "bgr24");
  ASSERT_FALSE(lossy.has_value());
  EXPECT_EQ(lossy.error().code, ErrorCode::kUsage);
  EXPECT_THAT(lossy.error().message(), HasSubstr("use --codec ffv1 with a .mkv output"));
  const auto deep = lossless_pixel_format("libx264", "yuv420p10le");
  ASSERT_FALSE(deep.has_value());
  EXPECT_THAT(deep.error().message(), HasSubstr("10 bits"));
  EXPECT_FALSE(lossless_pixel_format("libx264", "nonsense").has_value());
}

}  // namespace
}  // namespace sheaf::media
