// Stage and executor in one process, without master and wire: plan, run every job, bind, publish; then ffmpeg says whether each
// frame of the output is the frame of the input. Codecs, containers and cuts are tried here, on small pictures; long and large
// footage goes through whole clusters, in tests/e2e.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string_view>
#include <vector>

#include "master/stages/video_stage.h"
#include "tests/unit/media_fixture.h"
#include "worker/kinds/video_kind.h"

namespace sheaf {
namespace {

using stages::JobOut;
using test::make_file;
using test::oracle;
using test::OracleFrame;
using test::scratch;
using ::testing::HasSubstr;

const std::string kImages = "/usr/lib/python3/dist-packages/imageio/resources/images/";

v1::VideoRequest copy_request(const std::string& input, const std::string& output) {
  v1::VideoRequest request;
  request.set_input(input);
  request.set_output(output);
  request.set_overwrite(true);
  request.add_ops()->set_name("copy");
  request.set_codec("ffv1");
  return request;
}

struct Outcome {
  stages::StagePlan plan;
  stages::StageReport report;
};

/// Does everything that a cluster does, one job after the other. `planned` is called when the first job can be cut.
Result<Outcome> run_video(const v1::VideoRequest& request, const std::function<void()>& planned = {}) {
  auto stage = stages::make_video_stage(request, {"test", scratch()});
  if (!stage) return propagate(stage);
  Outcome outcome;
  auto plan = (*stage)->plan();
  if (!plan) return propagate(plan);
  outcome.plan = std::move(*plan);
  if (planned) planned();
  const auto kind = worker::make_video_kind();
  auto run = kind->open_run(outcome.plan.setup);
  if (!run) return propagate(run);
  const std::atomic<bool> cancelled = false;
  std::uint64_t jobs = 0;
  for (;;) {
    auto job = (*stage)->next_job();
    if (!job) return propagate(job);
    if (!*job) break;
    auto result = (*run)->run((*job)->payload, {cancelled, scratch()});
    if (!result) return propagate(result);
    auto binding = (*stage)->bind((*job)->key, std::move(result->result), result->measures);
    if (!binding) return propagate(binding);
    EXPECT_TRUE(std::holds_alternative<stages::Accepted>(*binding));
    jobs += 1;
  }
  EXPECT_EQ(jobs, outcome.plan.jobs);
  auto report = (*stage)->finish();
  if (!report) return propagate(report);
  outcome.report = std::move(*report);
  if (Status status = (*stage)->publish(); !status) return propagate(status);
  return outcome;
}

/// The pixel format of a file's video.
std::string pixel_format_of(const std::string& path) {
  const std::string text =
      test::run_command("ffprobe -v error -select_streams v:0 -show_entries stream=pix_fmt -of csv=p=0 '" + path + "'");
  return text.substr(0, text.find_first_of(",\n"));
}

void expect_exact(const std::string& input, const std::string& output) {
  // The output's format without the padding byte that ffv1 gives RGB. Samples of full range (yuvj) stay as they are under the
  // plain name; asked for that name, ffmpeg would squeeze the input's into the limited range.
  std::string format = pixel_format_of(output);
  if (format == "bgr0") format = "rgb24";
  const std::string source_format = pixel_format_of(input);
  const bool is_full_range = source_format.starts_with("yuvj") && format == "yuv" + source_format.substr(4);
  const std::vector<OracleFrame> expected = oracle(input, is_full_range ? source_format : format);
  const std::vector<OracleFrame> actual = oracle(output, format);
  ASSERT_FALSE(expected.empty());
  ASSERT_EQ(actual.size(), expected.size());
  const bool is_in_milliseconds = output.ends_with(".mkv");
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(actual[i].hash, expected[i].hash) << "frame " << i;
    if (is_in_milliseconds) {
      ASSERT_LE(std::abs(actual[i].approximate_seconds - expected[i].approximate_seconds), 0.000501) << "frame " << i;
    } else {
      ASSERT_EQ(actual[i].seconds, expected[i].seconds) << "frame " << i;
    }
  }
}

/// Every frame at its time; the pixels are another codec's.
void expect_same_times(const std::string& input, const std::string& output) {
  const std::vector<OracleFrame> expected = oracle(input, "gray");
  const std::vector<OracleFrame> actual = oracle(output, "gray");
  ASSERT_FALSE(expected.empty());
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_EQ(actual[i].seconds, expected[i].seconds) << "frame " << i;
}

struct Footage {
  const char* name;       ///< Of the test.
  const char* file;       ///< Made by ffmpeg, or a file that is there.
  const char* arguments;  ///< Empty: the file is there.
};

// Moving pictures with noise, so that no two frames are alike; 1.4 to 6 seconds.
#define SOURCE "-f lavfi -i testsrc2=s=176x144:r=25:d=6,noise=alls=12:allf=t "
#define VFR                                                                                                                 \
  "-f lavfi -i testsrc2=s=176x144:r=50:d=6,noise=alls=12:allf=t,select='lt(mod(n\\,7)\\,3)+eq(mod(n\\,11)\\,0)' -fps_mode " \
  "vfr "

const Footage kFootage[] = {
    {"H264Closed", "closed.mp4", SOURCE "-c:v libx264 -preset veryfast -bf 3 -g 30"},
    {"H264Open", "open.mp4",
     SOURCE "-c:v libx264 -preset veryfast -x264-params open-gop=1:bframes=3:keyint=30:min-keyint=30:scenecut=0"},
    {"H264OpenTs", "open.ts",
     SOURCE "-c:v libx264 -preset veryfast -x264-params open-gop=1:bframes=3:keyint=30:min-keyint=30:scenecut=0"},
    {"H264OneKey", "onekey.mp4", SOURCE "-c:v libx264 -preset veryfast -bf 3 -g 1000 -sc_threshold 0"},
    {"H264Vfr", "vfr.mp4", VFR "-c:v libx264 -preset veryfast -bf 3 -g 24"},
    {"H264Mkv", "closed.mkv", SOURCE "-c:v libx264 -preset veryfast -bf 3 -g 30"},
    {"HevcClosed", "hevc_closed.mp4", SOURCE "-c:v libx265 -preset veryfast -x265-params log-level=none:open-gop=0:keyint=30"},
    {"HevcOpen", "hevc_open.mp4", SOURCE "-c:v libx265 -preset veryfast -x265-params log-level=none:open-gop=1:keyint=30"},
    {"Mpeg4Avi", "mpeg4.avi", SOURCE "-c:v mpeg4 -bf 2 -g 30"},
    {"Mpeg4Mp4", "mpeg4.mp4", SOURCE "-c:v mpeg4 -bf 2 -g 30"},
    {"Mpeg2Ts", "mpeg2.ts", SOURCE "-c:v mpeg2video -bf 2 -g 15"},
    {"Mpeg2Ps", "mpeg2.mpg", SOURCE "-c:v mpeg2video -bf 2 -g 15"},
    {"Vp9", "vp9.webm", SOURCE "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 30"},
    {"Vp9AltRef", "vp9alt.webm", SOURCE "-c:v libvpx-vp9 -deadline good -cpu-used 5 -auto-alt-ref 1 -lag-in-frames 16 -g 60"},
    {"Mjpeg", "mjpeg.avi", SOURCE "-c:v mjpeg"},
    {"EditList", "cut.mp4", ""},
    // Containers that do not say which picture is shown when.
    {"H264Avi", "h264.avi", SOURCE "-c:v libx264 -preset veryfast -bf 3 -g 30"},
    {"H264AviInOrder", "inorder.avi", SOURCE "-c:v libx264 -preset veryfast -bf 0 -g 30"},
    {"H264Raw", "raw.h264", SOURCE "-r 30000/1001 -c:v libx264 -preset veryfast -bf 3 -g 30"},
    {"HevcRaw", "raw.hevc", SOURCE "-c:v libx265 -preset veryfast -x265-params log-level=none:open-gop=1:keyint=30"},
    {"Mpeg2Raw", "raw.m2v", SOURCE "-c:v mpeg2video -bf 2 -g 15"},
    {"Mpeg4Raw", "raw.m4v", SOURCE "-c:v mpeg4 -bf 2 -g 15"},
    {"H264Ps", "h264.mpg", SOURCE "-c:v libx264 -preset veryfast -bf 3 -g 30"},
    {"KeysStamped", "keys.ts", ""},
    {"OpenGopPiece", "piece.mkv", ""},
    {"OpenGopPieceHevc", "hevc_piece.ts", ""},
    {"BeginsInGop", "middle.ts", ""},
    {"IntraRefresh", "refresh.mp4", SOURCE "-c:v libx264 -preset veryfast -x264-params intra-refresh=1:keyint=25:bframes=0"},
    {"HiddenPictures", "altref.webm",
     SOURCE "-c:v libvpx -deadline good -cpu-used 5 -auto-alt-ref 1 -lag-in-frames 16 -g 60 -b:v 200k"},
    {"OneFrame", "one.mp4", "-f lavfi -i testsrc2=s=176x144:r=25:d=0.04 -c:v libx264"},
    {"Realshort", "realshort.mp4", ""},
};

/// Takes the times out of all PES packets of a transport stream with video alone, but for every `kept`th.
void remove_times(const std::string& path, int kept) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  std::array<char, 188> packet{};
  for (int pictures = 0; file.read(packet.data(), packet.size());) {
    const std::string_view bytes(packet.data(), packet.size());
    const std::size_t at = (bytes[1] & 0x40) != 0 ? bytes.find(std::string_view("\0\0\1\xe0", 4)) : bytes.npos;
    if (at == bytes.npos || pictures++ % kept == 0) continue;
    packet[at + 7] = 0;
    file.seekp(-static_cast<std::streamoff>(packet.size()), std::ios::cur).write(packet.data(), packet.size());
    file.seekg(file.tellp());
  }
}

