#include "client/video_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/unit/environment.h"

namespace sheaf::client {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

struct Reading {
  VideoOptions options;
  std::vector<std::string> messages;
  std::vector<ErrorCode> codes;
};

Reading read(std::vector<std::string> arguments, std::map<std::string, std::string> variables = {}) {
  const Surroundings surroundings{cli::environment_of(std::move(variables)), "/home/user", 6};
  std::vector<Error> errors;
  Reading reading;
  reading.options = read_video_options(std::move(arguments), surroundings, errors);
  for (const Error& error : errors) {
    reading.messages.push_back(error.message());
    reading.codes.push_back(error.code);
  }
  return reading;
}

TEST(VideoOptionsTest, FillsInDefaults) {
  const Reading reading = read({"in.mp4", "-o", "/tmp/out.mp4"});
  EXPECT_THAT(reading.messages, IsEmpty());
  const VideoOptions& options = reading.options;
  EXPECT_EQ(options.request.input(), "/home/user/in.mp4");
  EXPECT_EQ(options.request.output(), "/tmp/out.mp4");
  EXPECT_EQ(options.request.codec(), "libx264");
  EXPECT_FALSE(options.request.has_crf());
  EXPECT_EQ(options.request.preset(), "");
  EXPECT_EQ(options.request.chunk_frames(), 0u);
  EXPECT_FALSE(options.request.overwrite());
  EXPECT_EQ(options.executors, 6u);
  EXPECT_EQ(options.threads, 1u);
  EXPECT_EQ(options.attempts_max, 3u);
  EXPECT_EQ(options.wait_for_master, std::chrono::seconds(5));
  EXPECT_EQ(options.priority, 0);
  EXPECT_FALSE(options.master);
  EXPECT_TRUE(options.is_stage_here());
  EXPECT_TRUE(options.are_paths_certain);
}

TEST(VideoOptionsTest, TakesEverythingThatCanBeSaid) {
  const Reading reading =
      read({"in.mp4",  "-o",     "out.mkv",    "--op", "blur:sigma=8", "--op", "gray",        "--codec",         "libx265",
            "--crf",   "18.5",   "--preset",   "fast", "--chunk",      "7",    "--master",    "tcp://host:7077", "--insecure",
            "--stage", "client", "--priority", "-100", "--attempts",   "1",    "--overwrite", "--quiet",         "--json"});
  EXPECT_THAT(reading.messages, IsEmpty());
  const VideoOptions& options = reading.options;
  ASSERT_EQ(options.request.ops_size(), 2);
  EXPECT_EQ(options.request.ops(0).name(), "blur");
  EXPECT_EQ(options.request.ops(1).name(), "gray");
  EXPECT_EQ(options.request.codec(), "libx265");
  EXPECT_EQ(options.request.crf(), 18.5);
  EXPECT_EQ(options.request.preset(), "fast");
  EXPECT_EQ(options.request.chunk_frames(), 7u);
  EXPECT_TRUE(options.request.overwrite());
  ASSERT_TRUE(options.master);
  EXPECT_EQ(options.master->address, "tcp://host:7077");
  EXPECT_TRUE(options.stage_at_client);
  EXPECT_TRUE(options.is_stage_here());
  EXPECT_EQ(options.priority, -100);
  EXPECT_EQ(options.attempts_max, 1u);
  EXPECT_TRUE(options.quiet);
  EXPECT_TRUE(options.json);
}

struct Fault {
  std::vector<std::string> arguments;  ///< Besides a good input and output.
  std::vector<std::string> messages;
};

TEST(VideoOptionsTest, NamesEachFaultWithItsPlace) {
  const std::string secure =
      "TCP without keys lets everybody in who reaches the port; use keys (`sheaf keygen`; --join FILE), an ipc:// endpoint, or "
      "add --insecure if that is meant";
  const std::vector<Fault> faults = {
      {{"--crf", "64"}, {"--crf: \"64\" is no number from 0 to 63"}},
      {{"--crf", "nan"}, {"--crf: \"nan\" is no number from 0 to 63"}},
      {{"--crf", "2 3"}, {"--crf: \"2 3\" is no number from 0 to 63"}},
      {{"--chunk", "0"}, {"--chunk: \"0\" is no whole number from 1 to 1000000"}},
      {{"--chunk", "1.5"}, {"--chunk: \"1.5\" is no whole number from 1 to 1000000"}},
      {{"--workers", "0"}, {"--workers: \"0\" is no whole number from 1 to 4096"}},
      {{"--workers", "100", "--threads", "100"}, {"--workers: times --threads is more than 4096 slots"}},
      {{"--priority", "101"}, {"--priority: \"101\" is no whole number from -100 to 100"}},
      {{"--attempts", "0"}, {"--attempts: \"0\" is no whole number from 1 to 100"}},
      {{"--codec", "x y"}, {"--codec: \"x y\" is no encoder's name; for instance libx264, libx265 or ffv1"}},
      {{"--preset", ""}, {"--preset: \"\" is no preset's name; for instance fast, medium or slow"}},
      {{"--stage", "here"}, {"--stage: \"here\" is neither master nor client"}},
      {{"--op", "blr"}, {"--op blr: there is no op 'blr'; did you mean blur?"}},
      {{"--master", "tcp://127.0.0.1:7077"}, {"--master: \"tcp://127.0.0.1:7077\": " + secure}},
      {{"--master", "ipc:///run/m", "--threads", "2"},
       {"--threads: goes with a private cluster, but there is a master (--master); give it to sheaf-worker, or leave the "
        "master out"}},
      {{"extra.mp4"}, {"extra.mp4: there is an input already (in.mp4); give one input, and -o OUTPUT"}},
      {{"--detach"}, {"--detach: is no option; see --help"}},
      {{"--overwrit"}, {"--overwrit: is no option; did you mean --overwrite?"}},
  };
  for (const Fault& fault : faults) {
    std::vector<std::string> arguments = {"in.mp4", "-o", "out.mp4"};
    arguments.insert(arguments.end(), fault.arguments.begin(), fault.arguments.end());
    const Reading reading = read(arguments);
    EXPECT_THAT(reading.messages, ElementsAreArray(fault.messages)) << fault.arguments.front();
    for (const ErrorCode code : reading.codes) EXPECT_EQ(code, ErrorCode::kUsage);
  }
}

TEST(VideoOptionsTest, ReportsAllFaultsAtOnceAndStillKnowsThatJsonIsWanted) {
  const Reading reading = read({"--json", "--op", "nothing", "--chunk", "x"});
  EXPECT_EQ(reading.messages.size(), 4u);
  EXPECT_TRUE(reading.options.json);
  EXPECT_FALSE(reading.options.are_paths_certain);
}

TEST(VideoOptionsTest, SaysOnceThatTheOutputIsMissing) {
  EXPECT_THAT(read({"in.mp4"}).messages, ElementsAre("-o: is missing; sheaf video INPUT -o OUTPUT"));
  EXPECT_THAT(read({"in.mp4", "-o"}).messages, ElementsAre("-o: needs a value"));
  EXPECT_THAT(read({"in.mp4", "-o", "--quiet"}).messages, ElementsAre("--output: needs a value"));
}

TEST(VideoOptionsTest, RefusesPathsThatItCannotName) {
  EXPECT_THAT(read({"-", "-o", "out.mp4"}).messages,
              ElementsAre("INPUT: \"-\": sheaf video reads files only; name a file (./- for one of that name)"));
  EXPECT_THAT(read({"in\xff.mp4", "-o", "out.mp4"}).messages,
              ElementsAre("INPUT: the path is not UTF-8; rename it, or reach it by a link with another name"));
  EXPECT_THAT(read({"in.mp4", "-o", std::string("out\xc0\xaf.mp4")}).messages,
              ElementsAre("-o: the path is not UTF-8; rename it, or reach it by a link with another name"));
  EXPECT_THAT(read({"f\xc3\xbcr \xf0\x9f\x8c\xbe.mp4", "-o", "out.mp4"}).messages, IsEmpty());
}

TEST(VideoOptionsTest, AMistypedOptionDoesNotMakeItsValueAnInput) {
  const Reading reading = read({"--chnk", "7", "in.mp4", "-o", "out.mp4"});
  EXPECT_THAT(reading.messages, ElementsAre("--chnk: is no option; did you mean --chunk?"));
  EXPECT_FALSE(reading.options.are_paths_certain);
}

TEST(VideoOptionsTest, ThePrivateClustersSizeInTheEnvironmentDoesNotDisturbAMaster) {
  const Reading reading = read({"in.mp4", "-o", "out.mp4", "--master", "ipc:///run/m"}, {{"SHEAF_WORKERS", "4"}});
  EXPECT_THAT(reading.messages, IsEmpty());
  EXPECT_FALSE(reading.options.is_stage_here());
  EXPECT_THAT(
      read({"in.mp4", "-o", "out.mp4", "--workers", "2"}, {{"SHEAF_MASTER", "ipc:///run/m"}}).messages,
      ElementsAre("--workers: goes with a private cluster, but there is a master (SHEAF_MASTER); give it to sheaf-worker, or "
                  "leave the master out"));
}

TEST(VideoOptionsTest, WaitsForAMasterAsLongAsItIsTold) {
  const std::vector<std::string> given = {"in.mp4", "-o", "out.mp4", "--master", "ipc:///run/m", "--wait"};
  const auto wait = [&](const std::string& text) {
    std::vector<std::string> arguments = given;
    arguments.push_back(text);
    return read(arguments);
  };
  EXPECT_EQ(wait("0").options.wait_for_master, Duration::zero());
  EXPECT_EQ(wait("2m").options.wait_for_master, std::chrono::minutes(2));
  EXPECT_EQ(wait("soon").messages.size(), 1u);
}

TEST(VideoOptionsTest, HelpFitsAScreenAndNamesEveryOption) {
  const std::string help = video_help();
  std::istringstream lines(help);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) EXPECT_LE(line.size(), 80u) << line;
  EXPECT_LE(count, 24);
  for (const char* option :
       {"-o,", "--output", "--op", "--codec", "--crf", "--preset", "--chunk", "--workers", "--threads", "--master", "--wait",
        "--stage", "--priority", "--attempts", "--insecure", "--overwrite", "--quiet", "--json", "--config"}) {
    EXPECT_NE(help.find(option), std::string::npos) << option;
  }
}

}  // namespace
}  // namespace sheaf::client
