// Outputs that cannot be made.
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "tests/e2e/support/corpus.h"
#include "tests/e2e/support/refusal.h"

namespace sheaf::e2e {
namespace {

using ::testing::HasSubstr;

constexpr int kOutput = 4;

class BadOutputTest : public RefusalTest {
 protected:
  BadOutputTest() : video_(path_of(footage("H264Closed"))) {}

  /// The command with a small file system of its own at path("disk"), which nobody else sees and which goes with it; empty
  /// where this user may not do such a thing.
  std::optional<Command> with_disk(const std::string& mount_options, const Command& inner) const {
    std::filesystem::create_directory(path("disk"));
    std::vector<std::string> words = {"unshare", "--mount"};
    if (::geteuid() != 0) words.insert(words.end(), {"--map-root-user", "--user"});
    const std::string mount = "mount -t tmpfs -o " + mount_options + " tmpfs " + path("disk");
    std::vector<std::string> trial = words;
    trial.insert(trial.end(), {"sh", "-c", mount});
    if (run(command(trial)).exit_code != 0) return std::nullopt;
    words.insert(words.end(), {"sh", "-c", mount + " && exec \"$@\"", "sh"});
    words.insert(words.end(), inner.words.begin(), inner.words.end());
    return command(words);
  }
  std::string video_;
};

TEST_F(BadOutputTest, RefusesAnOutputThatExists) {
  write_file(output("out.mp4"), "precious");
  expect_refused({{"video", video_, "-o", output("out.mp4")}, kOutput, {"out.mp4: exists; use --overwrite to replace it"}});
  EXPECT_EQ(read_file(output("out.mp4")), "precious");
  make(video_, output("out.mp4"), {"--op", "copy", "--overwrite"});
  EXPECT_NE(read_file(output("out.mp4")), "precious");
}

TEST_F(BadOutputTest, KeepsTheOldOutputWhenARunFails) {
  write_file(output("out.webm"), "precious");
  expect_refused(
      {{"video", video_, "-o", output("out.webm"), "--overwrite"}, kOutput, {"out.webm: webm cannot carry the video as h264"}});
  EXPECT_EQ(read_file(output("out.webm")), "precious");
}

TEST_F(BadOutputTest, RefusesTheInputAsOutput) {
  std::filesystem::copy_file(video_, path("in.mp4"));
  std::filesystem::create_symlink(path("in.mp4"), output("symbolic.mp4"));
  std::filesystem::create_hard_link(path("in.mp4"), output("hard.mp4"));
  for (const std::string& name : {path("in.mp4"), path("out/../in.mp4"), output("symbolic.mp4"), output("hard.mp4")}) {
    expect_refused({{"video", "in.mp4", "-o", name}, kOutput, {name + ": is the input itself"}});
    expect_refused({{"video", "in.mp4", "-o", name, "--overwrite"}, kOutput, {name + ": is the input itself"}});
  }
  EXPECT_TRUE(read_file(path("in.mp4")) == read_file(video_));
}

TEST_F(BadOutputTest, RefusesAFolderThatIsNotThere) {
  expect_refused({{"video", video_, "-o", path("no/folder/out.mp4")}, kOutput, {"there is no folder " + path("no/folder")}});
}

TEST_F(BadOutputTest, RefusesAFolderAsName) {
  std::filesystem::create_directory(output("folder"));
  expect_refused({{"video", video_, "-o", output("folder")}, kOutput, {"folder: is a folder"}});
}

TEST_F(BadOutputTest, RefusesAFolderThatCannotBeWritten) {
  if (::geteuid() != 0) {
    std::filesystem::create_directory(path("locked"));
    std::filesystem::permissions(path("locked"), std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
    expect_refused(
        {{"video", video_, "-o", path("locked/out.mp4")}, kOutput, {"its folder cannot be written: Permission denied"}});
    return;
  }
  // To root, permissions are nothing; a file system that is read-only is.
  const auto command = with_disk("ro", sheaf({"video", video_, "-o", path("disk/out.mp4"), "--quiet"}));
  if (!command) GTEST_SKIP() << "no file systems of its own for this user";
  expect_refused(*command, {{}, kOutput, {"its folder cannot be written: Read-only file system"}});
}

TEST_F(BadOutputTest, StopsWhenTheDiskIsFull) {
  // The output of this run has several times the size of the disk.
  const std::string big = path_of(plain_footage("640x480", 100));
  const auto expect_full = [&](const std::string& output, const std::vector<std::string>& options) {
    std::vector<std::string> words = {"video", big, "-o", path(output), "--codec", "ffv1", "--chunk", "10", "--quiet"};
    words.insert(words.end(), options.begin(), options.end());
    const auto command = with_disk("size=1m", sheaf(words));
    if (!command) GTEST_SKIP() << "no file systems of its own for this user";
    const Finished finished = run(*command);
    EXPECT_EQ(finished.exit_code, kOutput);
    EXPECT_EQ(finished.out, "");
    EXPECT_THAT(lines_of(finished.err).back(), HasSubstr("sheaf video: " + path(output)));
    EXPECT_THAT(lines_of(finished.err).back(), HasSubstr("o space left on"));
    EXPECT_EQ(lines_of(finished.err).size(), 1U) << finished.err;
  };
  // The state of the private cluster stands on the same disk: who of the two finds it full is chance.
  expect_full("disk/out.mkv", {});

  // Of these only the output. A .mov is written with every packet, an .mkv of this size at the end.
  const Process master = start_master();
  const Process worker = start_worker();
  for (const char* output : {"disk/out.mov", "disk/out.mkv"}) {
    SCOPED_TRACE(output);
    expect_full(output, {"--master", endpoint(), "--stage", "client"});
  }
}

TEST_F(BadOutputTest, RefusesContainersItDoesNotKnow) {
  expect_refused({{"video", video_, "-o", output("out.xyz")}, kOutput, {"out.xyz: no container is known for .xyz"}});
  expect_refused({{"video", video_, "-o", output("out")}, kOutput, {"out: "}});
}

TEST_F(BadOutputTest, NamesTheStreamsThatAContainerCannotCarry) {
  const std::string pcm = path_of({"Pcm",
                                   "pcm.mkv",
                                   {"-f", "lavfi", "-i", "testsrc2=s=160x120:d=1", "-f", "lavfi", "-i", "sine=d=1", "-c:v",
                                    "libx264", "-c:a", "pcm_s16le"}});
  expect_refused({{"video", pcm, "-o", output("out.mp4")}, kOutput, {"mp4 cannot carry stream 1 (pcm_s16le audio)"}});
  expect_refused(
      {{"video", pcm, "-o", output("out.webm")}, kOutput, {"webm cannot carry the video as h264, stream 1 (pcm_s16le audio)"}});
  make(pcm, output("out.mkv"), {"--op", "copy"});
}

}  // namespace
}  // namespace sheaf::e2e
