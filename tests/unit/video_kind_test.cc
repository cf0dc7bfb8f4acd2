#include "worker/kinds/video_kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>

#include "common/media/decoder.h"
#include "common/media/encoder.h"
#include "common/media/frame_digest.h"
#include "common/media/payload.h"
#include "common/ops/parse.h"
#include "tests/unit/test_frames.h"

namespace sheaf::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int kWidth = 64;
constexpr int kHeight = 48;
constexpr int kGop = 10;  // Frames from key to key.
constexpr int kGops = 3;

v1::Rational rational(int num, int den) {
  v1::Rational result;
  result.set_num(num);
  result.set_den(den);
  return result;
}

std::int64_t pts_of(int number) {
  return 500 + 100 * number + number % 3;
}

v1::EncoderSettings encoder_settings(const std::string& codec) {
  v1::EncoderSettings settings;
  settings.set_codec(codec);
  settings.set_width(kWidth);
  settings.set_height(kHeight);
  settings.set_pixel_format("yuv420p");
  *settings.mutable_time_base() = rational(1, 1000);
  *settings.mutable_frame_rate() = rational(10, 1);
  return settings;
}

/// A video in memory: kGops closed GOPs of moving shapes.
struct Video {
  v1::StreamParameters stream;
  std::vector<media::PacketPtr> packets;
};

Video make_video(const std::string& codec) {
  Video video;
  for (int gop = 0; gop < kGops; ++gop) {
    auto encoder = media::Encoder::open(encoder_settings(codec));
    EXPECT_TRUE(encoder.has_value());
    for (int number = gop * kGop; number < (gop + 1) * kGop; ++number) {
      media::FramePtr frame = test::make_test_frame("yuv420p", kWidth, kHeight, number);
      frame->pts = pts_of(number);
      EXPECT_TRUE(encoder->encode(frame.get(), video.packets).has_value());
    }
    EXPECT_TRUE(encoder->encode(nullptr, video.packets).has_value());
    video.stream.set_extradata(encoder->extradata());
    video.stream.set_video_delay(encoder->delay());
  }
  video.stream.set_codec(codec == "libx264" ? "h264" : codec);
  video.stream.set_pixel_format("yuv420p");
  video.stream.set_width(kWidth);
  video.stream.set_height(kHeight);
  *video.stream.mutable_time_base() = rational(1, 1000);
  return video;
}

/// Digests of all frames by pts, from one decoder that goes over everything.
std::map<std::int64_t, std::string> decode_all(const v1::StreamParameters& stream,
                                               const std::vector<media::PacketPtr>& packets) {
  std::map<std::int64_t, std::string> digests;
  auto decoder = media::Decoder::open(stream);
  EXPECT_TRUE(decoder.has_value());
  for (std::size_t i = 0; i <= packets.size(); ++i) {
    EXPECT_TRUE(decoder->send(i < packets.size() ? packets[i].get() : nullptr).has_value());
    while (true) {
      auto frame = decoder->receive();
      EXPECT_TRUE(frame.has_value());
      if (!frame || !*frame) break;
      digests[media::frame_pts(**frame)] = media::digest_bytes(media::frame_digest(**frame));
    }
  }
  return digests;
}

/// A job that owns the frames [begin, end) and gets the packets [first_packet, last_packet).
struct JobPlan {
  int begin = 0;
  int end = kGop;
  int first_packet = 0;
  int last_packet = kGop + 1;  // With the key of the next GOP, for the seam.
  std::optional<int> seam = kGop;
};

Blob make_payload(const Video& video, const JobPlan& plan, const std::function<void(v1::VideoJob&)>& change = {},
                  const std::function<bool(int)>& keep_packet = {}) {
  Blob payload;
  v1::VideoJob job;
  for (int i = plan.first_packet; i < plan.last_packet; ++i) {
    if (keep_packet && !keep_packet(i)) continue;
    EXPECT_TRUE(
        media::append_packet(*video.packets[static_cast<std::size_t>(i)], true, payload, *job.mutable_packets()).has_value());
  }
  job.set_own_begin(pts_of(plan.begin));
  job.set_own_end(pts_of(plan.end));
  for (int number = plan.begin; number < plan.end; ++number) job.add_expected_pts(pts_of(number));
  if (plan.seam) job.set_seam_pts(pts_of(*plan.seam));
  if (change) change(job);
  EXPECT_TRUE(media::append_table(job, payload).has_value());
  return payload;
}

