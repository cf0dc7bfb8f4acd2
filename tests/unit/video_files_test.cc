#include "client/video_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace sheaf::client {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class VideoFilesTest : public ::testing::Test {
 protected:
  VideoFilesTest() {
    std::string name = ::testing::TempDir() + "sheaf-files-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    std::ofstream(folder_ + "/in.mp4") << "a video";
  }
  ~VideoFilesTest() override { fs::remove_all(folder_); }

  /// Codes and sentences; the paths are relative, so they are the same on every machine.
  std::vector<std::string> check(const std::string& input, const std::string& output, bool overwrite = false) {
    VideoOptions options;
    options.input = input;
    options.output = output;
    options.request.set_input(folder_ + "/" + input);
    options.request.set_output(folder_ + "/" + output);
    options.request.set_overwrite(overwrite);
    std::vector<std::string> texts;
    for (const Error& error : check_video_files(options)) {
      texts.push_back(std::string(error_code_name(error.code)) + " " + error.where + ": " + error.what);
    }
    return texts;
  }

  std::string folder_;
};

TEST_F(VideoFilesTest, PassesAnInputThatIsThereAndAnOutputThatIsNot) {
  EXPECT_THAT(check("in.mp4", "out.mp4"), IsEmpty());
}

TEST_F(VideoFilesTest, NamesBothFaultsAtOnce) {
  std::ofstream(folder_ + "/out.mp4") << "old";
  EXPECT_THAT(check("none.mp4", "out.mp4"), ElementsAre("input none.mp4: no such file", "output out.mp4: exists"));
  EXPECT_THAT(check("in.mp4", "out.mp4", true), IsEmpty());
}

TEST_F(VideoFilesTest, SeesTheInputBehindEveryName) {
  fs::create_symlink("in.mp4", folder_ + "/link.mp4");
  fs::create_hard_link(folder_ + "/in.mp4", folder_ + "/hard.mp4");
  for (const char* name : {"in.mp4", "./in.mp4", "link.mp4", "hard.mp4"}) {
    EXPECT_THAT(check("in.mp4", name, true), ElementsAre("output " + std::string(name) + ": is the input itself"));
  }
}

TEST_F(VideoFilesTest, RefusesWhatIsNoFile) {
  fs::create_directory(folder_ + "/folder");
  ASSERT_EQ(::mkfifo((folder_ + "/pipe").c_str(), 0600), 0);
  EXPECT_THAT(check("folder", "out.mp4"), ElementsAre("input folder: is a folder, not a video"));
  EXPECT_THAT(check("pipe", "out.mp4"), ElementsAre("input pipe: is not a file that can be read twice"));
  EXPECT_THAT(check("in.mp4", "folder", true), ElementsAre("output folder: is a folder"));
  EXPECT_THAT(check("in.mp4", "pipe", true), ElementsAre("output pipe: is not a file"));
  EXPECT_THAT(check("in.mp4", "no/out.mp4"), ElementsAre("output no/out.mp4: there is no folder " + folder_ + "/no"));
}

TEST_F(VideoFilesTest, RefusesAFolderThatCannotBeWritten) {
  if (::geteuid() == 0) GTEST_SKIP() << "root can write everywhere";
  fs::create_directory(folder_ + "/shut");
  fs::permissions(folder_ + "/shut", fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_THAT(check("in.mp4", "shut/out.mp4"),
              ElementsAre("output shut/out.mp4: its folder cannot be written: Permission denied"));
}

}  // namespace
}  // namespace sheaf::client
