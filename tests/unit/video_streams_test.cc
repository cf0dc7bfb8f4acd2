// What comes along with the video: other streams, their times, chapters, metadata.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/unit/media_fixture.h"
#include "tests/unit/video_run.h"

namespace sheaf {
namespace {

using test::copy_request;
using test::make_file;
using test::run_video;
using test::scratch;
using ::testing::HasSubstr;

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
