// What runs, what it links, and that nothing stays behind, however it ends.
#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>

#include "tests/e2e/support/cluster.h"
#include "tests/e2e/support/corpus.h"

namespace sheaf::e2e {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

/// Work for half a minute: every test ends it long before.
const Footage kLong = plain_footage("640x480", 1500);

class ProcessesTest : public ClusterTest {
 protected:
  /// A private cluster in the middle of its work.
  Process start_busy() const {
    Process video = Process::start(
        sheaf({"video", path_of(kLong), "-o", output("out.mp4"), "--op", "blur:sigma=8", "--preset", "slow", "--chunk", "60"}));
    video.wait_until([&] { return busy_executor().has_value(); }, "an executor works");
    return video;
  }
  /// Whatever was killed: the others have gone, and there is nothing under the final name.
  void expect_nothing_left() const {
    expect_all_gone();
    EXPECT_THAT(outputs(), IsEmpty());
    EXPECT_THAT(socket_directories(), IsEmpty());
  }
  /// Only a stage knows of its unfinished file; when it was killed nobody else may guess which one was its own.
  void remove_unfinished() const {
    for (const std::string& name : outputs()) {
      EXPECT_THAT(name, StartsWith(".out.mp4.sheaf-"));
      std::filesystem::remove(output(name));
    }
  }
  /// The same when a stage was killed, and so nobody could remove its unfinished file.
  void expect_only_unfinished_left() const {
    expect_all_gone();
    remove_unfinished();
    EXPECT_THAT(outputs(), IsEmpty());
    EXPECT_THAT(socket_directories(), IsEmpty());
  }
  void expect_one_line(const Finished& finished, const std::string& line) const {
    EXPECT_EQ(finished.out, "");
    EXPECT_EQ(lines_of(finished.err).back(), line) << finished.err;
  }
};

TEST_F(ProcessesTest, LeavesNothingAfterSuccess) {
  make(path_of(footage("Vfr")), output("out.mp4"), {"--op", "copy"});
  expect_all_gone();
  EXPECT_THAT(outputs(), ElementsAre("out.mp4"));
  EXPECT_THAT(socket_directories(), IsEmpty());
}

TEST_F(ProcessesTest, ConsistsOfCommandMasterStageAndWorker) {
  Process video = start_busy();
  const auto all = processes();
  EXPECT_EQ(of_program(all, "sheaf").size(), 1U);
  ASSERT_EQ(of_program(all, "sheaf-master").size(), 1U);
  ASSERT_EQ(of_program(all, "sheaf-stage-video").size(), 1U);
  EXPECT_EQ(of_program(all, "sheaf-stage-video").front().parent, of_program(all, "sheaf-master").front().pid);
  EXPECT_EQ(of_program(all, "sheaf-worker").size(), 2U) << "link and spawner: " << text_of(all);
  ASSERT_THAT(socket_directories(), Not(IsEmpty()));
  const auto permissions = std::filesystem::status(path("run/" + socket_directories().front())).permissions();
  EXPECT_EQ(permissions, std::filesystem::perms::owner_all);
  video.send(SIGINT);
  EXPECT_EQ(video.wait().exit_code, 130);
}

TEST_F(ProcessesTest, LeavesNothingAfterCtrlC) {
  Process video = start_busy();
  video.send(SIGINT);
  const Finished finished = video.wait();
  EXPECT_EQ(finished.exit_code, 130);
  expect_one_line(finished, "sheaf video: stopped by SIGINT");
  expect_nothing_left();
}

TEST_F(ProcessesTest, LeavesNothingAfterATermination) {
  Process video = start_busy();
  video.send(SIGTERM);
  const Finished finished = video.wait();
  EXPECT_EQ(finished.exit_code, 143);
  expect_one_line(finished, "sheaf video: stopped by SIGTERM");
  expect_nothing_left();
}

TEST_F(ProcessesTest, LeavesNothingWhenItsTerminalIsClosed) {
  Process video = start_busy();
  video.send(SIGHUP);
  const Finished finished = video.wait();
  EXPECT_EQ(finished.exit_code, 143) << "as after a termination";
  expect_one_line(finished, "sheaf video: stopped by SIGHUP");
  expect_nothing_left();
}

TEST_F(ProcessesTest, GoesOnUnderNohup) {
  const std::string line =
      "mkfifo gate; trap '' HUP; exec " + program("sheaf") + " batch 'echo {}; : > begun; read x < gate; echo $x' ::: a";
  Process batch = Process::start(command({"sh", "-c", line}));
  ASSERT_TRUE(batch.wait_until([&] { return std::filesystem::exists(path("begun")); }, "the command runs"));
  batch.send(SIGHUP);
  write_file(path("gate"), "b\n");
  const Finished finished = batch.wait();
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_EQ(finished.out, "a\nb\n");
}

TEST_F(ProcessesTest, LeavesNothingAfterTwoSignalsAtOnce) {
  Process video = start_busy();
  video.send(SIGINT);
  video.send(SIGTERM);
  const Finished finished = video.wait();
  EXPECT_TRUE(finished.exit_code == 130 || finished.exit_code == 143) << finished.exit_code;
  expect_nothing_left();
}

TEST_F(ProcessesTest, LeavesNoProcessWhenTheCommandIsKilled) {
  const std::string input = path_of(footage("H264Closed"));
  Process video = start_busy();
  video.send(SIGKILL);
  EXPECT_EQ(video.wait().signal, SIGKILL);
  expect_all_gone();
  EXPECT_FALSE(std::filesystem::exists(output("out.mp4")));
  // What a killed command could not remove, the next one for the same output takes over.
  make(input, output("out.mp4"), {"--op", "copy"});
  EXPECT_THAT(outputs(), ElementsAre("out.mp4"));
}

TEST_F(ProcessesTest, LeavesNoProcessWhenTheMasterIsKilled) {
  Process video = start_busy();
  ::kill(processes("sheaf-master").at(0).pid, SIGKILL);
  const Finished finished = video.wait();
  EXPECT_EQ(finished.exit_code, 5);
  expect_one_line(finished, "sheaf video: private cluster: sheaf-master was ended by signal 9 (Killed)");
  expect_nothing_left();
}

TEST_F(ProcessesTest, LeavesNoProcessWhenTheWorkerIsKilled) {
  Process video = start_busy();
  for (const ProcessInfo& one : processes("sheaf-worker")) {
    if (one.parent == video.pid()) ::kill(one.pid, SIGKILL);
  }
  const Finished finished = video.wait();
  EXPECT_EQ(finished.exit_code, 5);
  expect_one_line(finished, "sheaf video: private cluster: sheaf-worker was ended by signal 9 (Killed)");
  expect_nothing_left();
}

TEST_F(ProcessesTest, LeavesNoProcessWhenTheSpawnerIsKilled) {
  Process video = start_busy();
  for (const ProcessInfo& one : processes("sheaf-worker")) {
    if (one.parent != video.pid()) ::kill(one.pid, SIGKILL);
  }
  const Finished finished = video.wait();
  EXPECT_NE(finished.exit_code, 0);
  EXPECT_THAT(finished.err, HasSubstr("sheaf video: "));
  expect_nothing_left();
}

TEST_F(ProcessesTest, LeavesNoProcessWhenTheStageIsKilled) {
  Process video = start_busy();
  ::kill(processes("sheaf-stage-video").at(0).pid, SIGKILL);
  const Finished finished = video.wait();
  EXPECT_EQ(finished.exit_code, 1);
  expect_one_line(finished, "sheaf video: the process that cuts and binds (sheaf-stage-video) was ended by signal 9 (Killed)");
  expect_only_unfinished_left();
}

TEST_F(ProcessesTest, LeavesNothingWhenTheStageStandsStill) {
  // Goal: a stage that hangs in a file system must not hold its master and its command.
  Process video = start_busy();
  freeze(processes("sheaf-stage-video").at(0).pid);
  video.send(SIGINT);
  EXPECT_EQ(video.wait().exit_code, 130);
  expect_only_unfinished_left();
}

TEST_F(ProcessesTest, EndsAStageThatStandsStillWithTheMaster) {
  Process master = start_master();
  const Process worker = start_worker();
  Process video = start_video(path_of(kLong), output("out.mp4"), {"--op", "blur:sigma=8"});
  ASSERT_TRUE(video.wait_until([&] { return is_busy(worker); }, "the worker works"));
  const auto stages = processes("sheaf-stage-video");
  ASSERT_EQ(stages.size(), 1U);
  freeze(stages.front().pid);
  master.send(SIGTERM);
  EXPECT_EQ(master.wait().exit_code, 143);
  EXPECT_TRUE(wait_until_gone(stages));
  video.send(SIGINT);
  EXPECT_NE(video.wait().exit_code, 0);
  worker.send(SIGINT);
  remove_unfinished();
}

TEST_F(ProcessesTest, TakesTheWorkersExecutorsWithIt) {
  const Process master = start_master();
  Process worker = start_worker();
  Process video = start_video(path_of(kLong), output("out.mp4"), {"--op", "blur:sigma=8"});
  ASSERT_TRUE(video.wait_until([&] { return is_busy(worker); }, "the worker works"));
  const auto executors = executors_of(worker);
  ASSERT_THAT(executors, Not(IsEmpty()));
  const auto link_and_spawner = processes("sheaf-worker");
  ASSERT_EQ(link_and_spawner.size(), 2U);
  worker.send(SIGKILL);
  worker.wait();
  EXPECT_TRUE(wait_until_gone(executors));
  EXPECT_TRUE(wait_until_gone(link_and_spawner));
  video.send(SIGINT);
  EXPECT_EQ(video.wait().exit_code, 130);
  master.send(SIGTERM);
}

TEST_F(ProcessesTest, DrainsAWorkerAndKeepsAMasterWhenTheirTerminalIsClosed) {
  Process master = start_master();
  Process worker = start_worker();
  Process video = start_video(path_of(footage("Vfr")), output("out.mp4"), {"--op", "copy"});
  EXPECT_EQ(video.wait().exit_code, 0);
  worker.send(SIGHUP);
  const Finished left = worker.wait();
  EXPECT_EQ(left.exit_code, 143);
  EXPECT_THAT(left.err, HasSubstr("stopped by SIGHUP"));
  master.send(SIGHUP);
  const Process another = start_worker();
  Process again = start_video(path_of(footage("Vfr")), output("again.mp4"), {"--op", "copy"});
  EXPECT_EQ(again.wait().exit_code, 0) << "the master goes on";
  another.send(SIGINT);
  master.send(SIGTERM);
  EXPECT_EQ(master.wait().exit_code, 143);
}

TEST_F(ProcessesTest, WaitsForAMasterThatIsStartedAfterIt) {
  // `sheaf-master & sheaf video --master ...`: a script starts both in one go.
  Process video = start_video(path_of(footage("Vfr")), output("out.mp4"), {"--op", "copy", "--wait", "60s"});
  const auto waits = [&] { return video.err().find("waiting for the master") != std::string::npos; };
  ASSERT_TRUE(video.wait_until(waits, "it says what it waits for"));
  Process master = start_master();
  const Process worker = start_worker();
  EXPECT_EQ(video.wait().exit_code, 0);
  EXPECT_THAT(outputs(), ElementsAre("out.mp4"));
  master.send(SIGTERM);
  EXPECT_EQ(master.wait().exit_code, 143);
  worker.send(SIGINT);
}

TEST_F(ProcessesTest, StopsWaitingForAMasterWhenItIsTold) {
  Process video = start_video(path_of(footage("Vfr")), output("out.mp4"), {"--op", "copy", "--wait", "1h"});
  ASSERT_TRUE(video.wait_until([&] { return !video.err().empty(); }, "it says what it waits for"));
  video.send(SIGINT);
  const Finished finished = video.wait();
  EXPECT_EQ(finished.exit_code, 130);
  expect_one_line(finished, "sheaf video: stopped by SIGINT");
  EXPECT_THAT(outputs(), IsEmpty());
}

TEST_F(ProcessesTest, TakesTheMastersStagesWithIt) {
  Process master = start_master();
  const Process worker = start_worker();
  Process video = start_video(path_of(kLong), output("out.mp4"), {"--op", "blur:sigma=8"});
  ASSERT_TRUE(video.wait_until([&] { return is_busy(worker); }, "the worker works"));
  const auto stages = processes("sheaf-stage-video");
  ASSERT_EQ(stages.size(), 1U);
  master.send(SIGKILL);
  master.wait();
  EXPECT_TRUE(wait_until_gone(stages));
  video.send(SIGINT);
  EXPECT_EQ(video.wait().exit_code, 130);
  worker.send(SIGINT);
}

TEST_F(ProcessesTest, CancelsTheRunOfACommandThatWasKilled) {
  Process master = start_master();
  const Process worker = start_worker();
  Process video = start_video(path_of(kLong), output("out.mp4"), {"--op", "blur:sigma=8"});
  ASSERT_TRUE(video.wait_until([&] { return is_busy(worker); }, "the worker works"));
  video.send(SIGINT);
  EXPECT_EQ(video.wait().exit_code, 130);
  EXPECT_TRUE(wait_until_gone(processes("sheaf-stage-video")));
  EXPECT_THAT(outputs(), IsEmpty());
  // The cluster is as good as before.
  Process another = start_video(path_of(footage("Vfr")), output("another.mp4"), {"--op", "copy"});
  EXPECT_EQ(another.wait().exit_code, 0);
  master.send(SIGTERM);
  EXPECT_EQ(master.wait().exit_code, 143);
  worker.send(SIGINT);
}

TEST_F(ProcessesTest, LinksMediaLibrariesOnlyWhereTheyAreUsed) {
  for (const char* name : {"sheaf", "sheaf-master", "sheaf-worker"}) {
    const std::string libraries = output_of({"ldd", program(name)});
    EXPECT_THAT(libraries, HasSubstr("libc.so")) << name;
    EXPECT_THAT(libraries, Not(HasSubstr("libav"))) << name;
    EXPECT_THAT(libraries, Not(HasSubstr("libopencv"))) << name;
  }
  EXPECT_THAT(output_of({"ldd", program("sheaf-stage-video")}), Not(HasSubstr("libopencv")));
  EXPECT_THAT(output_of({"ldd", program("sheaf-executor-video")}), HasSubstr("libopencv_core"));
}

}  // namespace
}  // namespace sheaf::e2e