std::string path_of(const Footage& footage) {
  const std::string file = footage.file;
  if (footage.arguments[0] != '\0') return make_file(file, footage.arguments);
  if (file == "cut.mp4") {
    const std::string whole = make_file("closed.mp4", kFootage[0].arguments);
    return make_file(file, "-ss 1.5 -i " + whole + " -c copy");
  }
  if (file == "piece.mkv") {
    return make_file(file, "-ss 2 -i " + make_file("open.mp4", kFootage[1].arguments) + " -c copy");
  }
  if (file == "hevc_piece.ts") {
    return make_file(file, "-ss 2 -i " + make_file("hevc_open.mp4", kFootage[7].arguments) + " -c copy");
  }
  if (file == "keys.ts") {
    const bool is_there = std::filesystem::exists(scratch() + "/" + file);
    const std::string path = make_file(file, SOURCE "-c:v libx264 -preset veryfast -g 12 -sc_threshold 0");
    if (!is_there) remove_times(path, 12);
    return path;
  }
  if (file == "middle.ts") {
    const std::string whole = make_file("open.ts", kFootage[2].arguments);
    const std::string path = scratch() + "/" + file;
    test::run_command("tail -c +" + std::to_string(188 * 100 + 1) + " " + whole + " > " + path);
    return path;
  }
  return kImages + file;
}