v1::VideoSetup make_setup(const Video& video, const std::string& codec, const std::vector<std::string>& ops) {
  v1::VideoSetup setup;
  *setup.mutable_stream() = video.stream;
  const auto calls = ops::parse_ops(ops);
  EXPECT_TRUE(calls.has_value());
  for (const v1::OpCall& call : *calls) *setup.add_ops() = call;
  *setup.mutable_encoder() = encoder_settings(codec);
  return setup;
}

class VideoKindTest : public ::testing::Test {
 protected:
  Result<Blob> run(const v1::VideoSetup& setup, const Blob& payload) {
    auto context = kind_->open_run(setup.SerializeAsString());
    if (!context) return propagate(context);
    auto output = (*context)->run(payload, {.stop = stop_.get_token(), .scratch = "/tmp"});
    if (!output) return propagate(output);
    measures_.ParseFromString(output->measures);
    return std::move(output->result);
  }

  /// The message of the failure of the job `payload` with plain copying to ffv1.
  std::string failure(const Video& video, const Blob& payload, ErrorCode code) {
    const auto result = run(make_setup(video, "ffv1", {"copy"}), payload);
    if (result) return "it succeeded";
    EXPECT_EQ(result.error().code, code) << result.error().message();
    return result.error().message();
  }

  /// Reads a result apart.
  static std::pair<v1::VideoResult, std::vector<media::PacketPtr>> take_apart(const Blob& blob) {
    v1::VideoResult result;
    std::vector<media::PacketPtr> packets;
    const auto bytes = media::read_table(blob, result);
    EXPECT_TRUE(bytes.has_value());
    EXPECT_TRUE(media::check_columns(result.packets(), false, *bytes).has_value());
    media::PacketReader reader(blob, result.packets());
    while (true) {
      media::PacketPtr packet = media::make_packet();
      const auto more = reader.next(*packet);
      EXPECT_TRUE(more.has_value());
      if (!more || !*more) break;
      packets.push_back(std::move(packet));
    }
    return {std::move(result), std::move(packets)};
  }

  /// Digests of a result's frames by pts.
  static std::map<std::int64_t, std::string> decode_result(const Blob& blob, const std::string& codec) {
    auto [result, packets] = take_apart(blob);
    v1::StreamParameters stream;
    stream.set_codec(codec);
    stream.set_pixel_format("yuv420p");
    stream.set_width(kWidth);
    stream.set_height(kHeight);
    stream.set_extradata(result.extradata());
    *stream.mutable_time_base() = rational(1, 1000);
    return decode_all(stream, packets);
  }

  std::unique_ptr<JobKind> kind_ = make_video_kind();
  std::stop_source stop_;
  v1::VideoMeasures measures_;  ///< Of the last run().
};

TEST_F(VideoKindTest, GivesBackTheFramesThatAJobOwns) {
  // Goal: jobs together give every frame once, as one decoder over the whole video gives it, and their seams match.
  for (const char* codec : {"libx264", "ffv1"}) {
    const Video video = make_video(codec);
    const auto expected = decode_all(video.stream, video.packets);
    ASSERT_EQ(expected.size(), static_cast<std::size_t>(kGop * kGops));
    std::map<std::int64_t, std::string> all;
    std::string last_seam;
    for (int gop = 0; gop < kGops; ++gop) {
      const bool is_last = gop == kGops - 1;
      const JobPlan plan{gop * kGop, (gop + 1) * kGop, gop * kGop, (gop + 1) * kGop + (is_last ? 0 : 1),
                         is_last ? std::nullopt : std::optional((gop + 1) * kGop)};
      const auto blob = run(make_setup(video, "ffv1", {"copy"}), make_payload(video, plan));
      ASSERT_TRUE(blob.has_value()) << blob.error().message();
      const v1::VideoResult result = take_apart(*blob).first;
      EXPECT_EQ(result.frames(), static_cast<unsigned>(kGop));
      EXPECT_EQ(result.first_frame_digest(), expected.at(pts_of(gop * kGop)));
      if (gop > 0) {
        EXPECT_EQ(result.first_frame_digest(), last_seam);
      }
      last_seam = result.seam_frame_digest();
      EXPECT_EQ(last_seam.size(), is_last ? 0U : 16U);
      EXPECT_GT(measures_.cpu_nanoseconds(), 0U);
      all.merge(decode_result(*blob, "ffv1"));
    }
    EXPECT_EQ(all, expected) << codec;
  }
}

