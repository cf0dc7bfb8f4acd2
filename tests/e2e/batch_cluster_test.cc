// sheaf batch with a master and workers that are started by hand.
#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>

#include "tests/e2e/support/cluster.h"

namespace sheaf::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class BatchClusterTest : public ClusterTest {
 protected:
  Command batch(const std::vector<std::string>& words) const {
    std::vector<std::string> all = {"batch", "--master", endpoint()};
    all.insert(all.end(), words.begin(), words.end());
    return sheaf(all);
  }
};

TEST_F(BatchClusterTest, RunsEachCommandInAFreshDirectoryWithTheVariablesThatWereNamed) {
  const Process master = start_master();
  const Process worker = start_worker({"--threads", "2", "--allow-commands"});
  Command command = batch({"--env", "NAMED", "ls -A; pwd; touch left; echo ${NAMED-unset} ${OTHER-unset} {}", ":::", "a", "b"});
  command.environment.emplace_back("NAMED", "named");
  command.environment.emplace_back("OTHER", "other");
  const Finished finished = run(command);
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  const std::vector<std::string> lines = lines_of(finished.out);
  ASSERT_THAT(lines, SizeIs(4)) << finished.out;
  EXPECT_EQ(lines[1], "named unset a");
  EXPECT_EQ(lines[3], "named unset b");
  EXPECT_NE(lines[0], lines[2]);
  EXPECT_FALSE(std::filesystem::exists(lines[0]) || std::filesystem::exists(lines[2]));
}

TEST_F(BatchClusterTest, RunsNoCommandOnAWorkerWhoseOwnerHasNotSaidSo) {
  const Process master = start_master();
  const Process worker = start_worker();
  Process waiting = Process::start(batch({"echo", ":::", "a"}));
  ASSERT_TRUE(waiting.wait_until([&] { return waiting.err().find("sheaf-worker --allow-commands") != std::string::npos; },
                                 "it says what is missing"));
  const Process other = start_worker({"--allow-commands"});
  const Finished finished = waiting.wait();
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_EQ(finished.out, "a\n");
}

TEST_F(BatchClusterTest, HasNoMoreCommandsAtATimeThanItWasAskedFor) {
  const Process master = start_master();
  const Process worker = start_worker({"--threads", "4", "--allow-commands"});
  // The first two run until the test has seen both; the third may begin only when one of them has ended.
  const std::string marks = path("marks");
  std::filesystem::create_directory(marks);
  Process running = Process::start(batch(
      {"-j", "2", "cd " + marks + "; test {} = c && exec ls; : > {}; until test -e go; do :; done", ":::", "a", "b", "c"}));
  ASSERT_TRUE(running.wait_until([&] { return std::filesystem::exists(marks + "/a") && std::filesystem::exists(marks + "/b"); },
                                 "two run"));
  std::ofstream(marks + "/go").flush();
  const Finished finished = running.wait();
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_EQ(finished.out, "a\nb\ngo\n");
}

TEST_F(BatchClusterTest, LeavesNoCommandBehindWhenItsWorkerIsKilled) {
  const Process master = start_master();
  Process worker = start_worker({"--allow-commands"});
  Process running = Process::start(batch({"--env", kMark, "sleep 1000 & setsid sleep 1000 & sleep 1000; : {}", ":::", "a"}));
  ASSERT_TRUE(running.wait_until([&] { return processes("sleep").size() == 3; }, "all sleep"));
  worker.send(SIGKILL);
  ASSERT_TRUE(running.wait_until([&] { return processes("sleep").empty(); }, "none sleeps any more"));
  running.send(SIGINT);
  EXPECT_EQ(running.wait().exit_code, 130);
}

TEST_F(BatchClusterTest, LeavesNoCommandBehindWhenTheSpawnerIsKilled) {
  const Process master = start_master();
  Process worker = start_worker({"--allow-commands"});
  Process running = Process::start(batch({"--env", kMark, "sleep 1000 & setsid sleep 1000 & sleep 1000; : {}", ":::", "a"}));
  ASSERT_TRUE(running.wait_until([&] { return processes("sleep").size() == 3; }, "all sleep"));
  std::vector<ProcessInfo> spawners = processes("sheaf-worker");
  std::erase_if(spawners, [&](const ProcessInfo& one) { return one.parent != worker.pid(); });
  ASSERT_THAT(spawners, SizeIs(1));
  ::kill(spawners[0].pid, SIGKILL);
  ASSERT_TRUE(running.wait_until([&] { return processes("sleep").empty(); }, "none sleeps any more"));
  worker.wait();
  running.send(SIGINT);
  EXPECT_EQ(running.wait().exit_code, 130);
}

TEST_F(BatchClusterTest, NeverBeginsAgainWhatMayHaveBegunWhenItIsNotTo) {
  const Process master = start_master();
  Process worker = start_worker({"--allow-commands"});
  const std::string marks = path("marks");
  Process running = Process::start(
      batch({"--no-rerun", "--env", kMark, "echo {} >> " + marks + "; test {} = b || sleep 1000", ":::", "a", "b"}));
  ASSERT_TRUE(running.wait_until([&] { return processes("sleep").size() == 1; }, "the first sleeps"));
  const std::vector<ProcessInfo> executors = processes("sheaf-executor");
  ASSERT_THAT(executors, SizeIs(1));
  ::kill(executors[0].pid, SIGKILL);
  const Finished finished = running.wait();
  EXPECT_EQ(finished.exit_code, 1) << "one item has failed";
  EXPECT_THAT(finished.err, HasSubstr("not to be run again"));
  EXPECT_EQ(read_file(marks), "a\nb\n");
}

TEST_F(BatchClusterTest, EndsWhenItsMasterWasStartedAnewAndRunsNothingTwice) {
  std::optional<Process> master(start_master());
  const Process worker = start_worker({"--allow-commands"});
  const std::string marks = path("marks");
  Process running = Process::start(
      batch({"--env", kMark, "echo {} >> " + marks + "; echo {}; test {} -lt 3 || sleep 1000", ":::", "1", "2", "3", "4"}));
  ASSERT_TRUE(
      running.wait_until([&] { return running.out() == "1\n2\n" && processes("sleep").size() == 1; }, "the third runs"));
  master->send(SIGKILL);
  master->wait();
  master.reset();
  master.emplace(start_master());
  const Finished finished = running.wait();
  EXPECT_EQ(finished.exit_code, 255);
  EXPECT_THAT(finished.err, HasSubstr("started anew"));
  EXPECT_EQ(finished.out, "1\n2\n");
  EXPECT_EQ(read_file(marks), "1\n2\n3\n");
}

TEST_F(BatchClusterTest, NeverGoesOverTcpWithoutKeys) {
  const Finished worker =
      run(command({program("sheaf-worker"), "--master", "tcp://127.0.0.1:1", "--insecure", "--allow-commands"}));
  EXPECT_EQ(worker.exit_code, 2);
  EXPECT_THAT(worker.err, HasSubstr("never goes with TCP without keys"));
  const Finished client = run(sheaf({"batch", "--master", "tcp://127.0.0.1:1", "echo", ":::", "a"}));
  EXPECT_EQ(client.exit_code, 255);
  EXPECT_THAT(client.err, HasSubstr("commands never travel over TCP without keys"));
}

}  // namespace
}  // namespace sheaf::e2e
