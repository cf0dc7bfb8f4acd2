#include "worker/link/worker_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/unit/environment.h"

namespace sheaf::worker {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr std::uint32_t kCores = 6;

struct Reading {
  WorkerOptions options;
  std::vector<std::string> faults;
};

Reading read(std::vector<std::string> words, const std::map<std::string, std::string>& variables = {}) {
  Reading reading;
  std::vector<Error> errors;
  reading.options = read_worker_options(std::move(words), cli::environment_of(variables), kCores, errors);
  for (const Error& error : errors) {
    EXPECT_EQ(error.code, ErrorCode::kUsage) << error.message();
    reading.faults.push_back(error.message());
  }
  return reading;
}

TEST(WorkerOptionsTest, ReadsWhatItIsTold) {
  const Reading reading =
      read({"--master", "ipc:///tmp/m.sock", "--workers", "3", "--threads", "2", "--drain", "500ms", "--quiet"});
  EXPECT_THAT(reading.faults, IsEmpty());
  EXPECT_EQ(reading.options.endpoint.ipc_path, "/tmp/m.sock");
  EXPECT_EQ(reading.options.executors, 3U);
  EXPECT_EQ(reading.options.threads, 2U);
  EXPECT_EQ(reading.options.drain_max, std::chrono::milliseconds(500));
  EXPECT_TRUE(reading.options.is_quiet);
}

TEST(WorkerOptionsTest, HasOneExecutorACoreOfOneSlotEach) {
  const Reading reading = read({"--master", "ipc:///tmp/m"});
  EXPECT_EQ(reading.options.executors, kCores);
  EXPECT_EQ(reading.options.threads, 1U);
}

TEST(WorkerOptionsTest, DrainsForHalfAMinuteUnlessItBelongsToACommand) {
  EXPECT_EQ(read({"--master", "ipc:///tmp/m"}).options.drain_max, seconds(30));
  EXPECT_EQ(read({"--master", "ipc:///tmp/m", "--lifeline"}).options.drain_max, seconds(0));
  EXPECT_EQ(read({"--master", "ipc:///tmp/m", "--lifeline", "--drain", "2"}).options.drain_max, seconds(2));
}

TEST(WorkerOptionsTest, TakesFromTheEnvironmentWhatItIsNotTold) {
  const std::map<std::string, std::string> variables = {
      {"SHEAF_MASTER", "ipc:///tmp/there"}, {"SHEAF_DRAIN", "4s"}, {"SHEAF_EXECUTOR", "/bin/false"}, {"SHEAF_LIFELINE", "1"}};
  const Reading reading = read({"--drain", "2s"}, variables);
  EXPECT_EQ(reading.options.endpoint.ipc_path, "/tmp/there");
  EXPECT_EQ(reading.options.drain_max, seconds(2));
  // What sheaf's programs say to each other is no user's setting.
  EXPECT_EQ(reading.options.executor_program, "");
  EXPECT_FALSE(reading.options.has_lifeline);
}

TEST(WorkerOptionsTest, DoesTheKindsThatItIsToldAndElseAll) {
  EXPECT_THAT(read({}).options.kinds, IsEmpty());
  EXPECT_THAT(read({"--kind", "video"}).options.kinds, ElementsAre("video"));
  EXPECT_THAT(read({"--kind", "video", "--kind", "knitting"}).faults, ElementsAre("--kind: there is no kind \"knitting\""));
}

TEST(WorkerOptionsTest, SaysAllThatIsWrongAtOnce) {
  EXPECT_THAT(
      read({"--master", "udp://x", "--workers", "0", "--threads", "many", "--drain", "soon", "--worker", "2"}).faults,
      ElementsAre("--worker: is no option; did you mean --workers?", StartsWith("--master: \"udp://x\" is no endpoint; "),
                  "--workers: \"0\" is no whole number from 1 to 4096", "--threads: \"many\" is no whole number from 1 to 4096",
                  StartsWith("--drain: ")));
  EXPECT_THAT(read({"--master", "ipc:///tmp/m", "extra", "--workers", "100", "--threads", "100"}).faults,
              ElementsAre("extra: does not belong here; see sheaf-worker --help",
                          "--workers: times --threads is more than 4096 slots; start several workers"));
}

TEST(WorkerOptionsTest, RefusesTcpWithoutKeysUnlessItIsMeant) {
  EXPECT_THAT(read({"--master", "tcp://127.0.0.1:7077"}).faults, ElementsAre(HasSubstr("--insecure")));
  const Reading meant = read({"--master", "tcp://127.0.0.1:7077", "--insecure"});
  EXPECT_THAT(meant.faults, IsEmpty());
  EXPECT_TRUE(meant.options.is_insecure);
  EXPECT_FALSE(read({"--master", "ipc:///tmp/m", "--insecure"}).options.is_insecure);
}

TEST(WorkerOptionsTest, HelpAndVersionAreAskedFor) {
  EXPECT_TRUE(read({"--help"}).options.help);
  EXPECT_TRUE(read({"-V"}).options.version);
}

}  // namespace
}  // namespace sheaf::worker