class VideoExactTest : public ::testing::TestWithParam<Footage> {
 protected:
  void check(const char* extension, std::uint32_t chunk) {
    const std::string input = path_of(GetParam());
    const std::string output = scratch() + "/" + GetParam().name + "_" + std::to_string(chunk) + extension;
    v1::VideoRequest request = copy_request(input, output);
    request.set_chunk_frames(chunk);
    auto outcome = run_video(request);
    ASSERT_TRUE(outcome) << outcome.error().message();
    expect_exact(input, output);
    std::filesystem::remove(output);
  }
};

TEST_P(VideoExactTest, KeepsEveryFrame) {
  for (const auto& [extension, chunk] : {std::pair(".mov", 0), {".mkv", 0}, {".mov", 7}, {".mov", 1}}) {
    SCOPED_TRACE(std::string(extension) + ", jobs of " + std::to_string(chunk));
    check(extension, static_cast<std::uint32_t>(chunk));
    if (HasFatalFailure()) return;
  }
}

// With B-frames in the output the order of packets is not that of frames, and their decode times are made anew across the
// joins.
TEST_P(VideoExactTest, KeepsEveryTimeThroughAnEncoderThatReorders) {
  const std::string input = path_of(GetParam());
  for (const std::uint32_t chunk : {0U, 7U}) {
    const std::string output = scratch() + "/" + GetParam().name + "_reordered.mp4";
    v1::VideoRequest request = copy_request(input, output);
    request.set_codec("libx264");
    request.set_preset("veryfast");
    request.set_chunk_frames(chunk);
    const auto outcome = run_video(request);
    ASSERT_TRUE(outcome) << outcome.error().message();
    expect_same_times(input, output);
    std::filesystem::remove(output);
  }
}

