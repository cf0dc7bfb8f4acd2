#include "tests/e2e/support/corpus.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>

#include "tests/e2e/support/process.h"
#include "tests/own_directory.h"

namespace sheaf::e2e {

namespace {

namespace fs = std::filesystem;

constexpr char kImages[] = "/usr/lib/python3/dist-packages/imageio/resources/images/";
constexpr char kExamples[] = "/usr/share/doc/opencv-doc/examples/data/";

using Words = std::vector<std::string>;

Words source(const std::string& size, const std::string& rate, const std::string& seconds, Words rest) {
  Words words = {"-f", "lavfi", "-i",
                 "testsrc2=s=" + size + ":r=" + rate + ":d=" + seconds + ",noise=alls=12:allf=t:all_seed=7"};
  words.insert(words.end(), rest.begin(), rest.end());
  return words;
}

Words small(Words rest) {
  return source("160x120", "30", "3", std::move(rest));
}

const char* const kOpenGop = "open-gop=1:bframes=3:keyint=30:min-keyint=30:scenecut=0";

std::vector<Footage> make_list() {
  const Words x264 = {"-c:v", "libx264", "-preset", "veryfast"};
  const auto h264 = [&](Words rest) {
    Words words = x264;
    words.insert(words.end(), rest.begin(), rest.end());
    return small(words);
  };
  return {
      {"H264Closed", "closed.mp4", h264({"-bf", "3", "-g", "30"})},
      {"H264Open", "open.mp4", h264({"-x264-params", kOpenGop})},
      {"H264OpenTs", "open.ts", h264({"-x264-params", kOpenGop})},
      {"HevcOpen", "hevc_open.mp4",
       small({"-c:v", "libx265", "-preset", "veryfast", "-x265-params", "log-level=none:keyint=30:min-keyint=30"})},
      {"HevcClosed", "hevc_closed.mp4",
       small({"-c:v", "libx265", "-preset", "veryfast", "-x265-params", "log-level=none:keyint=30:open-gop=0"})},
      {"Mpeg4", "mpeg4.mp4", small({"-c:v", "mpeg4", "-bf", "2", "-g", "30", "-q:v", "5"})},
      {"Mpeg4Avi", "mpeg4.avi", small({"-c:v", "mpeg4", "-bf", "2", "-g", "30", "-q:v", "5"})},
      {"Mpeg2Ps", "mpeg2.mpg", small({"-c:v", "mpeg2video", "-bf", "2", "-g", "15", "-q:v", "5"})},
      {"Mpeg2Ts", "mpeg2.ts", small({"-c:v", "mpeg2video", "-bf", "2", "-g", "15", "-q:v", "5"})},
      {"Vp9AltRef", "altref.webm",
       small({"-c:v", "libvpx-vp9", "-deadline", "good", "-cpu-used", "5", "-auto-alt-ref", "1", "-lag-in-frames", "16", "-g",
              "40", "-b:v", "200k"})},
      {"MjpegAvi", "mjpeg.avi", small({"-c:v", "mjpeg", "-q:v", "5"})},
      {"MjpegMov", "mjpeg.mov", small({"-c:v", "mjpeg", "-q:v", "5"})},
      {"Vfr", "vfr.mp4", h264({"-vf", "select='lt(mod(n,7),3)+eq(mod(n,11),0)'", "-fps_mode", "vfr", "-bf", "3", "-g", "24"})},
      {"OneKey", "onekey.mp4",
       source("96x64", "50", "8", {"-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-g", "1000", "-sc_threshold", "0"})},
      {"OneFrame", "one.mp4", source("160x120", "30", "0.03", x264)},
  };
}

std::string recipe_id(const Footage& footage) {
  std::string recipe;
  for (const std::string& word : footage.arguments) recipe += word + '\n';
  char text[17];
  std::snprintf(text, sizeof text, "%016zx", std::hash<std::string>{}(recipe));
  return text;
}

}  // namespace

std::string path_of(const Footage& footage) {
  if (footage.file.starts_with('/')) return footage.file;
  const std::string directory = test::own_directory() / "e2e-corpus";
  fs::create_directories(directory);
  const std::string made = directory + "/" + recipe_id(footage) + "-" + footage.file;
  // Tests run side by side: one makes it, the others wait.
  const int lock = ::open((directory + "/" + footage.file + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ::flock(lock, LOCK_EX);
  if (!fs::exists(made)) {
    const std::string unfinished = directory + "/unfinished-" + footage.file;
    Words words = {"ffmpeg", "-nostdin", "-v", "error", "-y"};
    words.insert(words.end(), footage.arguments.begin(), footage.arguments.end());
    words.push_back(unfinished);
    output_of(words);
    std::error_code error;
    fs::rename(unfinished, made, error);
    EXPECT_FALSE(error) << made << ": " << error.message();
  }
  ::close(lock);
  return made;
}

const std::vector<Footage>& generated_footage() {
  static const std::vector<Footage> list = make_list();
  return list;
}

const std::vector<Footage>& real_footage() {
  static const std::vector<Footage> list = {
      {"Realshort", std::string(kImages) + "realshort.mp4", {}},
      {"Cockatoo", std::string(kImages) + "cockatoo.mp4", {}},
      {"Vtest", std::string(kExamples) + "vtest.avi", {}},
      {"Megamind", std::string(kExamples) + "Megamind.avi", {}},
  };
  return list;
}

Footage footage(const std::string& name) {
  for (const auto* list : {&generated_footage(), &real_footage()}) {
    const auto found = std::find_if(list->begin(), list->end(), [&](const Footage& one) { return one.name == name; });
    if (found != list->end()) return *found;
  }
  ADD_FAILURE() << "no footage of the name " << name;
  return generated_footage().front();
}

Footage plain_footage(const std::string& size, int frames) {
  return {"Plain",
          "plain_" + size + "_" + std::to_string(frames) + ".mp4",
          {"-f", "lavfi", "-i", "testsrc2=s=" + size + ":r=25", "-frames:v", std::to_string(frames), "-c:v", "libx264",
           "-preset", "ultrafast", "-g", "50", "-pix_fmt", "yuv420p"}};
}

}  // namespace sheaf::e2e
