// What is refused, with what words, and whether what they advise works.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "tests/unit/media_fixture.h"
#include "tests/unit/video_run.h"

namespace sheaf {
namespace {

using test::copy_request;
using test::error_of;
using test::expect_exact;
using test::expect_same_times;
using test::make_file;
using test::oracle;
using test::run_video;
using test::scratch;
using ::testing::HasSubstr;

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

}  // namespace
}  // namespace sheaf