INSTANTIATE_TEST_SUITE_P(Footage, VideoExactTest, ::testing::ValuesIn(kFootage),
                         [](const auto& footage) { return std::string(footage.param.name); });

Error error_of(v1::VideoRequest request) {
  request.set_overwrite(false);
  auto outcome = run_video(request);
  EXPECT_FALSE(outcome);
  return outcome ? Error{} : outcome.error();
}

TEST(VideoCutTest, KeepsEveryFrameOfGopsThatAreNotAsLongAsJobs) {
  // Keys at 0, 45, 195, 295: the planner's own cuts end within GOPs, also in a later one than they began in.
  for (const char* gops : {"open", "closed"}) {
    const std::string open = std::string(gops) == "open" ? "1" : "0";
    const std::string input =
        make_file(std::string("uneven-") + gops + ".mkv",
                  "-f lavfi -i testsrc2=s=96x64:r=25:d=15.8 -c:v libx264 -preset veryfast -bf 3 -force_key_frames "
                  "'expr:eq(n,45)+eq(n,195)+eq(n,295)' -x264-params keyint=400:scenecut=0:open-gop=" +
                      open);
    const std::string output = scratch() + "/uneven-out.mkv";
    v1::VideoRequest request = copy_request(input, output);
    const auto outcome = run_video(request);
    ASSERT_TRUE(outcome) << outcome.error().message();
    EXPECT_GE(outcome->plan.jobs, 3U);
    expect_exact(input, output);
  }
}

TEST(VideoRefusalTest, SaysWhatIsWrongWithTheInput) {
  const std::string output = scratch() + "/out.mov";
  EXPECT_EQ(error_of(copy_request(scratch() + "/none.mp4", output)).what, "no such file");
  EXPECT_EQ(error_of(copy_request(scratch(), output)).code, ErrorCode::kInput);
  std::ofstream(scratch() + "/empty.mp4").close();
  EXPECT_EQ(error_of(copy_request(scratch() + "/empty.mp4", output)).what, "the file is empty");
  std::ofstream(scratch() + "/text.mp4") << "this is a text and not a video, whatever its name says\n";
  EXPECT_THAT(error_of(copy_request(scratch() + "/text.mp4", output)).what, HasSubstr("not a video"));
  const std::string audio = make_file("audio.m4a", "-f lavfi -i sine=d=1");
  EXPECT_THAT(error_of(copy_request(audio, output)).what, HasSubstr("only audio"));
  EXPECT_FALSE(std::filesystem::exists(output));
}

