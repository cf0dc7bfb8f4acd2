// Codecs, containers and cuts, on small pictures; long and large footage goes through whole clusters, in tests/e2e.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

#include "tests/unit/media_fixture.h"
#include "tests/unit/video_run.h"

namespace sheaf {
namespace {

using test::copy_request;
using test::expect_exact;
using test::expect_same_times;
using test::make_file;
using test::run_video;
using test::scratch;

const std::string kImages = "/usr/lib/python3/dist-packages/imageio/resources/images/";

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

}  // namespace
}  // namespace sheaf