TEST_F(VideoKindTest, OwnsAPartOfAGroup) {
  // A long GOP is shared: the job gets all its packets and owns frames in the middle.
  const Video video = make_video("libx264");
  const auto expected = decode_all(video.stream, video.packets);
  const auto blob = run(make_setup(video, "ffv1", {"copy"}), make_payload(video, {13, 17, kGop, 2 * kGop, 17}));
  ASSERT_TRUE(blob.has_value()) << blob.error().message();
  std::map<std::int64_t, std::string> part;
  for (int number = 13; number < 17; ++number) part[pts_of(number)] = expected.at(pts_of(number));
  EXPECT_EQ(decode_result(*blob, "ffv1"), part);
  EXPECT_EQ(take_apart(*blob).first.first_frame_digest(), expected.at(pts_of(13)));
  EXPECT_EQ(take_apart(*blob).first.seam_frame_digest(), expected.at(pts_of(17)));
}

TEST_F(VideoKindTest, PutsFramesThroughTheChain) {
  const Video video = make_video("ffv1");
  const auto blob = run(make_setup(video, "ffv1", {"invert", "gray", "invert"}), make_payload(video, {}));
  ASSERT_TRUE(blob.has_value()) << blob.error().message();
  const auto after = decode_result(*blob, "ffv1");
  for (int number = 0; number < kGop; ++number) {
    // Inverted twice is as before (the samples lie within the range); gray leaves luma.
    media::FramePtr frame = test::make_test_frame("yuv420p", kWidth, kHeight, number);
    for (int plane = 1; plane < 3; ++plane)
      std::fill_n(frame->data[plane], frame->linesize[plane] * kHeight / 2, std::uint8_t{128});
    EXPECT_EQ(after.at(pts_of(number)), media::digest_bytes(media::frame_digest(*frame))) << number;
  }
  std::vector<std::string> parts;
  const v1::VideoResult result = take_apart(*blob).first;
  for (const v1::PartTime& part : measures_.times()) parts.push_back(part.part());
  EXPECT_THAT(parts, ElementsAre("decode", "ops/invert", "ops/gray", "ops/invert#2", "convert", "encode"));
}

TEST_F(VideoKindTest, GivesEqualPacketsEveryTime) {
  const Video video = make_video("libx264");
  const v1::VideoSetup setup = make_setup(video, "libx264", {"blur:sigma=1.5"});
  const auto packets_of = [&] {
    const auto blob = run(setup, make_payload(video, {}));
    EXPECT_TRUE(blob.has_value());
    const auto [result, packets] = take_apart(*blob);
    EXPECT_EQ(result.encoder_delay(), 2U);
    std::string bytes = result.extradata();
    for (const media::PacketPtr& packet : packets)
      bytes.append(reinterpret_cast<const char*>(packet->data), static_cast<std::size_t>(packet->size));
    return bytes;
  };
  EXPECT_EQ(packets_of(), packets_of());
}

TEST_F(VideoKindTest, TellsWhichFramesAreMissing) {
  const Video video = make_video("ffv1");
  const std::string message =
      failure(video, make_payload(video, {}, {}, [](int packet) { return packet != 4 && packet != 7; }), ErrorCode::kInput);
  EXPECT_THAT(message, HasSubstr("only 8 of 10 frames can be decoded (first gap at 0.901 s)"));
}

TEST_F(VideoKindTest, RefusesDamagedFrames) {
  Video video = make_video("libx264");
  // Half of a picture is gone. The decoder makes the rest up from its neighbours and says so: nothing that may pass for the
  // picture.
  video.packets[1]->size /= 2;
  const std::string message = failure(video, make_payload(video, {}), ErrorCode::kInput);
  EXPECT_THAT(message, HasSubstr("damaged"));
}

TEST_F(VideoKindTest, RefusesFramesThatNobodyExpects) {
  const Video video = make_video("ffv1");
  const auto forget_one = [](v1::VideoJob& job) { job.mutable_expected_pts()->erase(job.mutable_expected_pts()->begin() + 3); };
  EXPECT_THAT(failure(video, make_payload(video, {}, forget_one), ErrorCode::kInput), HasSubstr("does not know"));
}

TEST_F(VideoKindTest, RefusesAChangeOfSize) {
  Video video = make_video("libx264");
  Blob payload = make_payload(video, {});
  video.stream.set_width(80);
  v1::VideoSetup setup = make_setup(video, "ffv1", {"copy"});
  setup.mutable_encoder()->set_width(80);
  const auto result = run(setup, payload);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::kInput);
  EXPECT_THAT(result.error().message(), HasSubstr("changes from 80x48 to 64x48 at 0.5 s"));
}