TEST(VideoRefusalTest, SaysThatTheInputHasChanged) {
  namespace fs = std::filesystem;
  const std::string made =
      make_file("changes.mkv", "-f lavfi -i testsrc2=s=64x64:r=25:d=4 -f lavfi -i sine=d=4 -c:v libx264 -g 25 -c:a pcm_s16le");
  const std::string input = scratch() + "/changing.mkv";
  const std::string output = scratch() + "/changing.mov";
  const struct {
    const char* how;
    std::function<void()> change;
  } cases[] = {
      {"it has grown", [&] { std::ofstream(input, std::ios::app) << "more"; }},
      {"it has become shorter", [&] { fs::resize_file(input, fs::file_size(input) / 2); }},
      {"it has been written to",
       [&] { std::fstream(input, std::ios::in | std::ios::out | std::ios::ate).seekp(-9, std::ios::end) << "x"; }},
      {"another one has its name now",
       [&] {
         fs::copy_file(made, input + ".new");
         fs::rename(input + ".new", input);
       }},
      {"it is no longer there", [&] { fs::remove(input); }},
  };
  for (const auto& [how, change] : cases) {
    fs::copy_file(made, input, fs::copy_options::overwrite_existing);
    fs::last_write_time(input, fs::last_write_time(input) - std::chrono::hours(1));
    v1::VideoRequest request = copy_request(input, output);
    request.set_chunk_frames(25);
    const auto outcome = run_video(request, change);
    ASSERT_FALSE(outcome) << how;
    EXPECT_EQ(outcome.error().code, ErrorCode::kInput);
    EXPECT_EQ(outcome.error().what, std::string("the file has changed during the run: ") + how);
    EXPECT_FALSE(fs::exists(output)) << how;
  }
}

TEST(VideoRefusalTest, SaysWhatIsWrongWithTheOutput) {
  const std::string input = make_file("one.mp4", "-f lavfi -i testsrc2=s=176x144:r=25:d=0.04 -c:v libx264");
  const auto refusal = [&](const std::string& output) { return error_of(copy_request(input, output)); };
  for (const std::string& name :
       {std::string("/a.avi"), std::string("/a.xyz"), std::string("/a"), std::string("/none/a.mov")}) {
    EXPECT_EQ(refusal(scratch() + name).code, ErrorCode::kOutput) << name;
  }
  EXPECT_THAT(refusal(scratch() + "/a.mp4").what, HasSubstr("mp4 cannot carry the video as ffv1"));
  EXPECT_EQ(refusal(input).what, "the output is the input itself");
  const std::string link = scratch() + "/link.mov";
  std::filesystem::create_symlink(input, link);
  EXPECT_EQ(refusal(link).what, "the output is the input itself");
  std::filesystem::remove(link);
  std::ofstream(scratch() + "/there.mov") << "x";
  EXPECT_EQ(refusal(scratch() + "/there.mov").what, "already exists");
  EXPECT_EQ(std::filesystem::file_size(scratch() + "/there.mov"), 1U);
}

TEST(VideoRefusalTest, SaysWhichContainerCountsTimeFinelyEnough) {
  const std::string input = make_file("fast.mov", "-f lavfi -i testsrc2=s=64x64:r=2000:d=0.1 -c:v mpeg4");
  const Error error = error_of(copy_request(input, scratch() + "/fast-out.mkv"));
  EXPECT_EQ(error.code, ErrorCode::kOutput);
  EXPECT_THAT(error.what, HasSubstr("counts time in 1/1000 s, in which"));
  EXPECT_THAT(error.advice, HasSubstr(".mov"));
  EXPECT_TRUE(test::run_command("find " + scratch() + " -name '*fast-out*'").empty()) << "not even a temporary file";
  const std::string advised = scratch() + "/fast-out.mov";
  ASSERT_TRUE(run_video(copy_request(input, advised)));
  expect_exact(input, advised);
}

// Each advice is followed, on the input that provoked it.

std::string with_subtitles(const std::string& name, const std::string& codec) {
  std::ofstream(scratch() + "/s.srt") << "1\n00:00:00,000 --> 00:00:01,000\nhello\n";
  return make_file(name,
                   "-f lavfi -i testsrc2=s=64x64:r=25:d=1 -i " + scratch() + "/s.srt -map 0 -map 1 -c:v libx264 -c:s " + codec);
}

