#include "worker/link/worker_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace sheaf::worker {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

CommandLine read(std::vector<const char*> words) {
  words.insert(words.begin(), "sheaf-worker");
  return read_command_line(static_cast<int>(words.size()), words.data());
}

std::vector<std::string> faults(const CommandLine& line) {
  std::vector<std::string> texts;
  for (const Error& fault : line.faults) texts.push_back(fault.message());
  return texts;
}

TEST(WorkerOptionsTest, ReadsWhatItIsTold) {
  const CommandLine line =
      read({"--master", "ipc:///tmp/m.sock", "--workers", "3", "--threads", "2", "--drain", "500ms", "--quiet"});
  ASSERT_TRUE(line.options) << faults(line)[0];
  EXPECT_EQ(line.options->endpoint.ipc_path, "/tmp/m.sock");
  EXPECT_EQ(line.options->executors, 3U);
  EXPECT_EQ(line.options->threads, 2U);
  EXPECT_EQ(line.options->drain_max, std::chrono::milliseconds(500));
  EXPECT_TRUE(line.options->is_quiet);
}

TEST(WorkerOptionsTest, DrainsForHalfAMinuteUnlessItBelongsToACommand) {
  EXPECT_EQ(read({"--master", "ipc:///tmp/m"}).options->drain_max, seconds(30));
  EXPECT_EQ(read({"--master", "ipc:///tmp/m", "--lifeline"}).options->drain_max, seconds(0));
  EXPECT_EQ(read({"--master", "ipc:///tmp/m", "--lifeline", "--drain", "2"}).options->drain_max, seconds(2));
}

TEST(WorkerOptionsTest, TakesTheMasterFromTheEnvironmentUnlessItIsTold) {
  ASSERT_EQ(::setenv("SHEAF_MASTER", "ipc:///tmp/from-environment", 1), 0);
  EXPECT_EQ(read({}).options->endpoint.ipc_path, "/tmp/from-environment");
  EXPECT_EQ(read({"--master", "ipc:///tmp/told"}).options->endpoint.ipc_path, "/tmp/told");
  ::unsetenv("SHEAF_MASTER");
}

TEST(WorkerOptionsTest, SaysAllThatIsWrongAtOnce) {
  const CommandLine line =
      read({"--master", "udp://x", "--workers", "0", "--threads", "many", "--drain", "soon", "--worker", "2", "extra"});
  EXPECT_FALSE(line.options);
  EXPECT_THAT(faults(line),
              ElementsAre(HasSubstr("--worker: no such option; did you mean --workers?"), HasSubstr("2: does not belong here"),
                          HasSubstr("extra: does not belong here"), HasSubstr("--master: \"udp://x\": is no endpoint"),
                          HasSubstr("--workers: \"0\" is not a number from 1"),
                          HasSubstr("--threads: \"many\" is not a number"), HasSubstr("--drain soon: ")));
  for (const Error& fault : line.faults) EXPECT_EQ(fault.code, ErrorCode::kUsage);
}

TEST(WorkerOptionsTest, RefusesTcpWithoutKeysUnlessItIsMeant) {
  const CommandLine refused = read({"--master", "tcp://127.0.0.1:7077"});
  EXPECT_THAT(faults(refused), ElementsAre(HasSubstr("--insecure")));
  const CommandLine meant = read({"--master", "tcp://127.0.0.1:7077", "--insecure"});
  ASSERT_TRUE(meant.options);
  EXPECT_TRUE(meant.options->is_insecure);
  EXPECT_FALSE(read({"--master", "ipc:///tmp/m", "--insecure"}).options->is_insecure);
}

TEST(WorkerOptionsTest, HelpsWithExamplesOnOneScreen) {
  const CommandLine line = read({"--help"});
  EXPECT_THAT(line.text, HasSubstr("--master"));
  EXPECT_THAT(line.text, HasSubstr("Examples:"));
  EXPECT_LE(std::count(line.text.begin(), line.text.end(), '\n'), 24);
  EXPECT_THAT(read({"--version"}).text, HasSubstr("sheaf-worker "));
}

}  // namespace
}  // namespace sheaf::worker
