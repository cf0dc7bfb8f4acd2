// What cannot be done is refused with one line a cause, the exit codes of the README, and no trace of an output.
#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>

#include "tests/e2e/support/corpus.h"
#include "tests/e2e/support/refusal.h"

namespace sheaf::e2e {
namespace {

constexpr int kUsage = 2;
constexpr int kInput = 3;
constexpr int kOutput = 4;
constexpr int kCluster = 5;

class BadInputTest : public RefusalTest {
 protected:
  BadInputTest() : video_(path_of(footage("H264Closed"))), out_(output("out.mp4")) {}
  /// `sheaf video VIDEO -o OUT more...`
  std::vector<std::string> with(const std::vector<std::string>& more) const {
    std::vector<std::string> words = {"video", video_, "-o", out_};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  std::string audio() const { return path_of({"Audio", "audio.m4a", {"-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac"}}); }
  std::string video_;
  std::string out_;
};

TEST_F(BadInputTest, RefusesAnInputThatIsNotThere) {
  expect_refused({{"video", "nowhere.mp4", "-o", out_}, kInput, {"nowhere.mp4: no such file"}});
}

TEST_F(BadInputTest, RefusesAFolder) {
  expect_refused({{"video", "out", "-o", out_}, kInput, {"out: is a folder"}});
}

TEST_F(BadInputTest, RefusesText) {
  write_file(path("text.mp4"), "It was a bright cold day in April, and the clocks were striking thirteen.\n");
  expect_refused({{"video", "text.mp4", "-o", out_}, kInput, {"text.mp4: not a video"}});
}

TEST_F(BadInputTest, RefusesAnEmptyFile) {
  write_file(path("empty.mp4"), "");
  expect_refused({{"video", "empty.mp4", "-o", out_}, kInput, {"empty.mp4: the file is empty"}});
}

TEST_F(BadInputTest, RefusesAudioAlone) {
  expect_refused({{"video", audio(), "-o", out_}, kInput, {audio() + ": has no video"}});
}

TEST_F(BadInputTest, RefusesAVideoWithoutItsEnd) {
  write_file(path("half.mp4"), read_file(video_).substr(0, 20'000));  // The index of an mp4 stands at its end.
  expect_refused({{"video", "half.mp4", "-o", out_}, kInput, {"half.mp4: "}});
}

TEST_F(BadInputTest, EscapesControlCharactersInNames) {
  expect_refused({{"video", "no\n\x1b[31mwhere.mp4", "-o", out_}, kInput, {"where.mp4: no such file"}});
  const Finished finished = run_sheaf({"video", "no\n\x1b[31mwhere.mp4", "-o", out_});
  EXPECT_EQ(finished.err.find('\x1b'), std::string::npos);
}

TEST_F(BadInputTest, RefusesUnknownOpsAndArguments) {
  expect_refused({with({"--op", "blr"}), kUsage, {"--op blr: there is no op 'blr'; did you mean blur?"}});
  expect_refused(
      {with({"--op", "blur:sigmo=3"}), kUsage, {"--op blur:sigmo=3: blur has no argument 'sigmo'; did you mean sigma?"}});
  expect_refused({with({"--op", "blur:sigma=high"}), kUsage, {"--op blur:sigma=high: "}});
  expect_refused({with({"--op", "blur:sigma=900"}), kUsage, {"must lie between 0.1 and 100"}});
  expect_refused({with({"--op", "blur:sigma=1,sigma=2"}), kUsage, {"--op blur:sigma=1,sigma=2: "}});
}

TEST_F(BadInputTest, RefusesUnknownCodecsAndPresets) {
  expect_refused(
      {with({"--codec", "libx26"}), kUsage, {"'libx26'; it can with libx264, libx265, ffv1; did you mean libx264?"}});
  expect_refused({with({"--codec", "aac"}), kUsage, {"--codec: "}});
  expect_refused({with({"--preset", "hasty"}), kUsage, {"hasty"}});
}

TEST_F(BadInputTest, RefusesUnknownOptionsAndValues) {
  expect_refused({with({"--chnk", "7"}), kUsage, {"--chnk: is no option; did you mean --chunk?"}});
  expect_refused({with({"--chunk", "0"}), kUsage, {"--chunk: \"0\" is no whole number"}});
  expect_refused({with({"--workers", "many"}), kUsage, {"--workers: \"many\" is no whole number"}});
  expect_refused({with({"--stage", "moon"}), kUsage, {"--stage: \"moon\""}});
  expect_refused({with({"another.mp4"}), kUsage, {"another.mp4: there is an input already"}});
  expect_refused({{"video", video_}, kUsage, {"-o: is missing"}});
  expect_refused({{"video", "-o", out_}, kUsage, {"INPUT: is missing"}});
}

TEST_F(BadInputTest, NamesAllFaultsOfACommandLineAtOnce) {
  expect_refused({{"video", "nowhere.mp4", "-o", "no/folder.mp4", "--op", "blr", "--chunk", "0", "--crf", "x"},
                  kUsage,
                  {"--op blr: ", "--crf: ", "--chunk: ", "nowhere.mp4: no such file", "no/folder.mp4: there is no folder"}});
}

TEST_F(BadInputTest, RefusesOddSizesForHalvedColor) {
  const std::string odd =
      path_of({"Odd", "odd.mkv", {"-f", "lavfi", "-i", "testsrc=s=161x121:d=1", "-pix_fmt", "yuv420p", "-c:v", "ffv1"}});
  expect_refused({{"video", odd, "-o", out_}, kUsage, {"161x121"}});
  expect_refused({with({"--op", "resize:width=99,height=60"}), kUsage, {"99x60"}});
  // What the line advises does work.
  make(odd, output("even.mp4"), {"--op", "resize:width=160,height=120"});
}

TEST_F(BadInputTest, RefusesAMasterThatIsNotThere) {
  const std::string none = "ipc://" + path("run/none.sock");
  for (const char* wait : {"0", "200ms"}) {
    expect_refused({with({"--master", none, "--wait", wait}), kCluster, {"none.sock: no master listens there"}});
  }
  expect_refused({with({"--master", "tcp://127.0.0.1:1", "--insecure", "--wait", "0"}),
                  kCluster,
                  {"neither encrypted nor authenticated", "no master answers there"}});
  expect_refused({with({"--master", none, "--wait", "soon"}), kUsage, {"--wait"}});
}

TEST_F(BadInputTest, RefusesTcpWithoutKeys) {
  expect_refused({with({"--master", "tcp://127.0.0.1:7077"}), kUsage, {"--insecure"}});
  expect_refused({with({"--master", "udp://127.0.0.1:7077"}), kUsage, {"is no endpoint"}});
}

TEST_F(BadInputTest, RefusesASizeForAClusterThatIsNotItsOwn) {
  expect_refused({with({"--master", "ipc://" + path("run/none.sock"), "--workers", "2", "--threads", "2"}),
                  kUsage,
                  {"--workers: goes with a private cluster", "--threads: goes with a private cluster"}});
}

TEST_F(BadInputTest, IsRefusedByAMasterInTheSameWords) {
  Process master = start_master();
  const Process worker = start_worker();
  write_file(path("text.mp4"), "no video\n");
  for (const std::string stage : {"master", "client"}) {
    const std::vector<std::string> cluster = {"--master", endpoint(), "--stage", stage};
    const auto there = [&](std::vector<std::string> words) {
      words.insert(words.end(), cluster.begin(), cluster.end());
      return words;
    };
    expect_refused({there({"video", "nowhere.mp4", "-o", out_}), kInput, {"nowhere.mp4: no such file"}});
    expect_refused({there({"video", "text.mp4", "-o", out_}), kInput, {"text.mp4: not a video"}});
    expect_refused({there({"video", audio(), "-o", out_}), kInput, {audio() + ": has no video"}});
    expect_refused({there({"video", video_, "-o", path("no/folder.mp4")}), kOutput, {"no/folder.mp4: "}});
    expect_refused({there(with({"--codec", "libx26"})), kUsage, {"'libx26'"}});
  }
  // It has survived all that.
  Process video = start_video(video_, out_, {"--op", "copy"});
  EXPECT_EQ(video.wait().exit_code, 0);
  master.send(SIGTERM);
  EXPECT_EQ(master.wait().exit_code, 143);
}

}  // namespace
}  // namespace sheaf::e2e