TEST(VideoAdviceTest, NamesTheContainersThatCarryTheStream) {
  const struct {
    std::string input, stream, output;
    std::vector<std::string> advised;
  } cases[] = {
      {with_subtitles("srt.mkv", "srt"), "stream 1 (subrip subtitle)", "subtitled.mov", {".mkv"}},
      {with_subtitles("words.mp4", "mov_text"), "stream 1 (mov_text subtitle)", "subtitled.mkv", {".mov"}},
      {make_file("plain.mkv", "-f lavfi -i testsrc2=s=64x64:r=25:d=1 -c:v libx264"),
       "the video as ffv1",
       "plain.mp4",
       {".mkv", ".mov"}},
  };
  for (const auto& [input, stream, output, advised] : cases) {
    const Error error = error_of(copy_request(input, scratch() + "/" + output));
    EXPECT_EQ(error.code, ErrorCode::kOutput);
    EXPECT_THAT(error.what, HasSubstr(stream));
    EXPECT_EQ(error.advice, "use " + advised[0] + (advised.size() > 1 ? " or " + advised[1] : ""));
    for (const std::string& extension : advised) {
      const std::string path = scratch() + "/advised" + extension;
      const auto outcome = run_video(copy_request(input, path));
      ASSERT_TRUE(outcome) << outcome.error().message();
      expect_exact(input, path);
    }
  }
}

TEST(VideoAdviceTest, NamesNoContainerWhereNoneCarriesTheStream) {
  const std::string input =
      make_file("s302m.ts",
                "-f lavfi -i testsrc2=s=64x64:r=25:d=1 -f lavfi -i sine=d=1 -c:v libx264 -c:a s302m -strict "
                "-2 -ar 48000 -ac 2");
  const Error error = error_of(copy_request(input, scratch() + "/s302m.mkv"));
  EXPECT_EQ(error.code, ErrorCode::kOutput);
  EXPECT_EQ(error.advice, "");
}

TEST(VideoAdviceTest, SaysWhatToDoAboutAnOddSize) {
  v1::VideoRequest request = copy_request(
      make_file("odd.mkv", "-f lavfi -i testsrc2=s=66x64:r=25:d=0.2 -vf format=yuv444p,crop=65:64,format=yuv420p -c:v ffv1"),
      scratch() + "/odd.mp4");
  request.set_codec("libx264");
  const Error error = error_of(request);
  EXPECT_EQ(error.code, ErrorCode::kUsage);
  EXPECT_EQ(error.advice, "add --op resize:width=64,height=64, or use --codec ffv1 with a .mkv output");

  v1::OpCall& resize = *request.add_ops();
  resize.set_name("resize");
  for (const char* key : {"width", "height"}) {
    v1::OpArgument& argument = *resize.add_arguments();
    argument.set_key(key);
    argument.set_integer(64);
  }
  v1::OpArgument& method = *resize.add_arguments();
  method.set_key("method");
  method.set_text("area");
  const auto resized = run_video(request);
  ASSERT_TRUE(resized) << resized.error().message();
  expect_same_times(request.input(), request.output());

  const std::string lossless = scratch() + "/odd-out.mkv";
  ASSERT_TRUE(run_video(copy_request(request.input(), lossless)));
  expect_exact(request.input(), lossless);
}

TEST(VideoAdviceTest, SaysWhatToDoAboutFormatsThatTheEncoderDoesNotTake) {
  const std::string input = make_file("rgb.mkv", "-f lavfi -i testsrc2=s=64x64:r=25:d=0.2 -c:v ffv1 -pix_fmt bgr0");
  v1::VideoRequest request = copy_request(input, scratch() + "/rgb-out.mkv");
  request.set_codec("libx264");
  const Error error = error_of(request);
  EXPECT_EQ(error.code, ErrorCode::kUsage);
  EXPECT_EQ(error.advice, "use --codec ffv1 with a .mkv output");
  request.set_codec("ffv1");
  ASSERT_TRUE(run_video(request));
  expect_exact(input, request.output());
}