TEST_F(VideoKindTest, StopsWhenCancelled) {
  const Video video = make_video("ffv1");
  stop_.request_stop();
  EXPECT_THAT(failure(video, make_payload(video, {}), ErrorCode::kStopped), HasSubstr("cancelled"));
}

TEST_F(VideoKindTest, TrustsNoPayload) {
  const Video video = make_video("ffv1");
  const std::string whole = *make_payload(video, {}).read_all();
  for (std::size_t size = 0; size < whole.size(); size += 1 + size / 16) {
    failure(video, Blob::of(whole.substr(0, size)), ErrorCode::kFailed);
  }
  const auto refused = [&](const std::function<void(v1::VideoJob&)>& change) {
    return failure(video, make_payload(video, {}, change), ErrorCode::kFailed);
  };
  EXPECT_THAT(refused([](auto& job) { job.mutable_packets()->add_size(1); }), HasSubstr("malformed"));
  EXPECT_THAT(refused([](auto& job) { job.mutable_packets()->set_size(0, 1U << 31); }), HasSubstr("malformed"));
  EXPECT_THAT(refused([](auto& job) { job.mutable_packets()->clear_dts(); }), HasSubstr("malformed"));
  EXPECT_THAT(refused([](auto& job) { job.set_expected_pts(3, job.expected_pts(2)); }), HasSubstr("out of order"));
  EXPECT_THAT(refused([](auto& job) { job.set_own_end(job.own_end() - 200); }), HasSubstr("does not own"));
  EXPECT_THAT(refused([](auto& job) { job.set_own_begin(job.own_begin() + 1); }), HasSubstr("does not own"));
  EXPECT_THAT(refused([](auto& job) { job.set_seam_pts(job.own_begin()); }), HasSubstr("seam"));
  EXPECT_THAT(refused([](auto& job) { job.mutable_packets()->add_side_data()->set_packet(99); }), HasSubstr("malformed"));
}

TEST_F(VideoKindTest, RefusesASetupThatItCannotDo) {
  const Video video = make_video("ffv1");
  const auto complaint = [&](const std::function<void(v1::VideoSetup&)>& change) {
    v1::VideoSetup setup = make_setup(video, "ffv1", {"copy"});
    change(setup);
    const auto context = kind_->open_run(setup.SerializeAsString());
    return context ? std::string() : context.error().message();
  };
  EXPECT_EQ(complaint([](auto&) {}), "");
  EXPECT_THAT(complaint([](auto& setup) { setup.mutable_stream()->set_codec("vp999"); }), HasSubstr("no video codec 'vp999'"));
  EXPECT_THAT(complaint([](auto& setup) { setup.mutable_stream()->set_codec("aac"); }), HasSubstr("no video codec 'aac'"));
  EXPECT_THAT(complaint([](auto& setup) { setup.mutable_stream()->set_width(1 << 30); }), HasSubstr("cannot be decoded"));
  EXPECT_THAT(complaint([](auto& setup) { setup.mutable_stream()->set_pixel_format("x"); }), HasSubstr("no pixel format 'x'"));
  EXPECT_THAT(complaint([](auto& setup) { setup.mutable_stream()->clear_time_base(); }), HasSubstr("no time base"));
  EXPECT_THAT(complaint([](auto& setup) { setup.mutable_encoder()->mutable_time_base()->set_den(999); }),
              HasSubstr("counts time"));
  EXPECT_THAT(complaint([](auto& setup) { setup.mutable_encoder()->set_width(32); }), HasSubstr("another size"));
  EXPECT_THAT(complaint([](auto& setup) { setup.mutable_encoder()->set_codec("rm -rf"); }), HasSubstr("cannot encode with"));
  EXPECT_THAT(complaint([](auto& setup) { setup.add_ops()->set_name("evil"); }), HasSubstr("no op 'evil'"));
  EXPECT_EQ(kind_->open_run("\xff\xff\xff").error().code, ErrorCode::kFailed);
}

TEST_F(VideoKindTest, SaysWhatItIs) {
  EXPECT_EQ(kind_->name(), "video");
  const std::string fingerprint = kind_->fingerprint();
  for (const char* part : {"libavcodec=", "opencv=4.", "libx264=", "libx265=", "ffv1=", "blur=2"}) {
    EXPECT_THAT(fingerprint, HasSubstr(part));
  }
  EXPECT_THAT(fingerprint, ::testing::Not(HasSubstr("broken")));
  EXPECT_EQ(make_video_kind()->fingerprint(), fingerprint);
}

}  // namespace
}  // namespace sheaf::worker
