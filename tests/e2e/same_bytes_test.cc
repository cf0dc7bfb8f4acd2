// The same bytes whatever the cluster, with the default encoder.
#include <csignal>
#include <nlohmann/json.hpp>

#include "tests/e2e/support/cluster.h"
#include "tests/e2e/support/corpus.h"

namespace sheaf::e2e {
namespace {

/// Long enough that something can happen on the way: 12 jobs.
const Footage kFootage = plain_footage("320x240", 480);
const std::vector<std::string> kOptions = {"--op", "blur:sigma=6", "--chunk", "40", "--overwrite"};

std::vector<std::string> with(std::vector<std::string> more) {
  more.insert(more.end(), kOptions.begin(), kOptions.end());
  return more;
}

class SameBytesTest : public ClusterTest {
 protected:
  SameBytesTest() : input_(path_of(kFootage)), expected_(output("expected.mp4")) {}
  void SetUp() override { make(input_, expected_, with({"--workers", "1"})); }

  void expect_same(const std::string& made) const {
    const std::string bytes = read_file(made);
    EXPECT_GT(bytes.size(), 10'000U);
    // Not EXPECT_EQ: nobody wants to see them.
    EXPECT_TRUE(bytes == read_file(expected_)) << made << " differs from " << expected_;
  }

  std::string input_;
  std::string expected_;
};

TEST_F(SameBytesTest, WithThreeWorkers) {
  make(input_, output("made.mp4"), with({"--workers", "3"}));
  expect_same(output("made.mp4"));
}

TEST_F(SameBytesTest, WithTwoThreads) {
  make(input_, output("made.mp4"), with({"--workers", "1", "--threads", "2"}));
  expect_same(output("made.mp4"));
}

TEST_F(SameBytesTest, WhenExecutorsAreKilledOnTheWay) {
  Process video = Process::start(sheaf(with({"video", input_, "-o", output("made.mp4"), "--workers", "2", "--json"})));
  // From the first on the run cannot end: a job of it is frozen.
  std::vector<ProcessInfo> frozen;
  const auto freezes_another = [&] {
    const auto one = freeze_busy_executor(frozen);
    if (one) frozen.push_back(*one);
    return one.has_value();
  };
  for (int kills = 0; kills < 2; ++kills) ASSERT_TRUE(video.wait_until(freezes_another, "an executor works"));
  for (const ProcessInfo& one : frozen) ::kill(one.pid, SIGKILL);
  const Finished finished = video.wait();
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  const auto summary = nlohmann::json::parse(finished.out);
  EXPECT_GE(summary["attempts"]["lost"].get<int>(), 2) << finished.out;
  expect_same(output("made.mp4"));
}

TEST_F(SameBytesTest, WhenOneWorkerIsKilledAndAnotherComesLate) {
  const Process master = start_master();
  Process first = start_worker();
  Process video = start_video(input_, output("made.mp4"), with({"--json"}));
  ASSERT_TRUE(video.wait_until([&] { return is_busy(first); }, "the first worker works"));
  const Process late = start_worker({"--threads", "2"});
  ASSERT_TRUE(video.wait_until([&] { return is_busy(late); }, "the late worker works"));
  first.send(SIGKILL);
  const Finished finished = video.wait();
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  const auto summary = nlohmann::json::parse(finished.out);
  EXPECT_GE(summary["attempts"]["lost"].get<int>(), 1) << finished.out;
  expect_same(output("made.mp4"));

  master.send(SIGTERM);
  late.send(SIGINT);
}

TEST_F(SameBytesTest, WhenTheClientCutsAndBinds) {
  const Process master = start_master();
  const Process worker = start_worker({"--threads", "2"});
  Process video = start_video(input_, output("made.mp4"), with({"--stage", "client", "--quiet"}));
  ASSERT_TRUE(video.wait_until([&] { return !processes("sheaf-stage-video").empty(); }, "there is a stage"));
  EXPECT_EQ(processes("sheaf-stage-video").front().parent, video.pid());
  const Finished finished = video.wait();
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  expect_same(output("made.mp4"));
  master.send(SIGTERM);
  worker.send(SIGINT);
}

TEST_F(SameBytesTest, InMatroska) {
  make(input_, output("one.mkv"), with({"--workers", "1"}));
  make(input_, output("two.mkv"), with({"--workers", "3"}));
  EXPECT_TRUE(read_file(output("one.mkv")) == read_file(output("two.mkv")));
}

}  // namespace
}  // namespace sheaf::e2e