TEST(VideoAdviceTest, SaysHowToMakeACopyOf8Bits) {
  for (const char* format : {"yuv420p10le", "yuv422p10le", "yuv444p12le", "gray10le", "gbrp10le"}) {
    const std::string input = make_file(std::string(format) + ".mkv",
                                        "-f lavfi -i testsrc2=s=64x64:r=25:d=0.2 -f lavfi -i sine=d=0.2 -c:v ffv1 -pix_fmt " +
                                            std::string(format) + " -c:a aac");
    const Error error = error_of(copy_request(input, scratch() + "/deep.mkv"));
    EXPECT_EQ(error.code, ErrorCode::kInput);
    const std::string command = error.advice.substr(error.advice.find("ffmpeg"));
    const std::string copy = scratch() + "/copy.mkv";
    ASSERT_THAT(command, ::testing::MatchesRegex("ffmpeg -i INPUT .* NEW.mkv"));
    const auto put = [&](std::string text, const std::string& word, const std::string& value) {
      return text.replace(text.find(word), word.size(), value);
    };
    test::run_command(put(put(command, "INPUT", input), "NEW.mkv", "-v error -y " + copy));
    const std::string output = scratch() + "/from-copy.mkv";
    const auto outcome = run_video(copy_request(copy, output));
    ASSERT_TRUE(outcome) << format << ": " << outcome.error().message();
    expect_exact(copy, output);
    EXPECT_EQ(oracle(input, "gray").size(), oracle(output, "gray").size());
  }
}

TEST(VideoAdviceTest, OverwritesOnlyWhenAsked) {
  const std::string input = make_file("plain.mkv", "-f lavfi -i testsrc2=s=64x64:r=25:d=1 -c:v libx264");
  v1::VideoRequest request = copy_request(input, scratch() + "/old.mkv");
  std::ofstream(request.output()) << "old";
  const Error error = error_of(request);
  EXPECT_EQ(error.what, "already exists");
  EXPECT_EQ(error.advice, "choose another name, or give --overwrite");
  request.set_overwrite(true);
  ASSERT_TRUE(run_video(request));
  expect_exact(input, request.output());
}

/// The times of a stream's packets in milliseconds, in the order of the file; `stream` is one of ffmpeg's specifiers.
std::vector<double> packet_times(const std::string& path, const std::string& stream) {
  std::istringstream text(test::run_command("ffprobe -v error -select_streams " + stream +
                                            " -show_entries packet=pts_time -of csv=p=0 " + path + " | tr -d ,"));
  std::vector<double> times;
  for (double seconds = 0; text >> seconds;) times.push_back(1000 * seconds);
  return times;
}

/// That the packets of `stream` have the input's times, moved up by `shift` milliseconds.
void expect_packet_times(const std::string& input, const std::string& output, const std::string& stream, double shift = 0) {
  const std::vector<double> expected = packet_times(input, stream);
  const std::vector<double> actual = packet_times(output, stream);
  ASSERT_FALSE(expected.empty());
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i)
    ASSERT_NEAR(actual[i], expected[i] + shift, 1.01) << stream << ", packet " << i;
}

TEST(VideoStreamsTest, MovesUpWhatBeginsBelowZero) {
  // The clock of a transport stream wraps after 95443.7 s: what is before that counts as below 0.
  const std::string input = make_file("wrap.ts",
                                      "-f lavfi -i testsrc2=s=64x64:r=25:d=4 -f lavfi -i sine=d=4 -c:v libx264 -c:a aac "
                                      "-output_ts_offset 95440.5");
  std::vector<double> times = packet_times(input, "v:0");
  std::sort(times.begin(), times.end());
  const std::vector<double> sound = packet_times(input, "a:0");
  ASSERT_LT(times.front(), -1000);
  ASSERT_GT(times.back(), 0);
  const double shift = -std::min(times.front(), sound.front());
  for (const char* extension : {".mkv", ".mov"}) {
    const std::string output = scratch() + "/wrap-out" + extension;
    v1::VideoRequest request = copy_request(input, output);
    request.set_chunk_frames(30);
    const auto outcome = run_video(request);
    ASSERT_TRUE(outcome) << outcome.error().message();
    EXPECT_THAT(outcome->plan.notes, ::testing::Contains(HasSubstr("begin below 0: all streams are moved up by ")));
    const std::vector<double> moved = packet_times(output, "v:0");
    ASSERT_EQ(moved.size(), times.size());
    for (std::size_t i = 0; i < times.size(); ++i) ASSERT_NEAR(moved[i], times[i] + shift, 1.01) << "frame " << i;
    expect_packet_times(input, output, "a:0", shift);
  }
}

TEST(VideoStreamsTest, KeepsTheTimesOfOpusHoweverOftenItIsCopied) {
  std::string input =
      make_file("opus.mkv", "-f lavfi -i testsrc2=s=64x64:r=25:d=2 -f lavfi -i sine=d=2 -c:v libx264 -c:a libopus");
  const std::string first = input;
  for (const char* extension : {".mkv", ".mp4", ".mkv"}) {
    const std::string output = scratch() + "/opus-" + std::filesystem::path(input).stem().string() + extension;
    v1::VideoRequest request = copy_request(input, output);
    request.set_codec("libx264");
    ASSERT_TRUE(run_video(request));
    expect_packet_times(first, output, "a:0");
    input = output;
  }
}

TEST(VideoStreamsTest, KeepsTheTimesOfASecondVideoThatReorders) {
  const std::string input =
      make_file("two.mkv",
                "-f lavfi -i testsrc2=s=64x64:r=25:d=2 -f lavfi -i testsrc2=s=96x64:r=25:d=2 -map 0 -map 1 "
                "-c:v libx264 -bf 3");
  for (const char* extension : {".mkv", ".mov"}) {
    const std::string output = scratch() + "/two-out" + extension;
    ASSERT_TRUE(run_video(copy_request(input, output)));
    expect_packet_times(input, output, "v:1");
  }
}

TEST(VideoStreamsTest, CopiesAudioChaptersAndMetadata) {
  std::ofstream(scratch() + "/meta.txt")
      << ";FFMETADATA1\ntitle=A title\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=500\ntitle=One\n";
  const std::string input =
      make_file("sound.mp4", "-f lavfi -i testsrc2=s=64x64:r=25:d=2 -f lavfi -i sine=d=2 -i " + scratch() +
                                 "/meta.txt -map 0 -map 1 -map_metadata 2 -map_chapters 2 -c:v libx264 -c:a aac");
  for (const char* extension : {".mp4", ".mkv"}) {
    const std::string output = scratch() + "/sound_out" + extension;
    v1::VideoRequest request = copy_request(input, output);
    request.set_codec("libx264");
    const auto outcome = run_video(request);
    ASSERT_TRUE(outcome) << outcome.error().message();
    const auto audio = [](const std::string& path) {
      return test::run_command("ffmpeg -nostdin -v error -copyts -i " + path + " -map 0:a -c copy -f md5 -");
    };
    EXPECT_EQ(audio(output), audio(input));
    const std::string shown = test::run_command("ffprobe -v error -show_chapters -show_format " + output);
    EXPECT_THAT(shown, HasSubstr("TAG:title=One"));
    EXPECT_THAT(shown, HasSubstr("TAG:title=A title"));
    const std::string first = test::run_command("sha256sum < " + output);
    ASSERT_TRUE(run_video(request));
    EXPECT_EQ(test::run_command("sha256sum < " + output), first) << "the same command gives the same bytes";
  }
}

}  // namespace
}  // namespace sheaf
